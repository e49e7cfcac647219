//! `users_over_quota`: a view that `migrations/0013_limits_and_purges.sql` defines.

use super::audit::Trail;
use super::outcome::QuotaReleased;
use super::sql::sql;
use super::users::event_of_user;
use super::{Change, Database, Statement};
use crate::domain::names::UserId;
use crate::error::Result;

/// Lets a user store again who stored as much as one may within a day: what was replaced until now counts no more.
pub async fn release(db: &Database, trail: &Trail, id: &UserId) -> Result<()> {
    let change = Change::new(&trail.event_id)
        .event(event_of_user(trail, "release_quota", id, "released"))
        .then(
            Statement::new(sql!("quota_release"))
                .text(id.as_str())
                .text(&trail.event_id),
        );
    match db.change(change).await?.outcome()? {
        QuotaReleased::Released => Ok(()),
    }
}
