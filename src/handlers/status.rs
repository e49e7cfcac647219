//! What `GET /admin/status` shows.

use crate::domain::json::{Writer, array, elements, quoted};
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
    pub users: u64,
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
    pub bytes: u64,
    /// The oldest.
    pub schema: Option<u32>,
    /// The homes, as JSON; empty of a single database.
    pub homes: Option<String>,
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
            users: found.users,
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
            bytes,
            schema: found.schema_version,
            homes: None,
        }
    }

    /// Adds another home's.
    pub fn add(&mut self, other: Self) {
        self.shares += other.shares;
        self.users += other.users;
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
        self.bytes += other.bytes;
        self.schema = match (self.schema, other.schema) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    pub fn to_json(self, vault: &Vault) -> Writer {
        let Keys { mut known, unknown } = Keys::of(vault, self.keys);
        let unknown_keys = array(unknown.iter().map(|key| quoted(&key.id)));
        known.extend(unknown);
        let others = known.iter().filter(|key| key.id != vault.current_key_id());
        let left = Writer::default()
            .number("rewrap", others.map(|key| key.shares).sum())
            .number("scrub", self.left)
            .number("purges", self.purges_due);
        let wrong_keys = array(self.wrong_keys.iter().map(|id| quoted(id)));
        let at = self.scrub_at_ms.map(format_date);
        let scrubbed = Writer::default()
            .optional("at", at.as_deref())
            .number("checked", self.checked)
            .number("failed", self.failed);
        let schema = number_or_null(self.schema.map(u64::from));
        let status = Writer::default()
            .text("version", release::VERSION)
            .number("shares", self.shares)
            .number("users", self.users)
            .raw("keys", &to_json(&known))
            .raw("unknownKeys", &unknown_keys)
            .raw("wrongKeys", &wrong_keys)
            .raw("scrub", &scrubbed.end())
            .number("halfFinished", self.half_finished)
            .raw("purges", &array(self.purges))
            .raw("left", &left.end())
            .number("databaseBytes", self.bytes)
            .raw("schema", &schema);
        match &self.homes {
            Some(homes) => status.raw("homes", homes),
            None => status,
        }
    }
}

pub fn number_or_null(number: Option<u64>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}
