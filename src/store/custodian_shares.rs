//! `custodian_backup_shares`: what Portal's webhook stores and fetches.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use super::audit::Trail;
use super::canaries::{self, Same};
use super::changes::Whose;
use super::rows::stored_method;
use super::sql::sql;
use super::{Change, Database, Rows, Statement};
use crate::config::UnknownClients;
use crate::domain::body::CustodianBackup;
use crate::domain::names::ClientId;
use crate::domain::recovery::{Entry, FetchSuperseded, superseded_to_add};
use crate::domain::sealing::Place;
use crate::error::Result;
use crate::vault::{Sealed, Vault};

/// Comes first, and decides: the other statements follow it.
const STORE_EVENT: &str = sql!("custodian_store_event");

/// What was of no use in the request stands in its event.
const NOTE_LEFT_OUT: &str = "UPDATE audit_events SET reason = ?2 WHERE id = ?1";

/// A client whose id is some user's id already keeps to itself: its webhook stays unknown.
const REGISTER: &str = sql!("webhook_register");
/// Comes right behind [`REGISTER`].
const COUNT_REGISTRATION: &str = sql!("webhook_count_registration");

/// Stores a custodian share: one transaction that keeps what it replaces. The very same share again changes nothing.
pub async fn store(
    db: &Database,
    trail: &Trail,
    unknown_clients: UnknownClients,
    backup: &CustodianBackup,
    sealed: &Sealed,
    vault: &Vault,
) -> Result<()> {
    let most_a_day = match unknown_clients {
        UnknownClients::Reject => None,
        UnknownClients::Register { most_a_day } => Some(most_a_day),
    };
    let method = &backup.backup_method;
    let pair_id = backup.backup_share_pair_id.as_ref().map(|id| id.as_str());
    let whose = Whose::Client(backup.client_id.as_str());
    let first = trail.event_id.as_str();
    let same = Same {
        vault,
        place: Place::custodian(&backup.client_id, method.as_str()),
        read: sql!("custodian_same"),
    };
    canaries::store(db, trail, sealed, &whose, same, &|trail| {
        let [from, to] = trail.later();
        let event = trail
            .statement(STORE_EVENT)
            .text(backup.client_id.as_str())
            .text(method.as_str())
            .text(&sealed.key_id)
            .text(&sealed.canary.check)
            .text(&sealed.digests)
            .optional(pair_id)
            .text(&from)
            .text(&to)
            .number(most_a_day.is_some().into());
        let store = Statement::new(sql!("custodian_store"))
            .text(&trail.event_id)
            .text(backup.client_id.as_str())
            .text(method.as_str())
            .optional(pair_id)
            .sealed(sealed)
            .text(&sealed.digests);
        let mut change = Change::new(&trail.event_id);
        // Who begins anew was registered, or has no claim for it any more (`homes::registering`).
        if let Some(most_a_day) = most_a_day.filter(|_| trail.event_id == first) {
            let register = Statement::new(REGISTER).text(backup.client_id.as_str());
            change = change
                .then(register.number(most_a_day.into()))
                .then(Statement::new(COUNT_REGISTRATION));
        }
        change = change.event(event).then(store);
        if backup.left_out.is_empty() {
            return change;
        }
        let note = Statement::new(NOTE_LEFT_OUT)
            .text(&trail.event_id)
            .text(&format!("left out: {}", backup.left_out.join(", ")));
        change.then(note)
    })
    .await
    .map(drop)
}

#[wasm_bindgen]
extern "C" {
    /// A row of a fetch: a current or superseded custodian share, or a user share's entry without its share.
    type Row;
    #[wasm_bindgen(method, getter)]
    fn part(this: &Row) -> u32;
    #[wasm_bindgen(method, getter)]
    fn backup_method(this: &Row) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn backup_share_pair_id(this: &Row) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn stored_at(this: &Row) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn earlier(this: &Row) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn key_id(this: &Row) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn sealed_share(this: &Row) -> JsString;
}

/// A sealed custodian share, as it is stored.
pub struct SealedShare {
    pub key_id: String,
    pub envelope: JsString,
}

/// All that a recovery of one client may need.
#[derive(Default)]
pub struct Fetched {
    pub current: Vec<Entry>,
    pub current_shares: Vec<SealedShare>,
    pub user: Vec<Entry>,
    /// The newest, if the policy adds them; then those that may be mates of a user share.
    pub superseded: Vec<Entry>,
    /// How many of them are added in any case.
    pub always_added: usize,
    pub superseded_shares: Vec<SealedShare>,
}

impl Fetched {
    /// Which superseded shares go with the current ones, by index.
    pub fn added(&self) -> Vec<usize> {
        superseded_to_add(
            &self.current,
            &self.user,
            &self.superseded,
            self.always_added,
        )
    }
}

const PART_CURRENT: u32 = 1;
const PART_USER: u32 = 2;
const PART_ALWAYS: u32 = 3;

/// So many superseded shares are given where the policy adds them always.
const ALWAYS_ADDED: u64 = 500;

/// The statement that reads all that a recovery of the client may need; [`read`] reads its rows.
pub fn fetch_statement(policy: FetchSuperseded, client_id: &str) -> Statement {
    let newest = match policy {
        FetchSuperseded::Never => {
            return Statement::new(sql!("custodian_fetch")).text(client_id);
        }
        FetchSuperseded::HalfFinished => 0,
        FetchSuperseded::Always => ALWAYS_ADDED,
    };
    Statement::new(sql!("custodian_fetch_with_superseded"))
        .text(client_id)
        .number(newest)
}

/// All shares of a client, for Portal.
pub async fn fetch(
    db: &Database,
    trail: &Trail,
    policy: FetchSuperseded,
    client_id: &ClientId,
) -> Result<Fetched> {
    let client_id = client_id.as_str();
    let shares = fetch_statement(policy, client_id);
    let event = trail
        .statement(sql!("custodian_fetch_event"))
        .text(client_id);
    read(&db.recover(trail, client_id, shares, event).await?)
}

/// Reads the rows of [`fetch_statement`].
pub fn read(rows: &Rows) -> Result<Fetched> {
    let mut fetched = Fetched::default();
    for row in rows.typed::<Row>() {
        let part = row.part();
        let entry = Entry {
            backup_method: stored_method(row.backup_method().unwrap_or_default())?,
            backup_share_pair_id: row.backup_share_pair_id(),
            stored_at: row.stored_at().unwrap_or_default(),
            earlier: row.earlier(),
        };
        if part == PART_USER {
            fetched.user.push(entry);
            continue;
        }
        let share = SealedShare {
            key_id: row.key_id().unwrap_or_default(),
            envelope: row.sealed_share(),
        };
        if part == PART_CURRENT {
            fetched.current.push(entry);
            fetched.current_shares.push(share);
        } else {
            fetched.always_added += usize::from(part == PART_ALWAYS);
            fetched.superseded.push(entry);
            fetched.superseded_shares.push(share);
        }
    }
    Ok(fetched)
}
