//! `POST /admin/import`: many users and shares at once, for moving in.

use crate::auth::admin::Admin;
use crate::domain::bulk::{ShareRecord, UserRecord};
use crate::domain::import_page::{ImportPage, LineResult, clash};
use crate::domain::json::{self, Writer};
use crate::domain::names::new_id;
use crate::domain::sealing::{Kind, Place};
use crate::domain::{share_pairs, url};
use crate::error::{Code, Error, Result};
use crate::handlers::import_homes;
use crate::http::{Answer, Call};
use crate::maintenance::ensure_canary;
use crate::platform::format_date;
use crate::store::Database;
use crate::store::import::{self, Mode, Owner, UserItem, Verdict};
use crate::store::import_shares::{self, ShareItem};

/// What a request brings at most. Sealed, it still fits into one parameter of D1 (2 MB).
const MAX_IMPORT_BYTES: u32 = 1024 * 1024;
const MAX_IMPORT_LINES: usize = 200;
/// How far ahead of now a record's time may lie: clocks differ.
const LATEST_AHEAD_MS: u64 = 24 * 3_600_000;

const AGAIN: &str = " Other databases may have taken their records in. Send the same records again: those that are in stay as they are.";

/// Takes in users and shares, one record a line. Nothing that is there is lost, a bad line stops nothing, and the same
/// request again changes nothing.
///
/// 1. The body: 400, 413, 415. What is wrong with a single line goes into its result.
/// 2. One transaction: the users, and the owners of the shares.
/// 3. Seal each share for its owner and method, if the key is the right one.
/// 4. One transaction: the shares.
/// 5. Open the share that is there: to compare it, where it has no digest (of an old schema); else to seal it anew if it does not open.
/// 6. 200 with a result for each line.
pub async fn import(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    // 1.
    let mode = Mode {
        dry_run: flag(call, "dryRun")?,
        replace_older: flag(call, "replaceOlder")?,
        keys_need_approval: call.settings.operators.keys_need_approval(),
    };
    let body = call
        .body_of_type("application/x-ndjson", MAX_IMPORT_BYTES)
        .await?;
    let latest = format_date(call.trail.now_ms + LATEST_AHEAD_MS);
    let ImportPage {
        mut users,
        shares,
        mut results,
    } = ImportPage::parse(&body, MAX_IMPORT_LINES, &latest)
        .ok_or_else(|| Error::field("body", "hold at most 200 records"))?;
    if mode.keys_need_approval {
        users
            .iter_mut()
            .for_each(|(_, user)| user.without_key_of_deletion());
    }
    // 2. to 5.
    if call.homes.are_many() {
        let done = import_homes::import(call, mode, users, shares).await;
        results.extend(done.map_err(|error| match error.code {
            Code::Unavailable => error.and_says(AGAIN),
            _ => error,
        })?);
    } else {
        results.extend(import_at(call, call.db, mode, &users, &shares).await?);
    }
    // 6.
    let mut by_line: Vec<LineResult> = Vec::with_capacity(results.len());
    for result in results {
        let at = by_line.partition_point(|known| known.line < result.line);
        by_line.insert(at, result);
    }
    LineResult::follow(&mut by_line);
    let results = json::array(by_line.iter().map(LineResult::to_json));
    Ok(Answer::ok(Writer::default().raw("results", &results)))
}

/// The records of users and shares by their lines.
pub type Users = [(usize, UserRecord)];
pub type Shares = [(usize, ShareRecord)];

/// Steps 2 to 5, at one database.
pub async fn import_at(
    call: &Call<'_>,
    db: &Database,
    mode: Mode,
    users: &Users,
    shares: &Shares,
) -> Result<Vec<LineResult>> {
    let mut results = Vec::with_capacity(users.len() + shares.len());
    // 2.
    let mut items = Vec::with_capacity(users.len());
    for (line, user) in users {
        items.push(UserItem {
            line: *line,
            event_id: new_id(call.trail.now_ms)?,
            id: user.id.as_str(),
            client_id: user.client_id.as_str(),
            hash: user.client_api_key_hash.as_deref(),
            created_at: user.created_at.as_deref(),
            deleted_at: user.deleted_at.as_deref(),
            made_by_webhook: user.made_by_webhook,
        });
    }
    let owner_ids: Vec<&str> = shares
        .iter()
        .map(|(_, share)| share.user_id.as_str())
        .collect();
    let (verdicts, mut owners) = import::users(db, &call.trail, mode, &items, &owner_ids).await?;
    let mut disputed = Vec::new();
    for verdict in verdicts {
        let Some((_, user)) = users.iter().find(|(line, _)| *line == verdict.line) else {
            continue;
        };
        results.push(user_result(&verdict).without(user.left_out));
        match verdict.outcome.as_str() {
            "new" if mode.dry_run => owners.push(Owner {
                id: user.id.to_string(),
                client_id: user.client_id.to_string(),
                is_deleted: user.deleted_at.is_some(),
            }),
            "id_taken" => disputed.push(user.id.as_str()),
            _ => {}
        }
    }
    // 3.
    if !shares.is_empty() {
        ensure_canary(db, call.db, call.vault).await?; // Never seal under bytes that nobody knows tomorrow.
    }
    let mut items = Vec::with_capacity(shares.len());
    let mut sent: Vec<(usize, &ShareRecord)> = Vec::with_capacity(shares.len());
    for (line, share) in shares {
        match owner_of(share, &owners, &disputed) {
            Err(Stranger::Unknown) => results.push(unknown_user(*line)),
            Err(Stranger::Deleted) => results.push(LineResult::refused(
                *line,
                "unknown_user",
                "the user is deleted: only shares of the history can go in",
            )),
            Err(Stranger::Another) => results.push(LineResult::refused(
                *line,
                "invalid_field",
                "clientId is not that of the user who has this id",
            )),
            Ok(client_id) => {
                if let Some(clash) = clash(*line, share, sent.iter().copied()) {
                    results.push(clash);
                } else {
                    items.push(seal(call, *line, share, client_id).await?);
                    sent.push((*line, share));
                }
            }
        }
    }
    // 4.
    let verdicts = import_shares::import(db, &call.trail, mode, &items).await?;
    // 5.
    for verdict in verdicts {
        let mut sent = sent.iter().zip(&items);
        if let Some(((line, share), item)) = sent.find(|(_, item)| item.line == verdict.line) {
            let result = if is_there(call, db, mode, &verdict, share, item).await? {
                LineResult::same(*line)
            } else {
                share_result(mode, &verdict, share)
            };
            results.push(result.without(share.left_out));
        }
    }
    Ok(results)
}

fn flag(call: &Call<'_>, name: &'static str) -> Result<bool> {
    match url::query_value(call.query, name) {
        None => Ok(false),
        Some(value) => match value.as_deref() {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => Err(Error::field(name, "be true or false")),
        },
    }
}

/// Why a share has no owner here.
enum Stranger {
    Unknown,
    Deleted,
    Another,
}

/// The client id of the user that a share belongs to. Without a client id, the share of a user whose id another client has here
/// could be either's; so could that of a user who is deleted.
fn owner_of<'a>(
    share: &ShareRecord,
    owners: &'a [Owner],
    disputed: &[&str],
) -> std::result::Result<&'a str, Stranger> {
    let named = || {
        owners
            .iter()
            .filter(|owner| owner.id == share.user_id.as_str())
    };
    let mut fitting = named().filter(|owner| match &share.client_id {
        Some(given) => given.as_str() == owner.client_id,
        None => !owner.is_deleted && !disputed.contains(&share.user_id.as_str()),
    });
    let of_history = share.superseded.is_some();
    match fitting.clone().find(|owner| !owner.is_deleted) {
        Some(owner) => Ok(&owner.client_id),
        None => match fitting.next() {
            Some(owner) if of_history => Ok(&owner.client_id),
            Some(_) => Err(Stranger::Deleted),
            None if named().all(|owner| owner.is_deleted) => Err(Stranger::Unknown),
            None => Err(Stranger::Another),
        },
    }
}

fn place<'a>(share: &'a ShareRecord, client_id: &'a str) -> Place<'a> {
    let (user_id, method) = (share.user_id.as_str(), share.backup_method.as_str());
    Place::of(share.kind, client_id, user_id, method)
}

async fn seal(
    call: &Call<'_>,
    line: usize,
    share: &ShareRecord,
    client_id: &str,
) -> Result<ShareItem> {
    let sealed = call
        .vault
        .seal(
            place(share, client_id),
            share.share.expose_secret().as_bytes(),
        )
        .await?;
    let event_id = new_id(call.trail.now_ms)?;
    let pair_inside = match share.kind {
        Kind::Custodian => share_pairs::inside(share.share.expose_secret()),
        _ => None,
    };
    Ok(ShareItem {
        line,
        kind: share.kind.as_str(),
        id: share.id.clone().unwrap_or_else(|| event_id.clone()),
        event_id,
        user_id: share.user_id.to_string(),
        client_id: client_id.to_owned(),
        backup_method: share.backup_method.to_string(),
        pair_id: share.backup_share_pair_id.as_ref().map(ToString::to_string),
        pair_inside: pair_inside.map(|pair| pair.to_string()),
        digest: sealed.digest().to_owned(),
        text_digest: sealed.text_digest().to_owned(),
        digests: sealed.digests,
        key_id: sealed.key_id,
        replaced_alone_at: share.replaced_alone_at.clone(),
        sealed: sealed.envelope.into(),
        created_at: share.created_at.clone(),
        stored_at: share.stored_at.clone(),
        superseded_at: share
            .superseded
            .as_ref()
            .map(|superseded| superseded.at.clone()),
        reason: share
            .superseded
            .as_ref()
            .map(|superseded| superseded.reason),
    })
}

fn user_result(verdict: &Verdict) -> LineResult {
    let conflict = |reason: &str| LineResult::conflict(verdict.line, reason);
    match verdict.outcome.as_str() {
        "new" => LineResult::new(verdict.line),
        "same" => LineResult::same(verdict.line),
        "other_key" => conflict("the user is registered with another API key, or without one"),
        "id_taken" => conflict("the user id is registered with another clientId"),
        "purge_waits" => conflict(
            "a purge of this user waits: leave the user out, or take the purge back with DELETE /users/:userId/purge",
        ),
        "client_taken" => conflict("the clientId is registered for another user"),
        "needs_approval" => conflict(
            "the user has cipher texts, which the API key would open, and FOUR_EYES lists client-api-key: leave the key out, then PUT /users/:userId/client-api-key",
        ),
        _ => conflict("the API key is registered for another user"),
    }
}

fn unknown_user(line: usize) -> LineResult {
    LineResult::refused(line, "unknown_user", "no such user is registered")
}

/// Whether the share that is there, sealed under some key of ours, is the record's. If it does not open, it is sealed anew: nobody may
/// believe that it is stored.
async fn is_there(
    call: &Call<'_>,
    db: &Database,
    mode: Mode,
    verdict: &Verdict,
    share: &ShareRecord,
    item: &ShareItem,
) -> Result<bool> {
    let is_same = verdict.outcome == "same";
    let Some(held) = verdict.held(&item.user_id) else {
        return Ok(is_same);
    };
    let place = Place {
        backup_method: held.backup_method,
        ..place(share, &item.client_id)
    };
    let opened = call
        .vault
        .open_bytes(place, held.key_id, held.envelope)
        .await;
    if verdict.outcome == "sealed_otherwise" {
        let bytes = share.share.expose_secret().as_bytes();
        return Ok(opened.is_some_and(|held| *held == *bytes));
    }
    // By its digest it is the record's, current or in the history.
    if opened.is_none() && !mode.dry_run {
        db.change(item.mending(&held)).await?;
        held.tell(&call.trail);
    }
    Ok(is_same)
}

fn share_result(mode: Mode, verdict: &Verdict, share: &ShareRecord) -> LineResult {
    let line = verdict.line;
    match verdict.outcome.as_str() {
        "new" => LineResult::new(line),
        // A user that this very import would bring.
        "unknown_user" if mode.dry_run => LineResult::new(line),
        "unknown_user" => unknown_user(line),
        _ => {
            let Some(held_at) = verdict.held_at.as_deref() else {
                return LineResult::conflict(
                    line,
                    "the user has 256 backup methods already, which is the maximum",
                );
            };
            let stored_at = share.stored_at.as_deref().unwrap_or("an unknown time");
            LineResult::conflict(
                line,
                format!("another share is there, of {held_at}; this one is of {stored_at}"),
            )
        }
    }
}
