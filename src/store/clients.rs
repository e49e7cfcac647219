//! The user of a Portal client, for the paths that name the client.

use super::audit::Trail;
use super::sql::sql;
use super::{Change, Database, Statement};
use crate::auth::client::Credential;
use crate::domain::names::{ClientId, UserId};
use crate::error::{Error, Result};

/// The user with this client id, if the credential is that user's.
pub async fn user_of(
    db: &Database,
    trail: &Trail,
    credential: &Credential,
    client_id: &ClientId,
) -> Result<UserId> {
    let by_client =
        |statement: Statement| statement.text(client_id.as_str()).credential(credential);
    let refusal = by_client(trail.statement(sql!("client_find_event")));
    let user = by_client(Statement::new(sql!("client_find")));
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
