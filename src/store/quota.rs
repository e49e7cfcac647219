//! `users_over_quota`: a view that `migrations/0013_limits_and_purges.sql` defines.

use super::Change;
use super::audit::Trail;
use super::sql::sql;
use super::users::change_of;
use crate::domain::names::UserId;

/// Lets a user store again who stored as much as one may within a day: what was replaced until now counts no more.
pub fn release(trail: &Trail, id: &UserId) -> Change {
    let sql = sql!("quota_release");
    change_of(trail, "release_quota", id, "released", sql)
}
