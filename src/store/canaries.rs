//! Keeping the canaries of the keys, and what a store does with its key's.

use super::audit::Trail;
use super::changes::Whose;
use super::outcome::{Stored, overtaken};
use super::sql::sql;
use super::{Change, Database, Statement};
use crate::error::Result;
use crate::vault::{Sealed, SealedCanary};

/// Keeps the canary of a key that has none yet, and its check; the first one stays.
pub async fn keep_canary(db: &Database, key_id: &str, canary: &SealedCanary) -> Result<()> {
    let keep = Statement::new(sql!("canary_keep"))
        .text(key_id)
        .js(&canary.envelope)
        .text(&canary.check);
    db.upkeep(keep).await.map(drop)
}

/// Tells another database which bytes the keys' ids stand for, as far as it does not know.
pub async fn copy(from: &Database, to: &Database) -> Result<()> {
    const ALL: &str = "SELECT key_id, sealed_canary, key_check, created_at FROM key_canaries";
    let canaries = from.ask(Statement::new(ALL)).await?;
    for row in canaries.read() {
        let copy = Statement::new(sql!("canary_copy"))
            .text(&row.text("key_id"))
            .text(&row.text("sealed_canary"))
            .optional(row.optional("key_check").as_deref())
            .text(&row.text("created_at"));
        to.upkeep(copy).await?;
    }
    Ok(())
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
    let mut trail = trail.clone();
    loop {
        let mut change = change(&trail);
        if !db.which.known().has_canary {
            let canary = Statement::new(sql!("canary_of_store"))
                .text(&sealed.key_id)
                .js(&sealed.canary.envelope)
                .text(&sealed.canary.check)
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
                db.which.learn(|known| known.has_canary = true);
                return Ok(stored);
            }
            Stored::Overtaken if db.has_given_up() => return Err(overtaken()),
            Stored::Overtaken => trail = trail.begun_anew()?,
        }
    }
}
