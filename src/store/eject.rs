//! The gate of an eject: a window per user, and one retrieval per custodian share and window.

use super::audit::Trail;
use super::custodian_shares::{Fetched, fetch_statement, read};
use super::outcome;
use super::sql::sql;
use super::users::{change_of, event_of_user, stored_client_id};
use super::{Change, Changed, Database, Statement};
use crate::auth::client::Credential;
use crate::domain::names::{BackupMethod, ClientId, UserId};
use crate::domain::recovery::FetchSuperseded;
use crate::error::{Code, Error, Result};

/// Opens a new window: every custodian share of the user can be retrieved once.
pub fn open(trail: &Trail, user_id: &UserId, minutes: u32) -> Change {
    const READ: &str = "SELECT ejectable_until FROM eject_windows WHERE user_id = ?1";
    let open = Statement::new(sql!("eject_open"))
        .text(user_id.as_str())
        .text(&trail.event_id)
        .text(&minutes.to_string());
    Change::new(&trail.event_id)
        .event(event_of_user(trail, "open_eject", user_id, "opened"))
        .then(open)
        .read(Statement::new(READ).text(user_id.as_str()))
}

/// When the window ends that [`open`] has opened.
pub fn opened_until(changed: Changed) -> Result<String> {
    changed.done()?;
    let [window] = changed.rows()?;
    window
        .first_text("ejectable_until")
        .ok_or_else(|| Error::conflict("The window was opened, and closed again meanwhile."))
}

/// Closes the window, open or not.
pub fn close(trail: &Trail, user_id: &UserId) -> Change {
    let sql = sql!("eject_close");
    change_of(trail, "close_eject", user_id, "closed", sql)
}

/// Takes it. The row names this request.
const TAKE: &str = sql!("eject_take");

/// The client id of the user, for opening the share.
pub struct Retrieved {
    pub client_id: ClientId,
    pub fetched: Fetched,
}

/// Retrieves a custodian share for the user's own device, if the window is open for it. Gives all of the client's
/// shares: which one the user share belongs to, the caller decides.
pub async fn retrieve(
    db: &Database,
    trail: &Trail,
    credential: &Credential,
    user_id: &UserId,
    backup_method: &BackupMethod,
) -> Result<Retrieved> {
    // 1. Which client is it? It never changes, so this may be read beforehand.
    const CLIENT: &str = "SELECT client_id FROM users WHERE id = ?1";
    let client = db
        .ask(Statement::new(CLIENT).text(user_id.as_str()))
        .await?;
    let client_id = client.first_text("client_id").unwrap_or_default();
    // 2. Take the retrieval, read the shares, write the event.
    let method = backup_method.as_str();
    let event = trail
        .statement(sql!("eject_event"))
        .text(user_id.as_str())
        .text(method)
        .credential(credential);
    let take = Statement::new(TAKE)
        .text(&trail.event_id)
        .text(user_id.as_str())
        .text(method);
    let change = Change::new(&trail.event_id)
        .event(event)
        .then(take)
        .read(fetch_statement(FetchSuperseded::HalfFinished, &client_id));
    let changed = db.change(change).await?;
    // 3. The shares leave this function only if the event says so.
    match changed.outcome()? {
        outcome::Retrieved::Retrieved => {
            let [shares] = changed.rows()?;
            Ok(Retrieved {
                client_id: stored_client_id(client_id)?,
                fetched: read(&shares)?,
            })
        }
        outcome::Retrieved::NotFound => Err(Error::not_found(
            "No custodian share is stored under this backupMethod. Send it with its curve, as the webhook brought it: GDRIVE-SECP256K1.",
        )),
        outcome::Retrieved::NotEnabled => Err(Error::new(
            Code::EjectNotEnabled,
            "Eject is not enabled for this share, or it was retrieved already. An operator opens it with POST /users/:userId/eject.",
        )),
    }
}
