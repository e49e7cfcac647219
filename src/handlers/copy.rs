//! The operators' routes about the second copy and the escrow of the keys.

use crate::auth::admin::Admin;
use crate::config::{self, Copies};
use crate::domain::journal;
use crate::domain::json::{self, Writer};
use crate::domain::rebuild::{Escrow, Mode, RebuildRequest, escrow_index, parse_escrows};
use crate::error::{Code, Error, Result};
use crate::handlers::health::check_keys_everywhere;
use crate::http::{Answer, Call};
use crate::maintenance::Target;
use crate::maintenance::rebuild::{self, Page, Work};
use crate::maintenance::sample::Sampled;
use crate::store::changes::Copying;
use crate::store::rebuild::{Difference, totals};
use crate::store::{Database, Which, audit, enrolment, escrow, health};

/// `POST /admin/rebuild`: a page of a rebuild from the copy, or of a comparison with it.
pub async fn rebuild(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let request = RebuildRequest::parse(&call.json_body().await?)?;
    let copier = call.copier.as_ref().ok_or_else(|| {
        Error::conflict(
            "There is no second copy: no R2 bucket is bound as COPY (docs/second-copy.md).",
        )
    })?;
    call.homes.check_number(request.home)?;
    let db = &match &request.into {
        Some(name) => named(call, name)?,
        None => call.homes.home(request.home).await?,
    };
    let source = copier.copies.of_home(request.home);
    let done = work(&request, &source, db, call);
    done.await.map_err(|error| {
        if error.is_caused_by(&["no such table", "no such column"]) {
            return Error::new(
                Code::Misconfigured,
                "This database has no schema, or an older one. Apply the migrations to it.",
            );
        }
        error
    })
}

fn named(call: &Call<'_>, name: &str) -> Result<Database> {
    let db = config::database_named(call.bindings, name);
    db.map(|db| Database::for_background(db, Which::Unknown(0)))
        .ok_or_else(|| Error::field("into", "name the binding of a D1 database"))
}

async fn work(
    request: &RebuildRequest,
    source: &Target,
    db: &Database,
    call: &Call<'_>,
) -> Result<Answer> {
    let is_many = call.homes.are_many();
    let is_into = matches!(request.mode, Mode::Into | Mode::Done)
        || request.mode == Mode::Begin && request.into.is_some();
    if is_many && is_into {
        enrolment::may_become(db, request.home).await?;
    }
    if matches!(request.mode, Mode::Into | Mode::Merge) && request.cursor.is_empty() {
        let (db, trail) = (&db.on_behalf_of(call.db), &call.trail);
        audit::note("rebuild", db, trail, None, "rebuilt").await?;
    }
    let work = match request.mode {
        Mode::Into => Work::Into(db),
        Mode::Done => {
            let binding = request.into.as_deref().unwrap_or_default();
            let takes_over = call.homes.rebuilt(request.home, db, binding).await?;
            let told = Writer::default()
                .number("home", request.home.into())
                .flag("takesOver", takes_over);
            return Ok(Answer::ok(told));
        }
        Mode::Begin => {
            let work = match request.into {
                Some(_) => Work::Into(db),
                None => Work::Merge(db),
            };
            let begun = rebuild::begin(source, &work).await?;
            let told = Writer::default()
                .number("epoch", begun.epoch)
                .text("identity", &begun.identity)
                .number("pending", begun.pending);
            return Ok(Answer::ok(told));
        }
        Mode::Merge => Work::Merge(db),
        Mode::Check => Work::Check(db),
        Mode::Totals => {
            let totals = totals(db).await?;
            let told = Writer::default()
                .number("users", totals.users)
                .number("shares", totals.shares)
                .number("versions", totals.versions)
                .number("deleted", totals.deleted)
                .number("pending", totals.pending);
            return Ok(Answer::ok(told));
        }
        Mode::Uncopied => {
            let (users, cursor) = rebuild::uncopied(db, source, &request.cursor).await?;
            let told = Writer::default()
                .raw("users", &json::texts(users.iter().map(String::as_str)))
                .optional("cursor", cursor.as_deref());
            return Ok(Answer::ok(told));
        }
    };
    let page = rebuild::page(
        source,
        call.vault,
        call.homes,
        &work,
        &request.shard,
        &request.cursor,
    )
    .await?;
    Ok(Answer::json(200, &page_json(&page)))
}

fn page_json(page: &Page) -> String {
    let difference = |found: &Difference| {
        Writer::default()
            .text("userId", &found.user_id)
            .text("kind", &found.kind)
            .text("id", &found.id)
            .text("wrong", &found.wrong)
            .end()
    };
    let number = |number: usize| number as u64;
    let texts = |texts: &[String]| json::texts(texts.iter().map(String::as_str));
    Writer::default()
        .number("objects", number(page.objects))
        .number("users", number(page.users))
        .number("shares", number(page.shares))
        .number("versions", number(page.versions))
        .number("deleted", number(page.deleted))
        .number("purged", number(page.purged))
        .raw("damaged", &texts(&page.damaged))
        .raw("unopened", &texts(&page.unopened))
        .raw(
            "differences",
            &json::array(page.differences.iter().map(difference)),
        )
        .raw("leftOut", &texts(&page.left_out))
        .optional("cursor", page.cursor.as_deref())
        .end()
}

/// `copy` in `GET /admin/status`, of all databases together.
pub fn status_json(homes: &[Copying]) -> String {
    let sum = |number: fn(&Copying) -> u64| homes.iter().map(number).sum();
    let most = |number: fn(&Copying) -> u64| homes.iter().map(number).max().unwrap_or_default();
    let oldest = homes
        .iter()
        .filter_map(|home| home.oldest_at.as_deref())
        .min();
    let last = homes
        .iter()
        .filter_map(|home| home.copied_at.as_deref())
        .max();
    let sampled = homes
        .iter()
        .map(|home| Sampled::of(home.sampled.as_deref()))
        .fold(Sampled::default(), Sampled::and);
    let sampled = Writer::default()
        .number("checked", sampled.checked)
        .number("missing", sampled.missing)
        .number("unopened", sampled.unopened);
    Writer::default()
        .number("pending", sum(|home| home.pending))
        .optional("oldestPendingAt", oldest)
        .number("lagSeconds", most(|home| home.lag_seconds))
        .optional("lastCopiedAt", last)
        .number("epoch", most(|home| home.epoch))
        .number("objects", sum(|home| home.seq.saturating_sub(home.pending)))
        .raw("sampled", &sampled.end())
        .end()
}

/// `POST /admin/keys/escrow`: keeps the sealing keys, each inside an age file that only its recipients can open.
///
/// 1. The body.
/// 2. They must be the Worker's keys, each once: the index names them as all that the setting needs.
/// 3. They must be the keys that shares are sealed with. A wrong one would take the place of the right one, on the very day on which that is
///    needed. The databases know it by their canaries; where those are lost, each bucket knows it by its index.
/// 4. Beside each copy, and then into the database: what the database notes is everywhere.
pub async fn escrow(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    // 1.
    let escrows = parse_escrows(&call.json_body().await?)?;
    // 2.
    let mut are_all = escrows.len() == call.vault.key_ids().count();
    for id in call.vault.key_ids() {
        let canary = call.vault.canary_of(id).await?;
        are_all &= escrows.iter().any(|escrow| {
            escrow.id == id
                && canary
                    .as_ref()
                    .is_some_and(|canary| canary.check == escrow.check)
        });
    }
    if !are_all {
        return Err(Error::conflict(
            "These are not the keys that the Worker has. Give all of the SHARE_ENCRYPTION_KEYS that are in use.",
        ));
    }
    // 3.
    check_keys_everywhere(call, &health::read(call.db).await?.canaries).await?;
    let copies = call.copier.as_ref().map(|copier| copier.copies);
    let buckets: Vec<_> = copies.iter().flat_map(Copies::buckets).collect();
    let mut indices = Vec::with_capacity(buckets.len());
    for bucket in &buckets {
        let index = bucket.get(journal::name_of_escrow_index()).await;
        let index = index?.map(|(text, _)| text).unwrap_or_default();
        let mut others = escrows.iter().filter(|escrow| escrow.is_another_in(&index));
        if let Some(Escrow { id, .. }) = others.next() {
            return Err(Error::conflict(format!(
                "A bucket of the second copy has another key in escrow under the id \"{id}\", and its shares may need that one. Put the former key back, or give the new one an id that was never used."
            )));
        }
        indices.push(escrow_index(&escrows, &index));
    }
    // 4.
    let ids = json::texts(escrows.iter().map(|escrow| escrow.id.as_str()));
    for (bucket, index) in buckets.iter().zip(&indices) {
        for escrow in &escrows {
            let name = journal::name_of_escrow(&escrow.id);
            bucket.put(&name, &escrow.age).await?;
        }
        let name = journal::name_of_escrow_index();
        bucket.put(name, index).await?;
    }
    escrow::keep(call.db, &call.trail, &escrows).await?;
    let told = Writer::default()
        .raw("kept", &ids)
        .flag("copied", copies.is_some());
    Ok(Answer::ok(told))
}
