//! The audit trail: who did what to which user's backup, when, from where, with what outcome. Never a share.
//!
//! An event is written in the same batch as what it records, so that no share leaves and none is replaced without it.
//! Its id is made once per request: by it a batch that is sent again is known to have been carried out.

use super::sql::sql;
use super::{Change, Database, Page, Row, Statement};
use crate::domain::names::{UserId, least_id_at, new_id};
use crate::domain::role::Role;
use crate::error::Result;
use crate::platform::now_ms;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    Portal,
    Client,
    Admin,
    /// The scheduled handler.
    System,
}

impl Actor {
    pub const fn as_str(self) -> &'static str {
        match self {
            Actor::Portal => "portal",
            Actor::Client => "client",
            Actor::Admin => "admin",
            Actor::System => "system",
        }
    }
}

/// The operator whose request it is.
pub struct By {
    /// Who asked for it.
    pub operator: String,
    /// Where another one had to approve it.
    pub approval: Option<Approval>,
    pub reason: Option<String>,
}

/// A second operator's approval of a request that waited.
pub struct Approval {
    /// The request's.
    pub id: String,
    pub by: String,
    pub role: Role,
}

/// What a request is known by in the audit trail.
#[derive(Debug, Clone)]
pub struct Trail {
    /// UUID v7. Also the id of the version of a share that the request stores.
    pub event_id: String,
    pub now_ms: u64,
    pub request_id: String,
    pub source_address: Option<String>,
}

impl Trail {
    /// A statement that begins with the parameters ?1 to ?4 of every event: id, time, request id, source address.
    pub fn statement(&self, sql: &'static str) -> Statement {
        Statement::new(sql)
            .text(&self.event_id)
            .number(self.now_ms)
            .text(&self.request_id)
            .optional(self.source_address.as_deref())
    }

    /// The ids of the requests that began after this one. They have an end, so that a clock that was far ahead somewhere shuts
    /// nobody out.
    pub fn later(&self) -> [String; 2] {
        [1, 120_000].map(|ms| least_id_at(self.now_ms + ms))
    }

    /// The same request, begun now.
    pub fn begun_anew(&self) -> Result<Self> {
        let now_ms = now_ms();
        Ok(Self {
            event_id: new_id(now_ms)?,
            now_ms,
            ..self.clone()
        })
    }

    /// An event whose parts are all known beforehand.
    pub fn event(&self, event: &Event) -> Statement {
        const SQL: &str = sql!("audit_event");
        self.statement(SQL)
            .text(event.actor.as_str())
            .text(event.action)
            .optional(event.user_id)
            .optional(event.client_id)
            .text(event.outcome)
    }
}

/// An event for [`Trail::event`].
#[derive(Clone, Copy)]
pub struct Event<'a> {
    pub actor: Actor,
    pub action: &'a str,
    pub user_id: Option<&'a str>,
    pub client_id: Option<&'a str>,
    pub outcome: &'a str,
}

/// What `GET /audit` asks for.
pub struct Query<'a> {
    pub user_id: Option<&'a str>,
    pub action: Option<&'a str>,
    pub outcome: Option<&'a str>,
    /// Who asked for it, or approved it.
    pub operator: Option<&'a str>,
    pub since_ms: Option<u64>,
    /// Events of this millisecond are the last.
    pub until_ms: Option<u64>,
    /// The id that the page before ended with.
    pub before: Option<&'a str>,
    pub limit: u64,
    /// When the search gives up, in milliseconds since 1970: whoever asked waits for the answer.
    pub search_until_ms: u64,
}

/// How many events one statement looks at, at most, in search of those that are asked for: the first, and each further one.
const EXAMINED: u64 = 5_000;
const EXAMINED_FURTHER: u64 = 50_000;
/// How many a page looks at in all.
const EXAMINED_IN_ALL: u64 = 1_000_000;
/// Sorts behind every UUID.
const LAST_ID: &str = "g";

/// A page of events, the newest first.
///
/// The ids sort by time, so a page is a range of the primary key, or of one user's index entries. What is asked for is looked for
/// in one part of that range after the other, until there is a row, or the end is reached. So a page may be short, but an empty
/// one is the last; unless a million events, or the time, were not enough: then its cursor goes on.
pub async fn list(db: &Database, query: &Query<'_>) -> Result<Page> {
    let to = query.until_ms.map(|ms| least_id_at(ms + 1));
    let mut before = match (query.before, to) {
        (Some(before), Some(to)) => before.min(&to).to_owned(),
        (Some(before), None) => before.to_owned(),
        (None, Some(to)) => to,
        (None, None) => LAST_ID.to_owned(),
    };
    let (mut part, mut in_all) = (EXAMINED, 0);
    loop {
        let page = search(db, query, &before, part).await?;
        in_all += part;
        match page.cursor {
            Some(cursor)
                if page.rows.is_empty()
                    && in_all < EXAMINED_IN_ALL
                    && now_ms() < query.search_until_ms =>
            {
                before = cursor;
                part = EXAMINED_FURTHER;
            }
            _ => return Ok(page),
        }
    }
}

/// The events that fit, of the `part` that come before an id.
async fn search(db: &Database, query: &Query<'_>, before: &str, part: u64) -> Result<Page> {
    let from = query.since_ms.map(least_id_at).unwrap_or_default();
    let range = |sql, limit| Statement::new(sql).text(before).text(&from).number(limit);
    let filters = [query.action, query.operator, query.outcome];
    let filtered = |sql| {
        filters
            .into_iter()
            .fold(range(sql, query.limit), Statement::optional)
    };
    let is_search = filters.iter().any(Option::is_some);
    let (events, searched) = match query.user_id {
        Some(user_id) => (filtered(sql!("audit_of_user")).text(user_id), 0),
        None if is_search => (filtered(sql!("audit_search")).number(part), part),
        None => (filtered(sql!("audit_search")).number(query.limit), 0),
    };
    let [rows, examined] = db
        .read(vec![events, range(sql!("audit_examined"), searched)])
        .await?
        .rows()?;
    rows.parse_column("counts");
    let full = u64::from(rows.count()) == query.limit;
    let cursor = if full {
        rows.last().map(|event| event.text("id"))
    } else {
        // A short page whose search came to its bound has a next one; one that came to the last event has none.
        let bounded = |last: &Row| searched > 0 && last.number("examined") == searched;
        examined.first().filter(bounded).map(|last| last.text("id"))
    };
    Ok(Page { rows, cursor })
}

/// Leaves the event of what no transaction notes: of the whole service, or of a user (id, client id).
pub async fn note(
    action: &str,
    db: &Database,
    trail: &Trail,
    user: Option<(&str, &str)>,
    outcome: &str,
) -> Result<()> {
    let event = trail.event(&Event {
        actor: Actor::Admin,
        action,
        user_id: user.map(|(id, _)| id),
        client_id: user.map(|(_, client_id)| client_id),
        outcome,
    });
    db.note(Change::new(&trail.event_id).event(event)).await
}

/// Notes that an operator looks at what there is of a user: once for each operator, user and quarter of an hour. An event of
/// its own, for what is read may leave another.
pub async fn note_view(
    db: &Database,
    trail: &Trail,
    operator: &str,
    user_id: &UserId,
) -> Result<()> {
    const QUARTER_MS: u64 = 15 * 60 * 1_000;
    const SQL: &str = sql!("audit_view");
    let view = Trail {
        event_id: new_id(trail.now_ms)?,
        ..trail.clone()
    };
    let since = least_id_at(trail.now_ms.saturating_sub(QUARTER_MS));
    let statement = view
        .statement(SQL)
        .text(user_id.as_str())
        .text(operator)
        .text(&since);
    db.note(Change::new(&view.event_id).then(statement)).await
}
