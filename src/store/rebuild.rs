//! What a rebuild from the second copy writes, and how it compares the copy with a database.

use js_sys::JsString;

use super::sql::sql;
use super::{Change, Database, Row, Statement};
use crate::error::Result;

/// Rows of the copy as JSON arrays of its objects; of a version with the time and the reason that the replay found.
pub struct Rows {
    pub users: JsString,
    pub deleted: JsString,
    pub custodian: JsString,
    pub user: JsString,
    pub versions: JsString,
}

/// How the writes are meant.
pub enum Mode<'a> {
    /// Into a database that is the copy's next: its writes are in the copy already, so they leave no notes.
    Into { epoch: &'a str, identity: &'a str },
    /// Into the database that the copy is made of: what it lacks.
    Merge {
        /// When the page began: see [`begin_page`].
        begun_at: &'a str,
        /// The users whose rows these are, a JSON array of ids.
        user_ids: &'a str,
    },
}

/// Begins a page of a merge, before it looks at the copy. Returns the time, by the database's clock. The page writes nothing for users from whom
/// something is taken away after that time.
pub async fn begin_page(db: &Database) -> Result<String> {
    let begun = db.upkeep(Statement::new(sql!("merge_page_begin"))).await?;
    Ok(begun.first_text("at").unwrap_or_default())
}

/// Writes what the database does not have; what it has stays. Carried out twice, it does the same. Returns the ids of the users whom a merge leaves out.
pub async fn write(db: &Database, mode: &Mode<'_>, rows: &Rows) -> Result<Vec<String>> {
    let with = |sql, items: &JsString| Statement::new(sql).js(items);
    let deleted = with(sql!("rebuild_deleted"), &rows.deleted);
    let others = [
        with(sql!("rebuild_users"), &rows.users),
        with(sql!("rebuild_custodian"), &rows.custodian),
        with(sql!("rebuild_user"), &rows.user),
        with(sql!("rebuild_versions"), &rows.versions),
    ];
    let end = Statement::new(sql!("rebuild_end"));
    match mode {
        Mode::Into { epoch, identity } => {
            let begin = Statement::new(sql!("rebuild_begin"));
            let change = Change::upkeep(begin.text(epoch).text(identity)).read(deleted);
            let change = others.into_iter().fold(change, Change::read).read(end);
            db.change(change).await?;
            Ok(Vec::new())
        }
        Mode::Merge { begun_at, user_ids } => {
            let begin = Statement::new(sql!("merge_begin")).text(begun_at);
            let left_out = Statement::new(sql!("merge_left_out")).text(user_ids);
            let change = Change::upkeep(begin).read(left_out).read(deleted).read(end);
            let change = others.into_iter().fold(change, Change::read);
            let change = change
                .read(Statement::new(sql!("merge_note_versions")))
                .read(Statement::new(sql!("merge_end")));
            let [_, left_out, ..]: [_; 10] = db.change(change).await?.rows()?;
            Ok(left_out.texts("user_id"))
        }
    }
}

/// Something that the copy and the database have not alike.
pub struct Difference {
    pub user_id: String,
    pub kind: String,
    /// A version's id, or when a user was deleted.
    pub id: String,
    pub wrong: String,
}

/// How all rows of these users (a JSON array of ids) differ. Users with changes that are not copied yet are left out.
pub async fn compare(db: &Database, user_ids: &str, rows: &Rows) -> Result<Vec<Difference>> {
    let with = |sql, items: &JsString| Statement::new(sql).js(items).text(user_ids);
    let results = db
        .read(vec![
            with(sql!("compare_users"), &rows.users),
            with(sql!("compare_deleted"), &rows.deleted),
            with(sql!("compare_custodian"), &rows.custodian),
            with(sql!("compare_user"), &rows.user),
            with(sql!("compare_versions"), &rows.versions),
        ])
        .await?;
    let read = |row: &Row| Difference {
        user_id: row.text("user_id"),
        kind: row.text("kind"),
        id: row.text("id"),
        wrong: row.text("wrong"),
    };
    let differences = results
        .all()
        .iter()
        .flat_map(|rows| rows.each(read))
        .collect();
    Ok(differences)
}

/// How much a database holds.
pub struct Totals {
    pub users: u64,
    pub shares: u64,
    pub versions: u64,
    pub deleted: u64,
    /// Notes that wait.
    pub pending: u64,
}

pub async fn totals(db: &Database) -> Result<Totals> {
    let sql = sql!("compare_totals");
    let rows = db.ask(Statement::new(sql)).await?;
    let number = |column| rows.first_number(column);
    Ok(Totals {
        users: number("users"),
        shares: number("shares"),
        versions: number("versions"),
        deleted: number("deleted"),
        pending: number("pending"),
    })
}

/// The next users behind an id, registered or deleted, and whether each has changes that are not copied yet.
pub async fn owners(db: &Database, after: &str, limit: u64) -> Result<Vec<(String, bool)>> {
    let sql = sql!("compare_owners");
    let owners = Statement::new(sql).text(after).number(limit);
    let rows = db.ask(owners).await?;
    Ok(rows.each(|row| (row.text("id"), row.flag("waits"))))
}
