//! How a statement depends on an app's credential, and what its event says of one that is refused.

use super::audit::{Trail, audit_columns};
use super::{Change, Database, Statement, at};
use crate::auth::client::Credential;
use crate::domain::names::UserId;
use crate::error::Result;

/// The credential that was refused here as nobody's is that of a user in another home, whose client this is.
pub async fn note_forbidden(db: &Database, trail: &Trail, client_id: &str) -> Result<()> {
    const SQL: &str = "UPDATE audit_events SET outcome = 'forbidden', client_id = ?2 \
         WHERE id = ?1 AND outcome = 'unauthorized'";
    let note = Statement::new(SQL).text(&trail.event_id).text(client_id);
    db.change(Change::upkeep(note)).await.map(drop)
}

/// Makes the SQL of this folder's statements for each way in which a credential names a user: $run gets the users'
/// column that must hold the credential.
macro_rules! for_credential {
    ($credential:expr, $make:ident) => {
        match $credential {
            Credential::ClientApiKey(_) => $make!("client_api_key_hash"),
            Credential::User(_) => $make!("id"),
            Credential::PortalClient(_) => $make!("client_id"),
        }
    };
}
pub(crate) use for_credential;

/// The outcome of an app's event where the credential is refused, as the beginning of a CASE. `p` is the user whom the
/// credential names, ?5 the user of the path, $credential the parameter that holds the credential.
///
/// An API key that nobody has is no credential at all. A proven identity that nobody here has is one, of somebody else;
/// unless it is the very id of the path, which then is not registered yet.
macro_rules! refused_cases {
    ("client_api_key_hash", $credential:tt) => {
        "CASE WHEN p.id IS NULL THEN 'unauthorized' WHEN p.id <> ?5 THEN 'forbidden' "
    };
    ($column:tt, $credential:tt) => {
        concat!(
            "CASE WHEN p.id IS NULL AND ?5 = ",
            $credential,
            " THEN 'unknown_user' WHEN p.id IS NULL OR p.id <> ?5 THEN 'forbidden' "
        )
    };
}
pub(crate) use refused_cases;

/// Whether the credential is that of the path's user, for a request that is refused for something else: 401, 403, 404. As
/// everywhere, a refused one leaves an event; another leaves none, for nothing was done.
pub async fn check(
    db: &Database,
    trail: &Trail,
    credential: &Credential,
    user_id: &UserId,
) -> Result<()> {
    macro_rules! refusal_sql {
        ($column:tt) => {
            concat!(
                "INSERT INTO audit_events (",
                audit_columns!(),
                ") SELECT ?1, ",
                at!("?2"),
                ", 'client', 'authenticate', ?5, p.client_id, NULL, ",
                refused_cases!($column, "?6"),
                "END, ?3, ?4 FROM (SELECT 1) LEFT JOIN users p ON p.",
                $column,
                " = ?6 WHERE p.id IS NOT ?5 RETURNING outcome"
            )
        };
    }
    let refusal = trail
        .statement(for_credential!(credential, refusal_sql))
        .text(user_id.as_str())
        .text(credential.as_sql());
    let change = Change::new(&trail.event_id).event(refusal);
    db.change(change).await?.unless_refused()
}
