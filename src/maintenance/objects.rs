//! The objects of a copy: whole users, page by page, and what an object tells.

use wasm_bindgen::JsValue;

use super::target::Target;
use crate::domain::journal::{self, Entry, Name, What};
use crate::error::Result;
use crate::platform::bucket::Listed;
use crate::store::{Row, changes};

/// A page ends with the user that takes it over so many objects.
const OBJECTS_PER_PAGE: usize = 400;
pub const OBJECTS_PER_READ: usize = 100;
pub const NAMES_PER_LIST: u32 = 1_000;

/// A page of names.
pub struct Names {
    /// Of whole users.
    pub listed: Vec<Listed>,
    /// Names that are no entries'.
    pub others: Vec<String>,
    /// None: it was the last page.
    pub cursor: Option<String>,
}

/// The next names of whole users behind the cursor.
pub async fn names(source: &Target, prefix: &str, cursor: &str) -> Result<Names> {
    let mut others = Vec::new();
    let mut names: Vec<Listed> = Vec::new();
    let mut after = cursor.to_owned();
    loop {
        let (listed, more) = source.bucket.list(prefix, &after, NAMES_PER_LIST).await?;
        let last = listed.last().map(|listed| listed.name.clone());
        let (entries, no_entries): (Vec<_>, Vec<_>) = listed
            .into_iter()
            .partition(|listed| Name::parse(&listed.name).is_some());
        others.extend(no_entries.into_iter().map(|listed| listed.name));
        names.extend(entries);
        // Of the last user there may be more behind the page.
        if more {
            let whole = names.len()
                - names
                    .iter()
                    .rev()
                    .take_while(|n| same_user(n, names.last()))
                    .count();
            if whole == 0 {
                after = last.unwrap_or(after);
                continue;
            }
            names.truncate(whole);
        }
        let mut end = names.len();
        if end > OBJECTS_PER_PAGE {
            let user = names.get(OBJECTS_PER_PAGE - 1);
            let rest = names
                .iter()
                .skip(OBJECTS_PER_PAGE)
                .take_while(|n| same_user(n, user))
                .count();
            end = OBJECTS_PER_PAGE + rest;
        }
        let more = more || end < names.len();
        names.truncate(end);
        let cursor = names
            .last()
            .filter(|_| more)
            .map(|listed| listed.name.clone());
        return Ok(Names {
            listed: names,
            others,
            cursor,
        });
    }
}

pub fn same_user(one: &Listed, other: Option<&Listed>) -> bool {
    let user = |listed: &Listed| Name::parse(&listed.name).map(|name| name.user.to_owned());
    other.is_some_and(|other| user(one) == user(other))
}

/// The entry and the user that an object tells of. None: it is not the object of this name.
pub fn told(name: &str, home: u32, object: &JsValue) -> Option<(Entry, String)> {
    let row = Row::of(object.is_object().then(|| object.clone())?);
    let what = What::parse(&row.text("what"))?;
    let user_id = row.text("userId");
    if journal::name(home, &user_id, changes::place(&row), what) != name {
        return None;
    }
    let displaced = row.optional("displaced").zip(row.optional("displacedAt"));
    let entry = Entry {
        what,
        at: row.text("at"),
        kind: row.optional("kind"),
        backup_method: row.text("backupMethod"),
        id: row.text("id"),
        client_id: row.text("clientId"),
        stored_at: row.text("storedAt"),
        displaced,
        superseded_at: row.optional("supersededAt"),
        reason: row.optional("reason"),
        imported_at: row.optional("importedAt"),
        deleted_at: row.optional("deletedAt"),
        epoch: row.number("epoch"),
        has_left: row.flag("hasLeft"),
    };
    Some((entry, user_id))
}
