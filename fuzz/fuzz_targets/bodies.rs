//! Request bodies and import records: no input panics, and a share that is taken is taken exactly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portal_backup_worker::domain::body::{self, CustodianBackup, Registration, UserBackup};
use portal_backup_worker::domain::bulk::Record;
use portal_backup_worker::domain::names::check_name;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    if let Ok(backup) = CustodianBackup::parse(body) {
        assert!(check_name(backup.client_id.as_str()).is_ok() && check_name(backup.backup_method.as_str()).is_ok());
        let share = backup.share.expose_secret();
        assert!(!share.is_empty());
        match serde_json::from_slice::<Value>(body).expect("it was read as JSON").get("share") {
            Some(Value::String(text)) => assert_eq!(share, text, "a string comes through as it is"),
            Some(Value::Object(_)) => {
                let source = std::str::from_utf8(body).expect("it was read as UTF-8");
                assert!(source.contains(share), "an object comes through as its source text");
            }
            other => panic!("a share out of {other:?}"),
        }
    }
    if let Ok(backup) = UserBackup::parse(body) {
        assert!(!backup.cipher_text.expose_secret().is_empty());
        assert!(check_name(backup.backup_method.as_str()).is_ok());
    }
    let _ = body::parse_fetch(body);
    let _ = body::parse_restore(body);
    let _ = Registration::parse(body);
    let _ = Record::parse(body);
    if let Ok(Some(number)) = body::parse_number(body, "minutes", 1..=60, "be from 1 to 60") {
        assert!((1..=60).contains(&number));
    }
});
