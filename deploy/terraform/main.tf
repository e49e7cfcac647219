# All that a Worker of portal-backup-worker needs in a Cloudflare account, and the Worker itself out of a release package.
# No secret is here, nor in Terraform's state: `npm run deploy` takes them from the environment and uploads them.

resource "cloudflare_d1_database" "shares" {
  account_id            = var.account_id
  name                  = var.name
  jurisdiction          = var.jurisdiction
  primary_location_hint = var.jurisdiction == null ? var.location : null

  # The shares in it exist nowhere else.
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [primary_location_hint, jurisdiction, read_replication]
  }
}

resource "cloudflare_r2_bucket" "copy" {
  count = var.second_copy ? 1 : 0

  account_id   = var.account_id
  name         = "${var.name}-copy"
  jurisdiction = coalesce(var.jurisdiction, "default")
  location     = var.jurisdiction == null ? var.location : null

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [location]
  }
}

# Not even the Worker can delete what is young: docs/second-copy.md.
resource "cloudflare_r2_bucket_lock" "copy" {
  count = var.second_copy ? 1 : 0

  account_id   = var.account_id
  bucket_name  = cloudflare_r2_bucket.copy[0].name
  jurisdiction = coalesce(var.jurisdiction, "default")
  rules = [{
    id      = "keep"
    enabled = true
    prefix  = "c1/"
    condition = {
      type            = "Age"
      max_age_seconds = 30 * 24 * 60 * 60
    }
  }]
}

# Operators have a domain of their own, all of it behind Access: Portal and the apps cannot log in there (SECURITY.md).
resource "cloudflare_zero_trust_access_policy" "operators" {
  count = var.operators == null ? 0 : 1

  account_id = var.account_id
  name       = "${var.name} operators"
  decision   = "allow"
  include    = [for email in var.operators.emails : { email = { email = email } }]
}

resource "cloudflare_zero_trust_access_application" "operators" {
  count = var.operators == null ? 0 : 1

  account_id                 = var.account_id
  name                       = "${var.name} operators"
  type                       = "self_hosted"
  domain                     = var.operators.domain
  session_duration           = "8h"
  http_only_cookie_attribute = true
  same_site_cookie_attribute = "strict"
  policies = [{
    id         = cloudflare_zero_trust_access_policy.operators[0].id
    precedence = 1
  }]
}

locals {
  package = var.release == null ? null : abspath(var.release)

  deploy = concat(
    ["npm", "run", "deploy", "--", "--env", var.environment, "--existing-database", "--domain", var.domain, "--no-doctor"],
    var.jurisdiction == null ? [] : ["--jurisdiction", var.jurisdiction],
    var.take_over_domain ? ["--take-over-domain"] : [],
    var.second_copy ? ["--copy"] : [],
    var.operators == null ? [] : [
      "--operators-domain", var.operators.domain,
      "--var", "ACCESS_TEAM_DOMAIN=${var.operators.team_domain}",
      "--var", "ACCESS_AUD=${cloudflare_zero_trust_access_application.operators[0].aud}",
      "--var", "ACCESS_ROLES=${var.operators.roles}",
    ],
  )
}

# Deploys the package as its own command does: migrations before the Worker, secrets never replaced. It finds the database and
# the bucket by their names, and writes what it found into the package's wrangler.toml: keep that folder in a repository.
resource "terraform_data" "worker" {
  count = var.release == null ? 0 : 1

  triggers_replace = [
    local.deploy,
    cloudflare_d1_database.shares.id,
    filesha256("${local.package}/release.json"),
    filesha256("${local.package}/build/index_bg.wasm"),
  ]

  provisioner "local-exec" {
    working_dir = local.package
    command     = "npm ci --no-audit --no-fund && ${join(" ", [for word in local.deploy : "'${replace(word, "'", "'\\''")}'"])}"
    environment = {
      CLOUDFLARE_ACCOUNT_ID = var.account_id
    }
  }

  depends_on = [cloudflare_r2_bucket.copy]

  lifecycle {
    precondition {
      condition     = fileexists("${local.package}/release.json")
      error_message = "`release` is no unpacked release package: it has no release.json."
    }
  }
}
