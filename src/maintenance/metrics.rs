//! The daily figures: events counted from the audit trail, sizes, and alarms.

use super::Scrub;
use crate::alerts;
use crate::error::Result;
use crate::platform::now_ms;
use crate::store::metrics::{self as store, Figure};
use crate::store::{Database, approvals, status};

/// Up to so many rows, shares are counted at every run.
const FEW_ROWS: u64 = 50_000;

/// What a run adds to the figures. The newest day's figures are what `GET /metrics` shows, so all of them are kept at every
/// run; those that take a count are as old as the last one.
pub(super) async fn count(db: &Database) -> Result<()> {
    store::count_events(db, now_ms()).await?;
    let mut figures = if store::count_is_due(db, FEW_ROWS).await? {
        let figures = share_figures(db).await?;
        store::shares_were_counted(db).await?;
        figures
    } else {
        store::totals(db).await?.figures
    };
    let bytes = Figure {
        name: format!("database_bytes:{}", db.which().binding()),
        value: db.bytes(),
    };
    figures.retain(|figure| figure.name != bytes.name);
    figures.push(bytes);
    store::keep_figures(db, &figures).await?;
    approvals::forget_old(db).await?;
    alerts::keep_alarms(db).await
}

async fn share_figures(db: &Database) -> Result<Vec<Figure>> {
    let found = status::status(db).await?;
    let scrub = Scrub::of(found.scrub_note);
    let figure = |name: &str, value| Figure {
        name: name.to_owned(),
        value,
    };
    let mut figures = vec![
        figure("users", found.users),
        figure("shares", found.shares),
        figure(
            "half_finished",
            found.half_finished.unwrap_or_else(|| scrub.half_finished()),
        ),
        figure("scrub_checked", scrub.checked()),
        figure("scrub_failed", scrub.failed()),
        figure("scrub_timestamp_seconds", scrub.at_ms / 1_000),
    ];
    let of_key = |key: &status::KeyUse| figure(&format!("key_shares:{}", key.id), key.shares);
    figures.extend(found.keys.iter().map(of_key));
    Ok(figures)
}
