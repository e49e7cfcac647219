//! Purges: the only way in which a user, its shares and its history are erased.
//!
//! A purge waits until the user has been deleted for `PURGE_DELAY_HOURS`, so that one stolen operator's token cannot destroy
//! what nobody has missed yet. The table `purges` holds those that wait; the schedule carries them out. A trigger takes a
//! purge away when its user is restored or registered again (`migrations/0013_limits_and_purges.sql`).

use super::audit::Trail;
use super::outcome::Purged;
use super::sql::sql;
use super::{Change, Changed, Database, Statement, changes};
use crate::domain::names::{ClientId, UserId};
use crate::error::{Error, Result};

/// The latest time at which the user counts as deleted, where it has been for the delay: ?7 hours. What is left in the
/// history of a user that no deletion is known of any more was deleted before the retention.
const EVENT: &str = sql!("purge_event");

/// Asked for again, the first time stays.
const WAIT: &str = sql!("purge_wait");

const PURGE_AT: &str = "SELECT purge_at FROM purges WHERE user_id = ?1 AND client_id = ?2";

/// Asks for a purge. A user that is still there is deleted at once. It is erased at once where it was deleted for the delay, in hours.
pub fn request(trail: &Trail, id: &UserId, client_id: &ClientId, delay_hours: u32) -> Change {
    let of_user = |sql| {
        Statement::new(sql)
            .text(id.as_str())
            .text(client_id.as_str())
    };
    let once = |sql| of_user(sql).text(&trail.event_id);
    let event = trail
        .statement(EVENT)
        .text(id.as_str())
        .text(client_id.as_str())
        .number(delay_hours.into());
    // The triggers move what is current into the history, which goes next.
    let change = Change::new(&trail.event_id)
        .event(event)
        .then(once(sql!("purge_delete_user")))
        .then(once(WAIT).number(delay_hours.into()));
    erase(change, trail, id.as_str(), client_id.as_str()).read(of_user(PURGE_AT))
}

/// When a [`request`] is carried out. None: it was.
pub fn requested(changed: Changed) -> Result<Option<String>> {
    match changed.outcome()? {
        Purged::Purged => Ok(None),
        Purged::Waits => {
            let [waiting] = changed.rows()?;
            let purge_at = waiting.first_text("purge_at");
            purge_at
                .ok_or_else(|| Error::conflict("The purge was cancelled again meanwhile."))
                .map(Some)
        }
        Purged::Conflict => Err(Error::conflict(
            "`purge` must be the client id of this user.",
        )),
    }
}

/// Takes back every purge of this user id that waits. The user stays deleted.
pub fn cancel(trail: &Trail, id: &UserId) -> Change {
    const EVENT: &str = sql!("purge_cancel_event");
    const CANCEL: &str = "DELETE FROM purges WHERE user_id = ?1";
    Change::new(&trail.event_id)
        .event(trail.statement(EVENT).text(id.as_str()))
        .then(Statement::new(CANCEL).text(id.as_str()))
}

/// A purge whose time has come.
pub struct Due {
    pub user_id: String,
    pub client_id: String,
}

/// The purges whose time has come, the oldest first.
pub async fn due(db: &Database, limit: u64) -> Result<Vec<Due>> {
    let rows = db
        .ask(Statement::new(sql!("purges_due")).number(limit))
        .await?;
    let read = |row: &super::Row| Due {
        user_id: row.text("user_id"),
        client_id: row.text("client_id"),
    };
    Ok(rows.each(read))
}

/// Carries out a purge whose time has come, unless it was cancelled meanwhile.
pub async fn carry_out(db: &Database, trail: &Trail, due: &Due) -> Result<()> {
    const EVENT: &str = sql!("purge_carry_out_event");
    let event = trail
        .statement(EVENT)
        .text(&due.user_id)
        .text(&due.client_id);
    let change = Change::new(&trail.event_id).event(event);
    let change = erase(change, trail, &due.user_id, &due.client_id);
    db.change(change).await.map(drop)
}

/// What a purge does where its event says that it is carried out; the second copy is told too.
fn erase(change: Change, trail: &Trail, user_id: &str, client_id: &str) -> Change {
    let once = |sql| {
        Statement::new(sql)
            .text(user_id)
            .text(client_id)
            .text(&trail.event_id)
    };
    let change = change
        .then(once(sql!("purge_erase_history")))
        .then(once(sql!("purge_erase_deleted")))
        .then(once(sql!("purge_done")));
    changes::purged(user_id, client_id, &trail.event_id)
        .into_iter()
        .fold(change, Change::then)
}

/// How many purges' time has come.
pub fn count_due() -> Statement {
    const COUNT: &str =
        "SELECT count(*) AS n FROM purges WHERE purge_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
    Statement::new(COUNT)
}

/// The purges that wait, the next one first: one hundred at most.
pub fn waiting() -> Statement {
    Statement::new(sql!("purges_waiting"))
}
