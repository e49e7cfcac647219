//! Settings: whatever they hold, they are taken or refused, and a refusal never repeats a value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portal_backup_worker::config::Settings;

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
        let get = |name: &str| {
            let at = NAMES.iter().position(|known| *known == name)?;
            values.get(at).map(|value| format!("{value}{mark}"))
        };
        if let Err(refusal) = Settings::parse(&["DB".to_owned()], get) {
            assert!(NAMES.contains(&refusal.name));
            assert!(input.contains(MARK) || !refusal.wrong.contains(MARK), "{refusal:?}");
        }
    }
});
