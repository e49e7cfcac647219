//! What `GET /admin/status` shows.

use crate::domain::json::{Writer, array, elements, texts};
use crate::error::Result;
use crate::handlers::admin::{Keys, to_json};
use crate::maintenance::{Scrub, wrong_keys};
use crate::platform::format_date;
use crate::release;
use crate::store::Database;
use crate::store::status::{self as store, KeyUse, add_up};
use crate::vault::Vault;

/// Of one database, or of all together.
#[derive(Default)]
pub struct Status {
    pub shares: u64,
    /// Of all homes, as each answers now or the background saw it last; None: of some nothing is known.
    pub users: Option<u64>,
    keys: Vec<KeyUse>,
    wrong_keys: Vec<String>,
    half_finished: u64,
    /// The purges that wait, as elements of a JSON array.
    purges: Vec<String>,
    /// Of the scrub that was the longest ago.
    scrub_at_ms: Option<u64>,
    checked: u64,
    failed: u64,
    /// Rows that the scrub's walk has not looked at yet.
    left: u64,
    /// The purges whose time has come.
    purges_due: u64,
    /// As `users`.
    pub bytes: Option<u64>,
    /// The oldest.
    pub schema: Option<u32>,
    /// The homes, as JSON; empty of a single database.
    pub homes: Option<String>,
    /// Not every home has answered: what is added up is not all.
    pub is_partial: bool,
}

impl Status {
    /// Of one database.
    pub async fn read(db: &Database, vault: &Vault) -> Result<Self> {
        let found = store::status(db).await?;
        let wrong_keys = wrong_keys(db, vault, &found.canaries).await?;
        Ok(Self::of(found, wrong_keys, db.bytes()))
    }

    fn of(found: store::Status, wrong_keys: Vec<String>, bytes: u64) -> Self {
        let scrub = Scrub::of(found.scrub_note);
        Self {
            shares: found.shares,
            users: Some(found.users),
            wrong_keys,
            half_finished: found.half_finished.unwrap_or_else(|| scrub.half_finished()),
            purges: elements(&found.purges)
                .unwrap_or_default()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            scrub_at_ms: Some(scrub.at_ms).filter(|at_ms| *at_ms > 0),
            checked: scrub.checked(),
            failed: scrub.failed(),
            left: scrub.left(found.keys.iter().map(|key| key.shares).sum()),
            purges_due: found.purges_due,
            keys: found.keys,
            bytes: Some(bytes),
            schema: found.schema_version,
            homes: None,
            is_partial: false,
        }
    }

    /// Adds another home's. Its users and bytes are added by whoever knows what the background saw of the others.
    pub fn add(&mut self, other: Self) {
        self.shares += other.shares;
        add_up(&mut self.keys, other.keys);
        for key in other.wrong_keys {
            if !self.wrong_keys.contains(&key) {
                self.wrong_keys.push(key);
            }
        }
        self.half_finished += other.half_finished;
        self.purges.extend(other.purges);
        self.scrub_at_ms = match (self.scrub_at_ms, other.scrub_at_ms) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.checked += other.checked;
        self.failed += other.failed;
        self.left += other.left;
        self.purges_due += other.purges_due;
        self.schema = match (self.schema, other.schema) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    pub fn to_json(self, vault: &Vault) -> Writer {
        // A part of a sum looks like all of it: who rotates a key must not read 0 while a home is down.
        let is_whole = !self.is_partial;
        let sum = |number: u64| is_whole.then_some(number);
        let Keys { mut known, unknown } = Keys::of(vault, self.keys);
        let unknown_keys = texts(unknown.iter().map(|key| key.id.as_str()));
        known.extend(unknown);
        let others = known.iter().filter(|key| key.id != vault.current_key_id());
        let left = Writer::default()
            .optional_number("rewrap", sum(others.map(|key| key.shares).sum()))
            .optional_number("scrub", sum(self.left))
            .optional_number("purges", sum(self.purges_due));
        let wrong_keys = texts(self.wrong_keys.iter().map(String::as_str));
        let at = self.scrub_at_ms.filter(|_| is_whole).map(format_date);
        let scrubbed = Writer::default()
            .optional("at", at.as_deref())
            .optional_number("checked", sum(self.checked))
            .optional_number("failed", sum(self.failed));
        let schema = self.schema.filter(|_| is_whole).map(u64::from);
        let keys = match is_whole {
            true => to_json(&known),
            false => "null".to_owned(),
        };
        Writer::default()
            .text("version", release::VERSION)
            .optional_number("shares", sum(self.shares))
            .optional_number("users", self.users)
            .raw("keys", &keys)
            .raw("unknownKeys", &unknown_keys)
            .raw("wrongKeys", &wrong_keys)
            .raw("scrub", &scrubbed.end())
            .optional_number("halfFinished", sum(self.half_finished))
            .raw("purges", &array(self.purges))
            .raw("left", &left.end())
            .optional_number("databaseBytes", self.bytes)
            .optional_number("schema", schema)
            .given_raw("homes", self.homes)
    }
}
