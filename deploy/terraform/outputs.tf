output "database_id" {
  description = "The id of the D1 database: database_id in wrangler.toml."
  value       = cloudflare_d1_database.shares.id
}

output "bucket" {
  description = "The bucket of the second copy: bucket_name in wrangler.toml."
  value       = one(cloudflare_r2_bucket.copy[*].name)
}

output "access_audience" {
  description = "ACCESS_AUD in wrangler.toml."
  value       = one(cloudflare_zero_trust_access_application.operators[*].aud)
}

output "webhook_base_url" {
  description = "The base URL for Portal's dashboard."
  value       = "https://${var.domain}/webhook"
}
