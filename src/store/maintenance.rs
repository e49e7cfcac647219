//! What the scheduled handler and the operator's routes ask of all sealed rows: pages of them, in row order or by key; and
//! the removal of what is past its retention.
//!
//! A page is bounded by bytes as well as by rows: a share may be up to 512 KiB.

use js_sys::JsString;

use super::sql::sql;
use super::{Change, Database, Row, Statement, meta};
use crate::domain::json;
use crate::domain::names::least_id_at;
use crate::domain::sealing::{Kind, Place};
use crate::error::Result;
use crate::vault::Sealed;

/// A table that holds sealed shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    Custodian,
    User,
    Versions,
}

pub const TABLES: [Table; 3] = [Table::Custodian, Table::User, Table::Versions];

impl Table {
    pub const fn name(self) -> &'static str {
        match self {
            Table::Custodian => "custodian_backup_shares",
            Table::User => "user_backup_shares",
            Table::Versions => "backup_share_versions",
        }
    }
}

/// Pages end after the row that takes them over this many characters of sealed text.
const PAGE_BYTES: u64 = 1_000_000;

/// A sealed row, with all that its place is made of.
pub struct SealedRow {
    pub number: u64,
    /// The version's.
    pub id: String,
    pub user_id: String,
    pub key_id: String,
    pub envelope: JsString,
    kind: Kind,
    client_id: String,
    pub backup_method: String,
}

impl SealedRow {
    /// Whether an object of the second copy is about this row's kind and method.
    pub fn is_told_by(&self, object: &Row) -> bool {
        object.kind() == self.kind
            && object
                .text("backupMethod")
                .eq_ignore_ascii_case(&self.backup_method)
    }

    pub(super) fn read(row: &Row) -> Self {
        Self {
            number: row.number("row"),
            id: row.text("id"),
            user_id: row.text("user_id"),
            key_id: row.text("key_id"),
            envelope: row.sealed_share(),
            kind: row.kind(),
            client_id: row.text("client_id"),
            backup_method: row.text("backup_method"),
        }
    }

    /// The place that the row is sealed for.
    pub fn place(&self) -> Place<'_> {
        Place::of(
            self.kind,
            &self.client_id,
            &self.user_id,
            &self.backup_method,
        )
    }
}

/// The next rows of a table behind a row.
pub async fn page(db: &Database, table: Table, after: u64, limit: u64) -> Result<Vec<SealedRow>> {
    let page = page_of(sql!("rows_page"), table, after, limit);
    read_page(db, page).await
}

fn page_of(sql: &'static str, table: Table, after: u64, limit: u64) -> Statement {
    Statement::new(sql)
        .text(table.name())
        .number(after)
        .number(limit)
        .number(PAGE_BYTES)
}

pub(super) async fn read_page(db: &Database, statement: Statement) -> Result<Vec<SealedRow>> {
    let rows = db.ask(statement).await?;
    let rows = rows.each(SealedRow::read);
    let lengths = rows.iter().map(|row| u64::from(row.envelope.length()));
    db.spent().add(0, lengths.sum());
    Ok(rows)
}

/// The next rows of a table, behind a row, that are sealed under a key.
pub async fn page_under_key(
    db: &Database,
    table: Table,
    key_id: &str,
    after: u64,
    limit: u64,
) -> Result<Vec<SealedRow>> {
    let page = page_of(sql!("rows_page_under_key"), table, after, limit);
    read_page(db, page.text(key_id)).await
}

/// Puts a newly sealed text in the place of a row's, only if the row is still the version, under the key, that was
/// read: a backup that came meanwhile wins.
pub fn rewrap_statement(table: Table, row: &SealedRow, sealed: &Sealed) -> Statement {
    let statement = Statement::new(match table {
        Table::Custodian => sql!("rows_rewrap_custodian"),
        Table::User => sql!("rows_rewrap_user"),
        Table::Versions => sql!("rows_rewrap_versions"),
    })
    .js(&sealed.envelope)
    .text(&sealed.key_id)
    .text(sealed.digest())
    .number(row.number)
    .text(&row.id)
    .text(&row.key_id);
    match table {
        Table::User => statement.text(sealed.text_digest()),
        Table::Custodian | Table::Versions => statement,
    }
}

/// How many rows of a table are the versions that were read, under the key of this id.
pub fn count_under_key_statement(table: Table, rows: &[&SealedRow], key_id: &str) -> Statement {
    let rows = json::array(
        rows.iter()
            .map(|row| format!("[{},{}]", row.number, json::quoted(&row.id))),
    );
    Statement::new(sql!("rows_count_under_key"))
        .text(table.name())
        .text(&rows)
        .text(key_id)
}

/// The rows of all tables, roughly, without counting them.
pub async fn row_estimate(db: &Database) -> Result<u64> {
    const SQL: &str = sql!("rows_estimate");
    let rows = db.ask(Statement::new(SQL)).await?;
    Ok(rows.first_number("n"))
}

/// How many of the user shares in a range of rows are half-finished backups.
pub async fn half_finished(db: &Database, first_row: u64, last_row: u64) -> Result<u64> {
    let range = Statement::new(sql!("half_finished_count"));
    let range = range.number(first_row).number(last_row).raw("null");
    let rows = db.ask(range).await?;
    Ok(rows.first_number("n"))
}

/// The note of how far the scrub has come.
const SCRUB_NOTE: &str = "scrub";

pub(super) fn scrub_note() -> Statement {
    meta::get(SCRUB_NOTE)
}

/// The note that the scrub's last run left for the next.
pub async fn read_scrub_note(db: &Database) -> Result<Option<String>> {
    let rows = db.ask(scrub_note()).await?;
    Ok(rows.first_text("value"))
}

pub async fn write_scrub_note(db: &Database, value: &str) -> Result<()> {
    db.upkeep(meta::put(SCRUB_NOTE, value)).await.map(drop)
}

/// Removes audit events made before a time, at most `limit`. Answers with how many.
pub async fn purge_audit(db: &Database, before_ms: u64, limit: u64) -> Result<u32> {
    const SQL: &str = sql!("audit_expire");
    let purge = Statement::new(SQL)
        .text(&least_id_at(before_ms))
        .number(limit);
    let rows = db.upkeep(purge).await?;
    Ok(rows.count())
}

/// Forgets deleted users past the retention, whose shares go with the history, and who was left out of a merge that is over.
pub async fn purge_deleted_users(db: &Database, retention_days: u32) -> Result<()> {
    const SQL: &str = sql!("deleted_users_expire");
    let purge = Statement::new(SQL).text(&retention_days.to_string());
    let purge = Change::upkeep(purge).read(Statement::new(sql!("merge_taken_expire")));
    db.change(purge).await.map(drop)
}
