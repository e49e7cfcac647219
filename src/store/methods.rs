//! Removing a backup method of a user: its shares go into the history, and its place is free for another.

use super::audit::Trail;
use super::outcome::MethodRemoved;
use super::sql::sql;
use super::{Change, Database, Statement};
use crate::domain::names::{BackupMethod, UserId};
use crate::error::{Code, Error, Result};

/// `method` is the app's: the custodian shares of its curves go with it.
const EVENT: &str = sql!("method_remove_event");

/// Removes the cipher text under an app's method, and the custodian shares that belong to it.
pub async fn remove(
    db: &Database,
    trail: &Trail,
    id: &UserId,
    method: &BackupMethod,
) -> Result<()> {
    let remove = |sql| {
        Statement::new(sql)
            .text(id.as_str())
            .text(method.as_str())
            .text(&trail.event_id)
    };
    let event = trail
        .statement(EVENT)
        .text(id.as_str())
        .text(method.as_str());
    let change = Change::new(&trail.event_id)
        .event(event)
        .then(remove(sql!("method_remove_user_share")))
        .then(remove(sql!("method_remove_custodian_shares")));
    match db.change(change).await?.outcome()? {
        MethodRemoved::Removed => Ok(()),
        MethodRemoved::NotFound => Err(Error::new(
            Code::NotFound,
            "The user has no backup under this backupMethod.",
        )),
    }
}
