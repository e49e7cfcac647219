//! `users_over_quota`: a view that `migrations/0013_limits_and_purges.sql` defines.

use super::audit::Trail;
use super::outcome::QuotaReleased;
use super::users::event_of_user;
use super::{Change, Database, Statement};
use crate::domain::names::UserId;
use crate::error::Result;

/// A condition in SQL: the user $id may replace no further share of this kind for now, and $row is one that would be
/// replaced: a share whose digest is not $digest. A first share replaces nothing. Operators may: they set right what was done
/// to a user.
macro_rules! is_over_quota {
    ($id:literal, $kind:literal, $row:literal, $digest:literal) => {
        concat!(
            $row,
            ".share_digest IS NOT ",
            $digest,
            " AND ",
            $row,
            ".id IS NOT NULL AND EXISTS (SELECT 1 FROM users_over_quota WHERE id = ",
            $id,
            " AND kind = '",
            $kind,
            "')"
        )
    };
}
pub(crate) use is_over_quota;

/// Lets a user store again who stored as much as one may within a day: what was replaced until now counts no more.
pub async fn release(db: &Database, trail: &Trail, id: &UserId) -> Result<()> {
    const RELEASE: &str =
        "UPDATE users SET quota_released_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE id = ?1 AND EXISTS (SELECT 1 FROM audit_events WHERE id = ?2 AND outcome = 'released')";
    let change = Change::new(&trail.event_id)
        .event(event_of_user(trail, "release_quota", id, "released"))
        .then(
            Statement::new(RELEASE)
                .text(id.as_str())
                .text(&trail.event_id),
        );
    match db.change(change).await?.outcome()? {
        QuotaReleased::Released => Ok(()),
    }
}
