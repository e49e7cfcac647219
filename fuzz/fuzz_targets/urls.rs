//! Paths and queries: decoded once, and a name that passes is the same name whatever its spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portal_backup_worker::domain::names::{MAX_NAME_CHARS, UserId};
use portal_backup_worker::domain::url;

fuzz_target!(|input: &str| {
    let (path, query) = url::split(input);
    for segment in path.split('/') {
        if let Some(text) = url::decode_segment(segment) {
            if let Ok(id) = UserId::parse(text.clone()) {
                assert_eq!(id.as_str(), text);
                assert!(text.chars().count() <= MAX_NAME_CHARS && !text.chars().any(char::is_control));
            }
            // Every character spelled as %XX means the same text: there is one meaning, not one per spelling.
            let spelled: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            assert_eq!(url::decode_segment(&spelled).as_deref(), Some(text.as_str()));
        }
    }
    for name in ["backupMethod", "cursor", "limit", "since", "clientId"] {
        let _ = url::query_value(query, name);
    }
});
