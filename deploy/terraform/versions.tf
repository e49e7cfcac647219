terraform {
  required_version = ">= 1.6"

  required_providers {
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 5.21"
    }
  }
}

# The token comes from CLOUDFLARE_API_TOKEN: D1, R2, Workers Scripts, and Access: Apps and Policies, each to edit.
provider "cloudflare" {}
