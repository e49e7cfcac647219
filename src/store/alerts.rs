//! When each alert was sent last: rows of `meta`, named `alert` and the alarm's message.

use super::sql::sql;
use super::{Database, Statement};
use crate::error::Result;

/// Whether no alert of this message was sent within `quiet_ms`. If so, one counts as sent now; said once more of the same
/// moment, it is the same answer.
pub async fn claim(db: &Database, message: &str, now_ms: u64, quiet_ms: u64) -> Result<bool> {
    const SQL: &str = sql!("alert_due");
    let statement = Statement::new(SQL)
        .text(message)
        .text(&now_ms.to_string())
        .text(&now_ms.saturating_sub(quiet_ms).to_string());
    let claimed = db.upkeep(statement).await?;
    Ok(!claimed.is_empty())
}

/// What was claimed at `now_ms` was not sent after all.
pub async fn release(db: &Database, message: &str, now_ms: u64) -> Result<()> {
    const SQL: &str = "UPDATE meta SET value = '0' WHERE name = 'alert ' || ?1 AND value = ?2";
    let statement = Statement::new(SQL).text(message).text(&now_ms.to_string());
    db.upkeep(statement).await.map(drop)
}
