//! Rows of the database are looked up in the second copy: the proof that goes on by itself.

use super::objects::names;
use super::target::Target;
use crate::domain::journal::{Name, What, prefix_of_user};
use crate::error::Result;
use crate::log::{self, Field, Level};
use crate::store::maintenance::SealedRow;
use crate::store::{Database, Row, changes};
use crate::vault::Vault;

/// What looking up rows of the database in its copy has found.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sampled {
    pub checked: u64,
    pub missing: u64,
    pub unopened: u64,
}

impl Sampled {
    /// As the database notes it: the numbers in their order.
    pub fn of(note: Option<&str>) -> Self {
        let mut numbers = note
            .unwrap_or_default()
            .split(' ')
            .map(|number| number.parse().unwrap_or_default());
        let mut next = || numbers.next().unwrap_or_default();
        Self {
            checked: next(),
            missing: next(),
            unopened: next(),
        }
    }

    /// Of two homes together.
    pub fn and(self, other: Self) -> Self {
        Self {
            checked: self.checked + other.checked,
            missing: self.missing + other.missing,
            unopened: self.unopened + other.unopened,
        }
    }

    pub fn to_note(self) -> String {
        format!("{} {} {}", self.checked, self.missing, self.unopened)
    }
}

/// Looks a row up in the copy, and opens what is there.
pub async fn sample(
    db: &Database,
    target: &Target,
    vault: &Vault,
    row: &SealedRow,
    sampled: &mut Sampled,
) -> Result<()> {
    let prefix = prefix_of_user(target.home, &row.user_id);
    let is_share = |name: &str| {
        Name::parse(name).is_some_and(|name| matches!(name.what, What::Share | What::Version))
    };
    let listed = names(target, &prefix, "").await?.listed;
    let of_version: Vec<&str> = listed
        .iter()
        .filter(|listed| listed.version == row.id && is_share(&listed.name))
        .map(|listed| listed.name.as_str())
        .collect();
    let objects = target.bucket.get_all(&of_version).await?;
    // An import may give a custodian share and a cipher text one id.
    let newest = objects
        .into_iter()
        .rev()
        .filter(wasm_bindgen::JsValue::is_object)
        .map(Row::of)
        .find(|object| row.is_told_by(object));
    sampled.checked += 1;
    let Some(object) = newest else {
        if !changes::waits(db, &row.user_id, &row.id).await? {
            sampled.missing += 1;
            log_sampled("a copied share is missing", row);
        }
        return Ok(());
    };
    let opens = match object.string("sealedShare") {
        Some(envelope) => {
            let key_id = object.text("keyId");
            vault.opens(row.place(), &key_id, &envelope).await
        }
        None => false,
    };
    if !opens {
        sampled.unopened += 1;
        log_sampled("a copied share does not open", row);
    }
    Ok(())
}

fn log_sampled(message: &'static str, row: &SealedRow) {
    log::event(
        Level::Error,
        message,
        &[
            ("version", Field::Text(&row.id)),
            ("userId", Field::Text(&row.user_id)),
            ("backupMethod", Field::Text(&row.backup_method)),
        ],
    );
}
