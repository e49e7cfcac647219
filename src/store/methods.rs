//! Removing a backup method of a user: its shares go into the history, and its place is free for another.

use super::audit::Trail;
use super::outcome::MethodRemoved;
use super::{Change, Database, Statement};
use crate::domain::names::{BackupMethod, UserId};
use crate::error::{Code, Error, Result};

/// `method` is the app's: the custodian shares of its curves go with it.
const EVENT: &str = "INSERT INTO audit_events (id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
SELECT ?1, strftime('%Y-%m-%dT%H:%M:%fZ', ?2 / 1000.0, 'unixepoch'), 'admin', 'remove_method', ?5, u.client_id, ?6, CASE
  WHEN u.id IS NULL THEN 'unknown_user'
  WHEN EXISTS (SELECT 1 FROM user_backup_shares WHERE user_id = ?5 AND method = ?6) THEN 'removed'
  WHEN EXISTS (SELECT 1 FROM custodian_backup_shares WHERE user_id = ?5
    AND (method = ?6 OR substr(method, 1, length(?6) + 1) = ?6 || '-' COLLATE NOCASE)) THEN 'removed'
  ELSE 'not_found' END, ?3, ?4
FROM (SELECT 1) LEFT JOIN users u ON u.id = ?5
RETURNING outcome";

const REMOVE_USER_SHARE: &str = "DELETE FROM user_backup_shares WHERE user_id = ?1 AND method = ?2
AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'removed')";

const REMOVE_CUSTODIAN_SHARES: &str = "DELETE FROM custodian_backup_shares WHERE user_id = ?1
AND (method = ?2 OR substr(method, 1, length(?2) + 1) = ?2 || '-' COLLATE NOCASE)
AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?3 AND outcome = 'removed')";

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
        .then(remove(REMOVE_USER_SHARE))
        .then(remove(REMOVE_CUSTODIAN_SHARES));
    match db.change(change).await?.outcome()? {
        MethodRemoved::Removed => Ok(()),
        MethodRemoved::NotFound => Err(Error::new(
            Code::NotFound,
            "The user has no backup under this backupMethod.",
        )),
    }
}
