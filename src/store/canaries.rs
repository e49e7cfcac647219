//! Keeping the canaries of the keys, and what a store does with its key's.

use super::audit::Trail;
use super::changes::Whose;
use super::outcome::{Stored, overtaken};
use super::{Change, Database, Statement, now};
use crate::error::Result;
use crate::vault::Sealed;

macro_rules! insert_canary {
    () => {
        concat!(
            "INSERT INTO key_canaries (key_id, sealed_canary, key_check, created_at) SELECT ?1, ?2, ?3, ",
            now!()
        )
    };
}

/// Keeps the canary of a key that has none yet, and its check; the first one stays.
pub async fn keep_canary(db: &Database, canary: &Sealed) -> Result<()> {
    const SQL: &str = concat!(
        insert_canary!(),
        " WHERE true ON CONFLICT (key_id) DO UPDATE SET key_check = excluded.key_check WHERE key_check IS NULL"
    );
    let keep = Statement::new(SQL)
        .text(&canary.key_id)
        .js(&canary.envelope)
        .js(&canary.key_check);
    db.change(Change::upkeep(keep)).await.map(drop)
}

/// Carries out a store: `change` makes its transaction, of the request that it is given.
///
/// With the first one of an isolate goes the canary of its key, so that the database knows from the first share on which bytes
/// the key's id stands for.
///
/// A share never displaces that of a request which began later: whoever sent this one may have hung up, and sent another. Who
/// still waits begins anew, unless an attempt was given up already: then a later request was answered meanwhile.
pub(super) async fn store(
    db: &Database,
    trail: &Trail,
    sealed: &Sealed,
    whose: &Whose<'_>,
    change: impl Fn(&Trail) -> Change,
) -> Result<Stored> {
    const CANARY: &str = concat!(
        insert_canary!(),
        " WHERE EXISTS (SELECT 1 FROM audit_events WHERE id = ?4 AND outcome IN ('stored', 'replaced_alone', 'same_text', 'unchanged')) \
         ON CONFLICT (key_id) DO NOTHING"
    );
    let mut trail = trail.clone();
    loop {
        let mut change = change(&trail);
        if !db.known().has_canary {
            let canary = Statement::new(CANARY)
                .text(&sealed.key_id)
                .js(&sealed.canary)
                .js(&sealed.key_check)
                .text(&trail.event_id);
            change = change.then(canary);
        }
        let changed = db.change(db.noting(change, whose)).await?;
        match changed.outcome()? {
            stored @ (Stored::Stored
            | Stored::ReplacedAlone
            | Stored::SameText
            | Stored::Unchanged) => {
                db.keep_notes(changed);
                db.learn(|known| known.has_canary = true);
                return Ok(stored);
            }
            Stored::Overtaken if db.has_given_up() => return Err(overtaken()),
            Stored::Overtaken => trail = trail.begun_anew()?,
        }
    }
}

/// Whether the bytes behind a key's id, told by their check, are other ones than those that the database knows: what is
/// sealed with them could not be opened once the right ones are back.
macro_rules! is_wrong_key {
    ($key_id:literal, $check:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM key_canaries WHERE key_id = ",
            $key_id,
            " AND key_check <> ",
            $check,
            ")"
        )
    };
}
pub(crate) use is_wrong_key;
