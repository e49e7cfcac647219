//! Keeping the canaries of the keys, and what a store does with its key's.

use js_sys::JsString;

use super::audit::Trail;
use super::changes::{Own, Whose};
use super::outcome::{Stored, overtaken};
use super::sql::sql;
use super::{Change, Database, Row, Statement, moves};
use crate::domain::sealing::Place;
use crate::error::Result;
use crate::log::{self, Field, Level};
use crate::vault::{Sealed, SealedCanary, Vault, sealing_digest};

/// Keeps the canary of a key that has none yet, and its check; the first one stays.
pub async fn keep_canary(db: &Database, key_id: &str, canary: &SealedCanary) -> Result<()> {
    let keep = Statement::new(sql!("canary_keep"))
        .text(key_id)
        .js(&canary.envelope)
        .text(&canary.check)
        .optional(None);
    db.upkeep(keep).await.map(drop)
}

/// Tells another database which bytes the keys' ids stand for, as far as it does not know.
pub async fn copy(from: &Database, to: &Database) -> Result<()> {
    const ALL: &str = "SELECT key_id, sealed_canary, key_check, created_at FROM key_canaries";
    let canaries = from.ask(Statement::new(ALL)).await?;
    for row in canaries.read() {
        let copy = Statement::new(sql!("canary_keep"))
            .text(&row.text("key_id"))
            .text(&row.text("sealed_canary"))
            .optional(row.optional("key_check").as_deref())
            .text(&row.text("created_at"));
        to.upkeep(copy).await?;
    }
    Ok(())
}

/// What a store does where the same share is there already.
pub(super) struct Same<'a> {
    pub vault: &'a Vault,
    /// Of the share that the request brings.
    pub place: Place<'a>,
    /// The statement that reads the stored ones.
    pub read: &'static str,
}

/// Carries out a store: `change` makes its transaction, of the request that it is given.
///
/// With the first one of an isolate goes the canary of its key, so that the database knows from the first share on which bytes
/// the key's id stands for.
///
/// A share never displaces that of a request which began later: whoever sent this one may have hung up, and sent another. Who
/// still waits begins anew, unless an attempt was given up already: then a later request was answered meanwhile.
///
/// The same share again changes nothing, unless the stored one does not open, current or in the history: then 2xx would be wrong, so it
/// is sealed anew in place.
pub(super) async fn store(
    db: &Database,
    trail: &Trail,
    sealed: &Sealed,
    whose: &Whose<'_>,
    same: Same<'_>,
    change: &dyn Fn(&Trail) -> Change, // one copy of this in the Worker
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
        let read = Statement::new(same.read)
            .text(&trail.event_id)
            .text(&sealed.digests);
        let own = Own {
            version_id: trail.event_id.clone(),
            key_id: sealed.key_id.clone(),
            sealed_share: sealed.envelope.clone(),
        };
        let change = db.noting(change.read(read), whose, Some(&own));
        let changed = db.change(change).await?;
        match changed.outcome()? {
            stored @ (Stored::Stored
            | Stored::ReplacedAlone
            | Stored::SameText
            | Stored::Unchanged) => {
                let there = changed.first_rows();
                db.keep_notes(changed, Some(own));
                for row in there {
                    same.mend(db, &trail, sealed, whose, &row).await?;
                }
                db.which.learn(|known| known.has_canary = true);
                return Ok(stored);
            }
            Stored::Overtaken if db.has_given_up() => return Err(overtaken()),
            Stored::Overtaken => trail = trail.begun_anew()?,
        }
    }
}

impl Same<'_> {
    async fn mend(
        &self,
        db: &Database,
        trail: &Trail,
        sealed: &Sealed,
        whose: &Whose<'_>,
        row: &Row,
    ) -> Result<()> {
        let backup_method = &row.text("backup_method");
        let key_id = row.text("key_id");
        let place = Place {
            backup_method,
            ..self.place
        };
        let envelope = row.sealed_share();
        if self.vault.opens(place, &key_id, &envelope).await {
            return Ok(());
        }
        let held = Held {
            user_id: &row.text("user_id"),
            backup_method,
            key_id: &key_id,
            envelope: &envelope,
        };
        let mending = held.mending(
            self.place.backup_method,
            &sealed.key_id,
            &sealed.digests,
            &sealed.envelope,
        );
        let changed = db.change(db.noting(mending, whose, None)).await?;
        db.keep_notes(changed, None);
        held.tell(trail);
        Ok(())
    }
}

/// A stored share that does not open, while the same one comes again.
pub struct Held<'a> {
    pub user_id: &'a str,
    pub backup_method: &'a str,
    pub key_id: &'a str,
    pub envelope: &'a JsString,
}

impl Held<'_> {
    /// Puts the share as it was sealed anew in the place of this one, current or in the history: its text and its digest tell which.
    /// `digests`: of the share, under all keys.
    pub fn mending(
        &self,
        method: &str,
        key_id: &str,
        digests: &str,
        envelope: &JsString,
    ) -> Change {
        let mend = |sql| {
            Statement::new(sql)
                .text(self.user_id)
                .text(method)
                .text(key_id)
                .text(sealing_digest(digests))
                .js(envelope)
                .js(self.envelope)
                .text(digests)
        };
        Change::upkeep(moves::stops(self.user_id))
            .read(mend(sql!("custodian_mend")))
            .read(mend(sql!("user_share_mend")))
            .read(mend(sql!("version_mend")))
    }

    pub fn tell(&self, trail: &Trail) {
        log::event(
            Level::Warn,
            "a stored share that did not open was sealed anew: the same one came again",
            &[
                ("backupMethod", Field::Text(self.backup_method)),
                ("keyId", Field::Text(self.key_id)),
                ("ray", Field::Text(&trail.request_id)),
            ],
        );
    }
}
