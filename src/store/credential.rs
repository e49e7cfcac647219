//! How a statement depends on an app's credential, and what its event says of one that is refused.
//!
//! A credential is three parameters, two of which are NULL: the hash of an API key, a user's id, a client's id. `p` is the user whom
//! it names. An API key that nobody has is no credential at all (401). A proven identity that nobody here has is one, of
//! somebody else (403); unless it is the very id of the path, which then is not registered yet (404).

use super::audit::Trail;
use super::sql::sql;
use super::{Change, Database, Statement};
use crate::auth::client::Credential;
use crate::domain::names::UserId;
use crate::error::Result;

/// The credential that was refused here as nobody's is that of a user in another home, whose client this is.
pub async fn note_forbidden(db: &Database, trail: &Trail, client_id: &str) -> Result<()> {
    let note = Statement::new(sql!("credential_forbidden"))
        .text(&trail.event_id)
        .text(client_id);
    db.upkeep(note).await.map(drop)
}

impl Statement {
    /// The credential, as three parameters.
    pub fn credential(self, credential: &Credential) -> Self {
        let (key, user, client) = match credential {
            Credential::ClientApiKey(hash) => (Some(hash.as_str()), None, None),
            Credential::User(id) => (None, Some(id.as_str()), None),
            Credential::PortalClient(id) => (None, None, Some(id.as_str())),
        };
        self.optional(key).optional(user).optional(client)
    }
}

/// Whether the credential is that of the path's user, for a request that is refused for something else: 401, 403, 404. As
/// everywhere, a refused one leaves an event; another leaves none, for nothing was done.
pub async fn check(
    db: &Database,
    trail: &Trail,
    credential: &Credential,
    user_id: &UserId,
) -> Result<()> {
    let refusal = event("authenticate", trail, credential, user_id, None);
    let change = Change::new(&trail.event_id).event(refusal);
    db.change(change).await?.unless_refused()
}

/// The event of a request that only the path's user may make, with its `outcome`; of one that is refused where there is none.
pub(super) fn event(
    action: &str,
    trail: &Trail,
    credential: &Credential,
    user_id: &UserId,
    outcome: Option<&str>,
) -> Statement {
    trail
        .statement(sql!("credential_event"))
        .text(user_id.as_str())
        .credential(credential)
        .text(action)
        .optional(outcome)
}
