//! The schedule's look at a sample of clients: does Portal count a backup whose custodian share is not here?

use super::Budget;
use crate::config::Settings;
use crate::domain::names::ClientId;
use crate::domain::share_pairs::SharePair;
use crate::error::Result;
use crate::log::{self, Field, Level};
use crate::pairs::{self, Ours};
use crate::portal::{Listed, Portal};
use crate::store::Database;
use crate::store::share_pairs as store;
use crate::vault::Vault;

/// Clients that a run asks Portal about: of one database 960 a day. Portal takes 200 requests a minute, and of a hundred and
/// twenty databases eight are served within one.
const CLIENTS_PER_RUN: u64 = 10;

/// Asks Portal about the next clients; nothing without `PORTAL_API_KEY`. Where Portal does not tell, the run ends, and the next one
/// goes on there; behind that client where Portal answered, so that one that it never tells of does not hold up the others.
pub(super) async fn look(
    db: &Database,
    vault: &Vault,
    settings: &Settings,
    budget: Budget,
) -> Result<()> {
    let Some(portal) = Portal::new(settings) else {
        return Ok(());
    };
    let mut last = None;
    for user in store::sample(db, CLIENTS_PER_RUN).await? {
        let Ok(client_id) = ClientId::parse(user.client_id.as_str()) else {
            continue;
        };
        if budget.is_spent(db) {
            break;
        }
        match portal.share_pairs(&client_id).await {
            Listed::Pairs(pairs) if pairs.iter().any(SharePair::is_completed) => {
                let ours = Ours::read(db, vault, &user.user_id, &client_id).await?;
                let missing = ours.missing(&pairs);
                if !missing.is_empty() && store::is_here(db, &user).await? {
                    pairs::raise(Some(&user.user_id), &client_id, &missing);
                }
            }
            // A client of another environment of Portal's has another key.
            Listed::Pairs(_) | Listed::UnknownClient => {}
            Listed::Unavailable { why, of_client } => {
                log::event(
                    Level::Warn,
                    "Portal does not tell which backups it counts",
                    &[
                        ("clientId", Field::Text(client_id.as_str())),
                        ("why", Field::Text(&why)),
                    ],
                );
                if of_client {
                    last = Some(user.user_id);
                }
                break;
            }
        }
        last = Some(user.user_id);
    }
    match last {
        Some(user_id) => store::keep_place(db, &user_id).await,
        None => Ok(()),
    }
}
