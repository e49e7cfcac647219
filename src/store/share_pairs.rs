//! The backup share pairs whose custodian shares are here, current and in the history.

use js_sys::JsString;

use super::sql::sql;
use super::{Database, Row, Statement, meta};
use crate::error::Result;

/// A custodian share of one client.
pub struct Custodian {
    pub backup_method: String,
    pub stored_at: String,
    pub is_current: bool,
    /// None: it was not known when the share was stored; then it may stand in the share.
    pub pair_id: Option<String>,
    pub key_id: String,
    /// The sealed share, where the pair is to be looked for in it. None: there was no more room for it.
    pub envelope: Option<JsString>,
}

/// So many versions of the history are read at most (`sql/pairs_shares.sql`).
pub const MOST_VERSIONS: usize = 2_000;
/// So many characters of sealed shares are read at most.
const MOST_CHARS: u64 = 8_000_000;

/// The custodian shares of a user's client, the current ones first. Of a user who is deleted, those of the history.
pub async fn custodian_shares(
    db: &Database,
    user_id: &str,
    client_id: &str,
) -> Result<Vec<Custodian>> {
    let shares = Statement::new(sql!("pairs_shares"))
        .text(user_id)
        .text(client_id)
        .number(MOST_CHARS);
    let rows = db.ask(shares).await?;
    Ok(rows.each(|row| Custodian {
        backup_method: row.text("backup_method"),
        stored_at: row.text("stored_at"),
        is_current: row.flag("is_current"),
        pair_id: row.optional("pair_id"),
        key_id: row.text("key_id"),
        envelope: row.has("sealed_share").then(|| row.sealed_share()),
    }))
}

/// A user whose client Portal is asked about.
pub struct Sampled {
    pub user_id: String,
    pub client_id: String,
}

/// The next users behind the one that was looked at last, and, behind the last of all, the first again.
pub async fn sample(db: &Database, limit: u64) -> Result<Vec<Sampled>> {
    let next = Statement::new(sql!("pairs_sample")).number(limit);
    let rows = db.ask(next).await?;
    let read = |row: &Row| Sampled {
        user_id: row.text("id"),
        client_id: row.text("client_id"),
    };
    Ok(rows.each(read))
}

/// Notes which user was looked at last.
pub async fn keep_place(db: &Database, user_id: &str) -> Result<()> {
    db.upkeep(meta::put("portal_pairs", user_id))
        .await
        .map(drop)
}

/// Whether the user is still here: not deleted, purged or moved meanwhile.
pub async fn is_here(db: &Database, user: &Sampled) -> Result<bool> {
    const SQL: &str = "SELECT 1 FROM users WHERE id = ?1 AND client_id = ?2";
    let user = Statement::new(SQL)
        .text(&user.user_id)
        .text(&user.client_id);
    let rows = db.ask(user).await?;
    Ok(!rows.is_empty())
}
