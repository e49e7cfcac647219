//! The gate of an eject: a window per user, and one retrieval per custodian share and window.

use super::audit::{
    Trail, UNDER_WAY, audit_columns, audit_returning_outcome, is_first, is_under_way,
};
use super::credential::{allowed, for_credential, refused_cases};
use super::custodian_shares::{Fetched, fetch_statement, read};
use super::users::{event_of_user, stored_client_id};
use super::{Database, Statement, at, now};
use crate::auth::client::Credential;
use crate::domain::names::{BackupMethod, ClientId, UserId};
use crate::domain::recovery::FetchSuperseded;
use crate::error::{Code, Error, Result};

/// What decides about a window: the last of these.
const RIVALS: &str = r#"["open_eject","close_eject"]"#;

/// Opens a new window: every custodian share of the user can be retrieved once. Answers with its end.
pub async fn open(db: &Database, trail: &Trail, user_id: &UserId, minutes: u32) -> Result<String> {
    const OPEN: &str = concat!(
        "INSERT INTO eject_windows (user_id, id, opened_at, ejectable_until) SELECT u.id, ?2, ",
        now!(),
        ", strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+' || ?3 || ' minutes') FROM users u WHERE u.id = ?1 AND ",
        is_under_way!("?2"),
        " ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, opened_at = excluded.opened_at, \
         ejectable_until = excluded.ejectable_until"
    );
    const READ: &str = "SELECT ejectable_until FROM eject_windows WHERE user_id = ?1";
    let [_, _, window, outcome] = db
        .batch(vec![
            event_of_user(trail, "open_eject", user_id, UNDER_WAY, RIVALS),
            Statement::new(OPEN)
                .text(user_id.as_str())
                .text(&trail.event_id)
                .text(&minutes.to_string()),
            Statement::new(READ).text(user_id.as_str()),
            trail.finish("opened"),
        ])
        .await?
        .rows()?;
    allowed(&outcome)?;
    window.first_text("ejectable_until").ok_or_else(|| {
        Error::new(
            Code::Conflict,
            "The window was opened, and closed again meanwhile.",
        )
    })
}

/// Closes the window, open or not.
pub async fn close(db: &Database, trail: &Trail, user_id: &UserId) -> Result<()> {
    const CLOSE: &str = concat!(
        "DELETE FROM eject_windows WHERE user_id = ?1 AND ",
        is_under_way!("?2")
    );
    let [_, _, outcome] = db
        .batch(vec![
            event_of_user(trail, "close_eject", user_id, UNDER_WAY, RIVALS),
            Statement::new(CLOSE)
                .text(user_id.as_str())
                .text(&trail.event_id),
            trail.finish("closed"),
        ])
        .await?
        .rows()?;
    allowed(&outcome).map(drop)
}

/// Takes the one retrieval of this share in this window. The row names this request, so that its own retry gets the
/// share again and no other request does.
macro_rules! take_sql {
    ($column:tt) => {
        concat!(
            "INSERT INTO eject_retrievals (user_id, window_id, backup_method, audit_event_id, retrieved_at) \
             SELECT u.id, w.id, c.backup_method, ?1, ",
            now!(),
            " FROM users u JOIN eject_windows w ON w.user_id = u.id AND w.ejectable_until > ",
            now!(),
            " JOIN custodian_backup_shares c ON c.user_id = u.id AND c.backup_method = ?3 \
             WHERE u.id = ?2 AND u.",
            $column,
            " = ?4 AND ",
            is_first!("?1"),
            " ON CONFLICT DO NOTHING"
        )
    };
}
macro_rules! event_sql {
    ($column:tt) => {
        concat!(
            "INSERT INTO audit_events (",
            audit_columns!(),
            ") SELECT ?1, ",
            at!("?2"),
            ", 'client', 'retrieve_custodian_share', ?5, p.client_id, ?6, ",
            refused_cases!($column, "?7"),
            "WHEN EXISTS (SELECT 1 FROM eject_retrievals r JOIN eject_windows w \
                 ON w.user_id = r.user_id AND w.id = r.window_id \
               WHERE r.user_id = ?5 AND r.backup_method = ?6 AND r.audit_event_id = ?1) THEN 'retrieved' \
             WHEN EXISTS (SELECT 1 FROM eject_windows w WHERE w.user_id = ?5 AND w.ejectable_until > ",
            now!(),
            ") AND NOT EXISTS (SELECT 1 FROM custodian_backup_shares c \
               WHERE c.user_id = ?5 AND c.backup_method = ?6) THEN 'not_found' \
             ELSE 'eject_not_enabled' END, ?3, ?4 \
             FROM (SELECT 1) LEFT JOIN users p ON p.",
            $column,
            " = ?7 WHERE true ",
            audit_returning_outcome!()
        )
    };
}

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
    let [client] = db
        .batch(vec![Statement::new(CLIENT).text(user_id.as_str())])
        .await?
        .rows()?;
    let client_id = client.first_text("client_id").unwrap_or_default();
    // 2. Take the retrieval, read the shares, write the event.
    let method = backup_method.as_str();
    let [_, shares, outcome] = db
        .batch(vec![
            Statement::new(for_credential!(credential, take_sql))
                .text(&trail.event_id)
                .text(user_id.as_str())
                .text(method)
                .text(credential.as_sql()),
            fetch_statement(FetchSuperseded::HalfFinished, &client_id),
            trail
                .statement(for_credential!(credential, event_sql))
                .text(user_id.as_str())
                .text(method)
                .text(credential.as_sql()),
        ])
        .await?
        .rows()?;
    // 3. The shares leave this function only if the event says so.
    match allowed(&outcome)?.as_str() {
        "retrieved" => Ok(Retrieved {
            client_id: stored_client_id(client_id)?,
            fetched: read(&shares)?,
        }),
        "not_found" => Err(Error::new(
            Code::NotFound,
            "No custodian share is stored under this backupMethod. Send it with its curve, as the webhook brought it: GDRIVE-SECP256K1.",
        )),
        _ => Err(Error::new(
            Code::EjectNotEnabled,
            "Eject is not enabled for this share, or it was retrieved already. An operator opens it with POST /users/:userId/eject.",
        )),
    }
}
