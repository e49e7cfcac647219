//! The user of a Portal client, for the paths that name the client.

use super::audit::{Trail, audit_columns};
use super::credential::for_credential;
use super::{Change, Database, Statement, at};
use crate::auth::client::Credential;
use crate::domain::names::{ClientId, UserId};
use crate::error::{Error, Result};

macro_rules! user_sql {
    ($column:literal) => {
        concat!(
            "SELECT id FROM users WHERE client_id = ?1 AND ",
            $column,
            " = ?2"
        )
    };
}
/// Only a refusal leaves an event here: otherwise the request goes on and leaves its own.
macro_rules! refusal_sql {
    ($column:literal) => {
        concat!(
            "INSERT INTO audit_events (",
            audit_columns!(),
            ") SELECT ?1, ",
            at!("?2"),
            ", 'client', 'find_client', p.id, ?5, NULL, \
             CASE WHEN p.id IS NULL AND '",
            $column,
            "' = 'client_api_key_hash' THEN 'unauthorized' \
             WHEN p.id IS NULL AND '",
            $column,
            "' = 'client_id' AND ?5 = ?6 THEN 'unknown_user' ELSE 'forbidden' END, ?3, ?4 \
             FROM (SELECT 1) LEFT JOIN users p ON p.",
            $column,
            " = ?6 WHERE p.client_id IS NOT ?5 RETURNING outcome"
        )
    };
}

/// The user with this client id, if the credential is that user's.
pub async fn user_of(
    db: &Database,
    trail: &Trail,
    credential: &Credential,
    client_id: &ClientId,
) -> Result<UserId> {
    let by_client =
        |statement: Statement| statement.text(client_id.as_str()).text(credential.as_sql());
    let refusal = by_client(trail.statement(for_credential!(credential, refusal_sql)));
    let user = by_client(Statement::new(for_credential!(credential, user_sql)));
    let change = Change::new(&trail.event_id)
        .event(refusal)
        .read(user.clone());
    let user = match db.change(change).await {
        Ok(changed) => {
            changed.unless_refused()?;
            let [user] = changed.rows()?;
            user
        }
        Err(error) => db.read_though_full(error, user).await?,
    };
    let id = user.first_text("id").unwrap_or_default();
    UserId::parse(id).map_err(|invalid| Error::internal(format!("a user's id must {}", invalid.0)))
}
