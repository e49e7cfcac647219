//! Removing a backup method of a user: its shares go into the history, and its place is free for another.

use super::audit::Trail;
use super::sql::sql;
use super::{Change, Statement};
use crate::domain::names::{BackupMethod, UserId};

/// `method` is the app's: the custodian shares of its curves go with it.
const EVENT: &str = sql!("method_remove_event");

/// Removes the cipher text under an app's method, and the custodian shares that belong to it.
pub fn remove(trail: &Trail, id: &UserId, method: &BackupMethod) -> Change {
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
    Change::new(&trail.event_id)
        .event(event)
        .then(remove(sql!("method_remove_user_share")))
        .then(remove(sql!("method_remove_custodian_shares")))
}
