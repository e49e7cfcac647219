//! What the scheduled handler and the operator's routes ask of all sealed rows: pages of them, in row order or by key; and
//! the removal of what is past its retention.
//!
//! A page is bounded by bytes as well as by rows: a share may be up to 512 KiB.

use js_sys::JsString;

use super::{Change, Database, Row, Rows, Statement, now};
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
    owner: String,
    pub backup_method: String,
}

impl SealedRow {
    fn read(row: &Row) -> Self {
        let user_id = row.text("user_id");
        let (kind, owner) = match row.text("kind").as_str() {
            "custodian" => (Kind::Custodian, row.text("client_id")),
            _ => (Kind::User, user_id.clone()),
        };
        Self {
            number: row.number("row"),
            id: row.text("id"),
            user_id,
            key_id: row.text("key_id"),
            envelope: row.sealed_share(),
            kind,
            owner,
            backup_method: row.text("backup_method"),
        }
    }

    /// The place that the row is sealed for.
    pub fn place(&self) -> Place<'_> {
        Place {
            kind: self.kind,
            owner: &self.owner,
            backup_method: &self.backup_method,
        }
    }
}

macro_rules! page_sql {
    ($rows:expr) => {
        concat!(
            "SELECT row, id, kind, user_id, client_id, backup_method, key_id, sealed_share FROM ( \
               SELECT *, sum(length(sealed_share)) OVER (ORDER BY row) - length(sealed_share) AS bytes_before FROM (",
            $rows,
            ")) WHERE bytes_before < ?3"
        )
    };
}
macro_rules! rows_of {
    ("custodian", $where:literal) => {
        rows_of!(
            "'custodian' AS kind, u.client_id",
            "custodian_backup_shares t JOIN users u ON u.id = t.user_id",
            $where
        )
    };
    ("user", $where:literal) => {
        rows_of!(
            "'user' AS kind, u.client_id",
            "user_backup_shares t JOIN users u ON u.id = t.user_id",
            $where
        )
    };
    ("versions", $where:literal) => {
        rows_of!("t.kind, t.client_id", "backup_share_versions t", $where)
    };
    ($owner:literal, $from:literal, $where:literal) => {
        concat!(
            "SELECT t.rowid AS row, t.id, ",
            $owner,
            ", t.user_id, t.backup_method, t.key_id, t.sealed_share FROM ",
            $from,
            " WHERE ",
            $where,
            " ORDER BY t.rowid LIMIT ?2"
        )
    };
}

/// The next rows of a table behind a row.
pub async fn page(db: &Database, table: Table, after: u64, limit: u64) -> Result<Vec<SealedRow>> {
    let sql = match table {
        Table::Custodian => page_sql!(rows_of!("custodian", "t.rowid > ?1")),
        Table::User => page_sql!(rows_of!("user", "t.rowid > ?1")),
        Table::Versions => page_sql!(rows_of!("versions", "t.rowid > ?1")),
    };
    let statement = Statement::new(sql).number(after).number(limit);
    read_page(db, statement.number(PAGE_BYTES)).await
}

pub(super) async fn read_page(db: &Database, statement: Statement) -> Result<Vec<SealedRow>> {
    let [rows] = db.read(vec![statement]).await?.rows()?;
    let rows: Vec<SealedRow> = rows.read().iter().map(SealedRow::read).collect();
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
    let sql = match table {
        Table::Custodian => page_sql!(rows_of!("custodian", "t.rowid > ?1 AND t.key_id = ?4")),
        Table::User => page_sql!(rows_of!("user", "t.rowid > ?1 AND t.key_id = ?4")),
        Table::Versions => page_sql!(rows_of!("versions", "t.rowid > ?1 AND t.key_id = ?4")),
    };
    let statement = Statement::new(sql)
        .number(after)
        .number(limit)
        .number(PAGE_BYTES)
        .text(key_id);
    read_page(db, statement).await
}

/// Puts a newly sealed text in the place of a row's, only if the row is still the version, under the key, that was
/// read: a backup that came meanwhile wins.
pub fn rewrap_statement(table: Table, row: &SealedRow, sealed: &Sealed) -> Statement {
    macro_rules! rewrap {
        ($table:literal, $also:literal) => {
            concat!(
                "UPDATE ",
                $table,
                " SET sealed_share = ?1, key_id = ?2, share_digest = ?3",
                $also,
                " \
                 WHERE rowid = ?4 AND id = ?5 AND key_id = ?6"
            )
        };
    }
    let statement = Statement::new(match table {
        Table::Custodian => rewrap!("custodian_backup_shares", ""),
        Table::User => rewrap!("user_backup_shares", ", text_digest = ?7"),
        Table::Versions => rewrap!("backup_share_versions", ""),
    })
    .js(&sealed.envelope)
    .text(&sealed.key_id)
    .js(&sealed.digest)
    .number(row.number)
    .text(&row.id)
    .text(&row.key_id);
    match table {
        Table::User => statement.js(&sealed.text_digest),
        Table::Custodian | Table::Versions => statement,
    }
}

/// How many rows of a table are the versions that were read, under the key of this id.
pub fn count_under_key_statement(table: Table, rows: &[&SealedRow], key_id: &str) -> Statement {
    macro_rules! count {
        ($table:literal) => {
            concat!(
                "SELECT count(*) AS n FROM json_each(?1) j JOIN ",
                $table,
                " t ON t.rowid = j.value ->> 0 AND t.id = j.value ->> 1 WHERE t.key_id = ?2"
            )
        };
    }
    let rows = json::array(
        rows.iter()
            .map(|row| format!("[{},{}]", row.number, json::quoted(&row.id))),
    );
    Statement::new(match table {
        Table::Custodian => count!("custodian_backup_shares"),
        Table::User => count!("user_backup_shares"),
        Table::Versions => count!("backup_share_versions"),
    })
    .text(&rows)
    .text(key_id)
}

/// The rows of all tables, roughly, without counting them.
pub async fn row_estimate(db: &Database) -> Result<u64> {
    const SQL: &str = "SELECT (SELECT coalesce(max(rowid), 0) FROM custodian_backup_shares) \
             + (SELECT coalesce(max(rowid), 0) FROM user_backup_shares) \
             + (SELECT coalesce(max(rowid), 0) FROM backup_share_versions) AS n";
    let [rows] = db.read(vec![Statement::new(SQL)]).await?.rows()?;
    Ok(first_count(&rows))
}

/// Counts the user shares in the range of rows from ?1 to ?2 that are half-finished backups; `sql/half_finished_page.sql` names them.
macro_rules! half_finished_sql {
    () => {
        "SELECT count(*) AS n FROM user_backup_shares s WHERE s.rowid BETWEEN ?1 AND ?2 \
         AND EXISTS (SELECT 1 FROM custodian_backup_shares c WHERE c.user_id = s.user_id \
           AND (c.method = s.method \
             OR substr(c.method, 1, length(s.method) + 1) = s.method || '-' COLLATE NOCASE) \
           AND (c.updated_at > s.updated_at OR c.backup_share_pair_id <> s.backup_share_pair_id))"
    };
}

pub(crate) use half_finished_sql;

/// How many of the user shares in a range of rows are half-finished backups.
pub async fn half_finished(db: &Database, first_row: u64, last_row: u64) -> Result<u64> {
    let range = Statement::new(half_finished_sql!());
    let [rows] = db
        .read(vec![range.number(first_row).number(last_row)])
        .await?
        .rows()?;
    Ok(first_count(&rows))
}

pub fn first_count(rows: &Rows) -> u64 {
    rows.first().map_or(0, |row| row.number("n"))
}

/// The note of how far the scrub has come.
const SCRUB_NOTE: &str = "scrub";

pub(super) fn scrub_note() -> Statement {
    Statement::new("SELECT value FROM meta WHERE name = ?1").text(SCRUB_NOTE)
}

/// The note that the scrub's last run left for the next.
pub async fn read_scrub_note(db: &Database) -> Result<Option<String>> {
    let [rows] = db.read(vec![scrub_note()]).await?.rows()?;
    Ok(rows.first_text("value"))
}

pub async fn write_scrub_note(db: &Database, value: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    let note = Statement::new(SQL).text(SCRUB_NOTE).text(value);
    db.change(Change::upkeep(note)).await.map(drop)
}

/// Removes audit events made before a time, at most `limit`. Answers with how many.
pub async fn purge_audit(db: &Database, before_ms: u64, limit: u64) -> Result<u32> {
    const SQL: &str = "DELETE FROM audit_events WHERE id IN \
         (SELECT id FROM audit_events WHERE id < ?1 ORDER BY id LIMIT ?2) RETURNING 1 AS gone";
    let purge = Statement::new(SQL)
        .text(&least_id_at(before_ms))
        .number(limit);
    let [rows] = db.change(Change::upkeep(purge)).await?.rows()?;
    Ok(rows.count())
}

/// Forgets deleted users past the retention; their shares go with the history.
pub async fn purge_deleted_users(db: &Database, retention_days: u32) -> Result<()> {
    const SQL: &str = concat!(
        "DELETE FROM deleted_users WHERE deleted_at < strftime('%Y-%m-%dT%H:%M:%fZ', ",
        now!(),
        ", '-' || ?1 || ' days')"
    );
    let purge = Statement::new(SQL).text(&retention_days.to_string());
    db.change(Change::upkeep(purge)).await.map(drop)
}
