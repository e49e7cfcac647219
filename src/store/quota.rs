//! `users_over_quota`: a view that `migrations/0006_room_for_all.sql` defines.

/// A condition in SQL: this user may store nothing more for now (the view says when). Operators may: they
/// set right what was done to a user.
macro_rules! is_over_quota {
    ($id:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users_over_quota WHERE id = ",
            $id,
            ")"
        )
    };
}
pub(crate) use is_over_quota;
