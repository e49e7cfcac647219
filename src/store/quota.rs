//! `users_over_quota`: a view that `migrations/0013_limits_and_purges.sql` defines.

use super::audit::Trail;
use super::sql::sql;
use super::users::event_of_user;
use super::{Change, Statement};
use crate::domain::names::UserId;

/// Lets a user store again who stored as much as one may within a day: what was replaced until now counts no more.
pub fn release(trail: &Trail, id: &UserId) -> Change {
    Change::new(&trail.event_id)
        .event(event_of_user(trail, "release_quota", id, "released"))
        .then(
            Statement::new(sql!("quota_release"))
                .text(id.as_str())
                .text(&trail.event_id),
        )
}
