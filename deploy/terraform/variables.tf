variable "account_id" {
  description = "The Cloudflare account."
  type        = string
}

variable "name" {
  description = "The database's name: database_name of the environment in wrangler.toml (of staging: portal-backup-staging). The bucket of the second copy has this name and -copy."
  type        = string
  default     = "portal-backup"
}

variable "environment" {
  description = "The environment of wrangler.toml that is deployed."
  type        = string
  default     = "production"
}

variable "location" {
  description = "Where the database and the bucket are, if no jurisdiction says: wnam, enam, weur, eeur, apac, oc. It cannot be changed later."
  type        = string
  default     = "weur"
}

variable "jurisdiction" {
  description = "Keeps the database and the bucket within eu or fedramp. It cannot be changed later."
  type        = string
  default     = null
}

variable "domain" {
  description = "The custom domain that Portal and the apps call. Its zone is in the account."
  type        = string
}

variable "take_over_domain" {
  description = "Whether the Worker takes a domain that answers in DNS already from the record or the Worker that has it."
  type        = bool
  default     = false
}

variable "second_copy" {
  description = "Whether every share is kept in a bucket of R2 too."
  type        = bool
  default     = true
}

variable "operators" {
  description = "Operators behind Cloudflare Access; null: only ADMIN_TOKEN lets operators in. `team_domain` is the account's, such as example.cloudflareaccess.com; `emails` are let in; `roles` is ACCESS_ROLES, such as \"admin=ann@example.com\": whom no entry fits is a viewer."
  type = object({
    domain      = string
    team_domain = string
    emails      = list(string)
    roles       = string
  })
  default = null
}

variable "release" {
  description = "The folder of the unpacked release package, in which wrangler.toml is yours; null: Terraform makes what the Worker needs, and you deploy."
  type        = string
  default     = null
}
