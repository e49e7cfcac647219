//! Everything that is stored, page by page, for a copy elsewhere. Shares stay sealed.
//!
//! A page is one statement, so it is of one instant; between pages anything may change. A share keeps its place in the order
//! for as long as it exists: its user, kind, method, the time it was stored at and its id stay when it is replaced, restored, or
//! deleted and restored with its user. So a share that was there when the export began, and still is, is met when its place
//! comes, in whichever table it is then. One thing moves shares to another place: a restored user takes over what a webhook
//! registered meanwhile under the client's id. Then the export goes through everything once more.

mod place;

pub use place::Place;

use super::attempts::FULL;
use super::audit::{Actor, Event, Trail};
use super::sql::sql;
use super::{Change, Database, Statement};
use crate::error::{Error, Result};

/// A page ends with the record that takes it over this many characters of sealed text …
const PAGE_BYTES: u64 = 1024 * 1024;
/// … or with this many records …
const PAGE_ROWS: u64 = 400;
/// … or with the last record of this many users.
const PAGE_USERS: u64 = 60;
/// What a record counts besides its sealed text.
const RECORD_BYTES: u64 = 300;
/// How long the pages of an export are one audit event.
const EVENT_MS: u64 = 6 * 3_600_000;
/// How often an export goes through everything at most.
const PASSES: u64 = 3;

/// What the database holds, and whether shares moved to another place since the request ?1.
const END: &str = sql!("export_end");

/// A page of the export.
pub struct Page {
    /// Each a JSON object.
    pub records: Vec<String>,
    pub next: Next,
}

/// What follows upon a page.
pub enum Next {
    /// Another page of this database.
    Here(Place),
    /// This was the last page of the database; the next one, if there is one, goes on from here.
    Done(Place, Counts),
}

/// How much there is: shares with the history, and the deletions that can still be undone.
pub struct Counts {
    pub users: u64,
    pub deleted_users: u64,
    pub custodian_shares: u64,
    pub user_shares: u64,
}

/// Writes down how much has left in the export's event, if that is the operator's own of the last six hours: a made-up cursor leaves
/// an event of its own, and nobody adds to another operator's. The same page again, after a lost answer, writes the same.
const COUNT: &str = sql!("export_count");
const KNOWN: &str = sql!("export_known");

/// A request for a page of an export.
pub struct Export<'a> {
    /// Where the export is one audit event, over all databases: its first page leaves it, and every page writes down how much has left.
    pub events: &'a Database,
    pub trail: &'a Trail,
    pub operator: &'a str,
}

impl Export<'_> {
    /// The records behind a place of a database. `is_last`: no other database follows upon this one.
    pub async fn page(&self, db: &Database, mut after: Place, is_last: bool) -> Result<Page> {
        if after.pass == 0 {
            after.begun_ms = self.trail.now_ms;
            after.pass = 1;
            after.pass_id.clone_from(&self.trail.event_id);
        }
        let page = Statement::new(sql!("export_page"))
            .text(&after.user_id)
            .number(after.part)
            .text(&after.method)
            .text(&after.at)
            .text(&after.id)
            .number(after.begun_ms)
            .number(PAGE_USERS)
            .number(PAGE_ROWS)
            .number(PAGE_BYTES)
            .number(RECORD_BYTES)
            .text(&after.user);
        let rows = db.ask(page).await?;
        let rows = rows.read();
        after.left = after.left.with(&rows);
        let Some(last) = rows.last() else {
            return self.end(db, after, is_last).await;
        };
        self.note(&mut after, false).await?;
        let records = rows.iter().filter_map(|row| row.optional("record"));
        Ok(Page {
            records: records.collect(),
            next: Next::Here(after.moved_to(last)),
        })
    }

    /// The page behind the last record: everything once more, if shares moved to another place meanwhile.
    async fn end(&self, db: &Database, mut after: Place, is_last: bool) -> Result<Page> {
        let end = db.ask(Statement::new(END).text(&after.pass_id)).await?;
        let end = end.first().ok_or_else(|| Error::internal("no counts"))?;
        let again = end.flag("moved") && after.pass < PASSES;
        self.note(&mut after, is_last && !again).await?;
        let begun_anew = Place {
            event_id: after.event_id,
            left: after.left,
            ..Place::default()
        };
        let next = if again {
            Next::Here(Place {
                begun_ms: after.begun_ms,
                pass: after.pass + 1,
                pass_id: self.trail.event_id.clone(),
                ..begun_anew
            })
        } else {
            let counts = Counts {
                users: end.number("users"),
                deleted_users: end.number("deleted_users"),
                custodian_shares: end.number("custodian_shares"),
                user_shares: end.number("user_shares"),
            };
            Next::Done(begun_anew, counts)
        };
        Ok(Page {
            records: Vec::new(),
            next,
        })
    }

    /// Notes in the export's event how much has left; where there is none yet, leaves it.
    async fn note(&self, after: &mut Place, is_finished: bool) -> Result<()> {
        let Self {
            events,
            trail,
            operator,
        } = *self;
        let since = trail.now_ms.saturating_sub(EVENT_MS);
        let of_event = |sql, id: &str| Statement::new(sql).text(id).number(since).text(operator);
        let left = after.left.to_json(is_finished);
        let count = |id: &str| of_event(COUNT, id).text(&left);
        if !after.event_id.is_empty() {
            let counted = events.upkeep(count(&after.event_id)).await;
            let known = match counted {
                Ok(known) => known,
                // A full database takes no count; what is in it can be exported all the same.
                Err(error) if error.is_caused_by(&FULL) => {
                    events.ask(of_event(KNOWN, &after.event_id)).await?
                }
                Err(error) => return Err(error),
            };
            if !known.is_empty() {
                return Ok(());
            }
        }
        let event = trail.event(&Event {
            actor: Actor::Admin,
            action: "export",
            user_id: None,
            client_id: None,
            outcome: "exported",
        });
        let change = Change::new(&trail.event_id)
            .event(event)
            .then(count(&trail.event_id));
        events.change(change).await?;
        after.event_id.clone_from(&trail.event_id);
        Ok(())
    }
}
