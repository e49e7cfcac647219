//! What the operators' page shows of a person.

use crate::auth::admin::Admin;
use crate::domain::json::{self, Writer};
use crate::domain::names::{InvalidName, UserId, check_name};
use crate::domain::number::whole;
use crate::domain::sealing::Kind;
use crate::domain::timeline::{Timeline, Version};
use crate::error::{Error, Result};
use crate::handlers::users::at_home;
use crate::http::{Answer, Call};
use crate::store::outcome::unknown_user;
use crate::store::{audit, timeline as store};

/// `GET /users/:userId/timeline`.
///
/// 1. Which page, and which version may be about to be restored.
/// 2. Note who looks, and read the user: 404 if there never was one.
/// 3. What a recovery is given now, and what it would be given.
/// 4. The page, with the mates of its cipher texts, and the other versions that 3. names.
pub async fn timeline(admin: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    // 1.
    let name = |text: String| check_name(&text).map(|()| text);
    let restored = call.query_name("restored", name)?;
    let kind = call.query_name("kind", |text| match text.as_str() {
        "custodian" => Ok(Kind::Custodian),
        "user" => Ok(Kind::User),
        _ => Err(InvalidName("be custodian or user")),
    })?;
    let cursor = call.query_name("cursor", |text| {
        let parts = text.split_once('.');
        let parsed = parts.and_then(|(nth, id)| Some((whole(nth)?, id.to_owned())));
        parsed.ok_or(InvalidName("be that of the page before"))
    })?;
    let limit = usize::try_from(call.page_limit()?).unwrap_or(usize::MAX);
    // 2.
    let person = at_home(call, user_id, async |db| {
        audit::note_view(db, &call.trail, admin.name(), user_id).await?;
        store::person(db, user_id).await
    });
    let person = person.await?;
    if person.user.is_none() && person.deletions == "[]" {
        return Err(unknown_user());
    }
    let all = &person.timeline;
    // 3.
    let policy = call.settings.fetch_superseded;
    let given = all.given(policy);
    let after = restored
        .as_deref()
        .map(|id| all.with_restored(id, kind).ok_or_else(unknown_version))
        .transpose()?;
    let would_be_given = after.as_ref().map(|timeline| timeline.given(policy));
    // 4.
    let page = page(all, cursor.as_ref(), limit)?;
    let is_on_page = |version: &&Version| page.versions.iter().any(|known| known.is(version));
    let mut named: Vec<&Version> = Vec::new();
    let mentioned = given.iter().chain(would_be_given.iter().flatten());
    let ours = |version: &&Version| all.versions().iter().find(|known| known.is(version));
    for version in mentioned.filter_map(ours) {
        if !is_on_page(&version) && !named.iter().any(|known| known.is(version)) {
            named.push(version);
        }
    }
    let answer = Writer::default()
        .raw("user", person.user.as_deref().unwrap_or("null"))
        .raw("deletions", &person.deletions)
        .optional("purgeAt", person.purge_at.as_deref())
        .optional("ejectableUntil", person.ejectable_until.as_deref())
        .raw("versions", &to_json(all, &page.versions))
        .optional("cursor", page.cursor.as_deref())
        .raw("given", &ids(&given))
        .raw(
            "ifRestored",
            &would_be_given
                .as_deref()
                .map_or_else(|| "null".to_owned(), ids),
        )
        .raw("named", &to_json(all, &named));
    Ok(Answer::ok(answer))
}

fn unknown_version() -> Error {
    Error::not_found(
        "The user has no superseded version with this id. GET …/backups/history lists them.",
    )
}

struct VersionPage<'a> {
    versions: Vec<&'a Version>,
    cursor: Option<String>,
}

/// The cursor names a version: by how many with its id come before it, and its id.
fn cursor_of(versions: &[Version], at: usize) -> Option<String> {
    let id = &versions.get(at)?.id;
    let before = versions.iter().take(at).filter(|known| known.id == *id);
    Some(format!("{}.{id}", before.count()))
}

/// The versions behind the one that the cursor names.
fn page<'a>(
    all: &'a Timeline,
    cursor: Option<&(usize, String)>,
    limit: usize,
) -> Result<VersionPage<'a>> {
    let versions = all.versions();
    let first = match cursor {
        None => 0,
        Some((nth, id)) => {
            let of_id = versions.iter().enumerate().filter(|(_, v)| v.id == *id);
            let mut places = of_id.map(|(at, _)| at);
            let at = places.nth(*nth);
            at.ok_or_else(|| {
                Error::field(
                    "cursor",
                    "be that of a page whose last version is still kept",
                )
            })? + 1
        }
    };
    let page: Vec<&Version> = versions.iter().skip(first).take(limit).collect();
    let is_last = first + page.len() >= versions.len();
    let last = (first + page.len()).checked_sub(1);
    let cursor = last
        .filter(|_| !is_last)
        .and_then(|last| cursor_of(versions, last));
    Ok(VersionPage {
        versions: page,
        cursor,
    })
}

fn ids(versions: &[&Version]) -> String {
    json::texts(versions.iter().map(|version| version.id.as_str()))
}

fn to_json(all: &Timeline, versions: &[&Version]) -> String {
    let user: Vec<&Version> = versions
        .iter()
        .filter(|v| v.kind == Kind::User)
        .copied()
        .collect();
    let mut mates_of_user = all.mates(&user).into_iter();
    json::array(versions.iter().map(|version| {
        let mates = if version.kind == Kind::User {
            mates_of_user.next().unwrap_or_default()
        } else {
            Vec::new()
        };
        Writer::default()
            .text("id", &version.id)
            .text("kind", version.kind.as_str())
            .text("backupMethod", version.entry.backup_method.as_str())
            .optional(
                "backupSharePairId",
                version.entry.backup_share_pair_id.as_deref(),
            )
            .text("storedAt", &version.entry.stored_at)
            .optional("supersededAt", version.superseded_at.as_deref())
            .raw("mates", &ids(&mates))
            .end()
    }))
}
