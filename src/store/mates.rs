//! Which custodian shares of the history user shares may belong to, in SQL: a fetch finds them, and the purge spares them.
//! `domain::recovery` decides.

use super::Statement;
use super::sql::sql;

/// Deletes the versions of the given row ids that are past the retention, but never one that another share may belong to: a
/// custodian share that a user share in use, or one that can still be restored, may need; and a user share that a custodian share
/// in use may need.
pub fn purge_expired_statement(
    first_rowid: u64,
    last_rowid: u64,
    retention_days: u32,
) -> Statement {
    const SQL: &str = sql!("versions_expire");
    Statement::new(SQL)
        .number(first_rowid)
        .number(last_rowid)
        .text(&retention_days.to_string())
}
