//! Settings: whatever they hold, they are taken or refused, and a refusal never repeats a value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portal_backup_worker::config::Settings;
use portal_backup_worker::domain::bindings::Texts;

const NAMES: [&str; 20] = [
    "WEBHOOK_SECRET",
    "SHARE_ENCRYPTION_KEYS",
    "WEBHOOK_SECRET_PREVIOUS",
    "ADMIN_TOKEN",
    "ADMIN_TOKEN_PREVIOUS",
    "PORTAL_API_KEY",
    "CLIENT_AUTH",
    "JWT_JWKS_URL",
    "JWT_ISSUER",
    "JWT_AUDIENCE",
    "JWT_USER_CLAIM",
    "PORTAL_API_URL",
    "PORTAL_IP_ALLOWLIST",
    "CORS_ALLOWED_ORIGINS",
    "UNKNOWN_CLIENTS",
    "FETCH_SUPERSEDED",
    "HISTORY_RETENTION_DAYS",
    "AUDIT_RETENTION_DAYS",
    "ACCESS_TEAM_DOMAIN",
    "ACCESS_AUD",
];

/// Stands in no message of ours, so that where it turns up, a value was repeated.
const MARK: &str = "\u{1f512}";

fuzz_target!(|input: &str| {
    let values: Vec<&str> = input.lines().collect();
    for mark in ["", MARK] {
        let values: Vec<String> = values.iter().map(|value| format!("{value}{mark}")).collect();
        let named = NAMES.into_iter().zip(values.iter().map(String::as_str));
        let all: Vec<_> = named.chain([("DB", "")]).collect();
        if let Err(refusal) = Settings::parse(&Texts::from(all.as_slice())) {
            assert!(NAMES.contains(&refusal.name));
            assert!(input.contains(MARK) || !refusal.wrong.contains(MARK), "{refusal:?}");
        }
    }
});
