//! Who has a half-finished backup.

use super::sql::sql;
use super::{Database, Rows, Statement};
use crate::error::Result;
use crate::platform::now_ms;

/// Rows of user shares that one statement looks at.
const ROWS: u64 = 20_000;

/// A page of one home.
pub struct Page {
    /// With `row`, the place of each.
    pub rows: Rows,
    /// The row behind which the next page begins. None: there is no further one.
    pub next: Option<u64>,
}

/// The half-finished backups behind a row, in the order of rows: until there are `limit` of them, the end is reached, or
/// `until_ms` has come. Each is half-finished since the first custodian share came that its cipher text does not belong to.
pub async fn page(db: &Database, after: u64, limit: u64, until_ms: u64) -> Result<Page> {
    let mut rows = Rows::default();
    let mut after = after;
    loop {
        let left = limit - u64::from(rows.count());
        let page = Statement::new(sql!("half_finished_page"))
            .number(after)
            .number(after + ROWS)
            .number(left);
        let [found, last] = db
            .read(vec![page, Statement::new(sql!("half_finished_last"))])
            .await?
            .rows()?;
        rows.append(&found);
        after = match found.last() {
            Some(row) if u64::from(found.count()) == left => row.number("row"),
            _ => after + ROWS,
        };
        if after >= last.first_number("n") {
            return Ok(Page { rows, next: None });
        }
        if u64::from(rows.count()) == limit || now_ms() >= until_ms {
            return Ok(Page {
                rows,
                next: Some(after),
            });
        }
    }
}
