//! Who is calling. Three separate credentials, none of which can do another's work: Portal's webhook secret, an app
//! user's credential, an operator's token.
//!
//! What a handler needs shows in its signature: it takes a [`webhook::Portal`], a [`client::Credential`] or an
//! [`admin::Admin`]. The router makes them, and only passing the check makes one.

pub mod access;
pub mod admin;
pub mod client;
pub mod jwt;
pub mod limits;
pub mod portal;
pub mod webhook;

use crate::domain::secret::CredentialHash;
use crate::error::Error;
use crate::http::Call;
use crate::log::{self, Field, Level};
use crate::store::Change;
use crate::store::audit::{Actor, Event};

/// Who calls a route that is both the apps' and the operators'.
pub enum Caller {
    Operator(admin::Admin),
    App(client::Credential),
}

/// Which of a setting's secrets a request has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    Current,
    Previous,
}

impl Known {
    /// As long as there is such a line, the setting `name` cannot go yet.
    fn warn_if_previous(self, name: &str) {
        if self == Known::Previous {
            let setting = [("setting", Field::Text(name))];
            log::event(Level::Warn, "a previous secret is still in use", &setting);
        }
    }
}

/// Finds a secret among the current one and the previous one. All are compared, whichever matches.
fn known(secrets: &[CredentialHash], given: CredentialHash) -> Option<Known> {
    let which = [Known::Current, Known::Previous];
    let compared = secrets.iter().zip(which);
    compared.fold(None, |found, (secret, which)| {
        if *secret == given {
            found.or(Some(which))
        } else {
            found
        }
    })
}

/// The answer to a refused credential, once the refusal is on the audit trail.
///
/// The refusal stands whether or not the trail could be written: the database may be down.
pub async fn refused(call: &Call<'_>, actor: Actor, error: Error) -> Error {
    let event = call.trail.event(&Event {
        actor,
        action: "authenticate",
        user_id: None,
        client_id: None,
        outcome: error.code.as_str(),
    });
    let change = Change::new(&call.trail.event_id).event(event);
    match call.db.change(change).await {
        Ok(_) => error,
        Err(failure) => error.caused_by(failure.why()),
    }
}
