//! Key rotation: sealing what is under an older key again under the current one.

use super::Budget;
use crate::error::Result;
use crate::store::audit::{Actor, Event};
use crate::store::maintenance::{self as store, SealedRow, TABLES, Table};
use crate::store::status::key_use;
use crate::store::{Change, Database};
use crate::vault::Vault;

const ROWS_PER_PAGE: u64 = 50;

pub struct Rewrapped {
    pub rewrapped: u64,
    pub remaining: u64,
}

/// Seals up to `limit` rows that are under an older key again under the current one, as far as the budget goes. A row that does
/// not open stays as it is; scrubbing reports it. (What opens behind some ten thousand such rows waits for them to go.)
pub async fn rewrap(
    db: &Database,
    first: &Database,
    vault: &Vault,
    limit: u64,
    budget: Budget,
    actor: Actor,
) -> Result<Rewrapped> {
    let old_keys: Vec<&str> = vault.key_ids().skip(1).collect();
    if !old_keys.is_empty() {
        super::ensure_canary(db, first, vault).await?; // Nothing good is sealed again with wrong bytes.
    }
    let mut rewrapped = 0;
    for table in TABLES {
        for key_id in &old_keys {
            let mut after = 0;
            while rewrapped < limit && !budget.is_spent(db) {
                let rows = store::page_under_key(db, table, key_id, after, ROWS_PER_PAGE).await?;
                let Some(last) = rows.last() else { break };
                after = last.number;
                rewrapped += rewrap_page(db, vault, table, &rows, limit - rewrapped, actor).await?;
            }
        }
    }
    let remaining = if old_keys.is_empty() {
        0
    } else {
        let in_use = key_use(db).await?;
        in_use
            .iter()
            .filter(|key| old_keys.contains(&key.id.as_str()))
            .map(|key| key.shares)
            .sum()
    };
    Ok(Rewrapped {
        rewrapped,
        remaining,
    })
}

/// Of these rows, up to `limit` that open.
async fn rewrap_page(
    db: &Database,
    vault: &Vault,
    table: Table,
    rows: &[SealedRow],
    limit: u64,
    actor: Actor,
) -> Result<u64> {
    let trail = super::background_trail()?;
    let mut change = Change::new(&trail.event_id);
    let mut sealed_again = Vec::with_capacity(rows.len());
    for row in rows {
        if sealed_again.len() as u64 == limit {
            break;
        }
        let place = row.place();
        if let Some(share) = vault.open_bytes(place, &row.key_id, &row.envelope).await {
            let sealed = vault.seal(place, &share).await?;
            change = change.then(store::rewrap_statement(table, row, &sealed));
            sealed_again.push(row);
        }
    }
    if sealed_again.is_empty() {
        return Ok(0);
    }
    let event = trail.event(&Event {
        actor,
        action: "rewrap_shares",
        user_id: None,
        client_id: None,
        outcome: "rewrapped",
    });
    let key_id = vault.current_key_id();
    let count = store::count_under_key_statement(table, &sealed_again, key_id);
    let [count] = db.change(change.event(event).read(count)).await?.rows()?;
    Ok(count.first_number("n"))
}
