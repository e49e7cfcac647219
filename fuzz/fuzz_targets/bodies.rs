//! Request bodies and import records: no input panics, and a share that is taken is taken exactly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portal_backup_worker::domain::body::{self, CustodianBackup, Registration, UserBackup};
use portal_backup_worker::domain::bulk::Record;
use portal_backup_worker::domain::names::check_name;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

fuzz_target!(|body: &[u8]| {
    if let Ok(backup) = CustodianBackup::parse(body) {
        assert!(check_name(backup.client_id.as_str()).is_ok() && check_name(backup.backup_method.as_str()).is_ok());
        let share = backup.share.expose_secret();
        assert!(!share.is_empty());
        // serde_json reads it too; only the share's own value is looked into, for of the others anything may be out of range.
        let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(body).expect("it was read as JSON");
        match fields["share"].get() {
            text if text.starts_with('"') => assert_eq!(share, serde_json::from_str::<String>(text).expect("a string")),
            object => assert_eq!(share, object, "an object comes through as its source text"),
        }
    }
    if let Ok(backup) = UserBackup::parse(body) {
        assert!(!backup.cipher_text.expose_secret().is_empty());
        assert!(check_name(backup.backup_method.as_str()).is_ok());
    }
    let _ = body::parse_fetch(body);
    let _ = body::parse_restore(body);
    let _ = Registration::parse(body);
    let _ = Record::parse(body, "2027-01-01T00:00:00.000Z");
    if let Ok(Some(number)) = body::parse_number(body, "minutes", 1..=60, "be from 1 to 60") {
        assert!((1..=60).contains(&number));
    }
});
