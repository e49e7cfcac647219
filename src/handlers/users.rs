//! The operator's routes about one user, and the list of users.

use crate::auth::admin::Admin;
use crate::config::ClientAuth;
use crate::domain::approval::FourEyes;
use crate::domain::body::{
    Registration, parse_client_api_key, parse_number, parse_reason, parse_restore, parse_waiting,
};
use crate::domain::homes::Key;
use crate::domain::json::Writer;
use crate::domain::names::{BackupMethod, ClientId, InvalidName, UserId, check_name};
use crate::domain::number::whole;
use crate::domain::role::Role;
use crate::domain::secret::CredentialHash;
use crate::error::{Error, Result};
use crate::handlers::approvals::{self, Asked};
use crate::handlers::portal_users;
use crate::homes::{Wanted, keys_of, noted};
use crate::http::{Answer, Call};
use crate::store::approvals::{Request, unknown_request};
use crate::store::audit::{self, Actor, Event};
use crate::store::deleted_users::Limits;
use crate::store::outcome::{known, unknown_user};
use crate::store::users::{self, Registered};
use crate::store::{
    Change, Changed, Database, Page, deleted_users, eject, methods, purges, versions,
};

/// Registers a user with its Portal client: 201; the same again 200; a clash 409. Without a client, one is made at
/// Portal. The client's API key is needed only where apps show it.
pub async fn register(admin: &Admin, call: &Call<'_>) -> Result<Answer> {
    let mut registration = Registration::parse(&call.json_body().await?)?;
    let Some(client_id) = registration.client_id.take() else {
        return portal_users::register(admin, call, registration).await;
    };
    let wanted = wanted(&registration)?;
    let key = registration.client_api_key.as_ref();
    let hash = key.map(|key| CredentialHash::of(key.expose_secret()));
    let apps_show_keys = call
        .settings
        .callers
        .client_auth
        .contains(&ClientAuth::ClientApiKey);
    if hash.is_none() && apps_show_keys {
        return Err(Error::field(
            "clientApiKey",
            "be a string, as CLIENT_AUTH lists client-api-key",
        ));
    }
    let limits = limits(admin, call);
    let id = registration.id.as_ref();
    let hex = hash.map(CredentialHash::to_hex);
    let keys = keys_of(&user_id(call, id)?, &client_id, hex.as_deref());
    let registered = call
        .homes
        .register(&keys, &wanted, &call.trail, async |db| {
            users::register(db, &call.trail, id, &client_id, hash, &limits).await
        })
        .await;
    let refusal = refused(
        "register_user",
        id.map(UserId::as_str),
        Some(client_id.as_str()),
    );
    match noted(registered, call.db, &call.trail, &refusal).await? {
        Registered::Created(user) => Ok(Answer::json(201, &user)),
        Registered::Same(user) => Ok(Answer::json(200, &user)),
    }
}

/// What keeps an operator from bringing a user back.
fn limits(admin: &Admin, call: &Call<'_>) -> Limits {
    Limits {
        keys_need_approval: call.settings.operators.keys_need_approval(),
        may_cancel_purge: admin.role() == Role::Admin,
        ids_open: call.settings.callers.client_auth.contains(&ClientAuth::Jwt),
    }
}

/// In which home the registration wants its user.
pub fn wanted(registration: &Registration) -> Result<Wanted> {
    match (&registration.place, registration.home) {
        (None, None) => Ok(Wanted::Default),
        (Some(place), None) => Ok(Wanted::Place(place.clone())),
        (None, Some(home)) => Ok(Wanted::Home(home)),
        (Some(_), Some(_)) => Err(Error::field("home", "be left out where `place` is given")),
    }
}

/// The id that a user gets: the one given, else that of the request's event.
pub fn user_id(call: &Call<'_>, given: Option<&UserId>) -> Result<UserId> {
    match given {
        Some(id) => Ok(id.clone()),
        None => UserId::parse(call.trail.event_id.clone())
            .map_err(|_| Error::internal("the id of the request is no id")),
    }
}

/// Lists users by id, all or those whose id or client id begins with a text, or finds the one with a client id.
pub async fn list(_: &Admin, call: &Call<'_>) -> Result<Answer> {
    let limit = call.page_limit()?;
    let after = call.query_name("cursor", |text| check_name(&text).map(|()| text))?;
    let beginning = |field| call.query_name(field, |text| check_name(&text).map(|()| text));
    let (id_begins, client_id_begins) = (beginning("idBegins")?, beginning("clientIdBegins")?);
    one_home(call)?; // 400, also where it is not needed
    let after = after.as_deref().unwrap_or_default();
    let page = match call.query_name("clientId", ClientId::parse)? {
        Some(client_id) => with_client_id(call, &client_id).await?,
        None => {
            let order = match client_id_begins {
                Some(_) => "clientId",
                None => "id",
            };
            list_all(call, limit, order, async |db| match &client_id_begins {
                Some(begins) => users::list_by_client(db, begins, after, limit).await,
                None => {
                    let begins = id_begins.as_deref().unwrap_or_default();
                    users::list(db, begins, after, limit).await
                }
            })
            .await?
        }
    };
    Ok(Answer::page("users", &page))
}

async fn with_client_id(call: &Call<'_>, client_id: &ClientId) -> Result<Page> {
    let found = call
        .homes
        .surely_at(&Key::client(client_id), async |db| {
            let page = users::with_client_id(db, client_id).await?;
            if page.rows.is_empty() && call.homes.are_many() {
                return Err(unknown_user()); // so that it is sought elsewhere
            }
            Ok(page)
        })
        .await;
    Ok(known(found)?.unwrap_or_default())
}

/// So many homes are asked for one page at most.
const MAX_MERGED: usize = 120;

/// A page of what all homes have, as `list` gives it of one, which sorts by the column `order`. The cursor is of that column too.
pub async fn list_all(
    call: &Call<'_>,
    limit: u64,
    order: &'static str,
    list: impl AsyncFn(&Database) -> Result<Page>,
) -> Result<Page> {
    let mut page = Page::default();
    let mut has_more = false;
    for home in &few_homes(call).await? {
        let part = list(home).await?;
        has_more |= part.cursor.is_some();
        page.rows.merge(&part.rows, order, false);
        has_more |= page.rows.truncate(limit);
    }
    page.cursor = page
        .rows
        .last()
        .filter(|_| has_more)
        .map(|row| row.text(order));
    Ok(page)
}

/// The databases of `?home=`, or else all.
pub async fn asked_homes(call: &Call<'_>) -> Result<Vec<Database>> {
    match one_home(call)? {
        Some(home) => Ok(vec![call.homes.home(home).await?]),
        None => call.homes.all().await,
    }
}

/// As [`asked_homes`], for one page of them all.
pub async fn few_homes(call: &Call<'_>) -> Result<Vec<Database>> {
    let homes = asked_homes(call).await?;
    if homes.len() > MAX_MERGED {
        return Err(Error::field(
            "home",
            "be given: there are too many databases to ask all",
        ));
    }
    Ok(homes)
}

/// The home of the query, if one is given.
pub fn one_home(call: &Call<'_>) -> Result<Option<u32>> {
    let must = "be the number of a database that is bound";
    call.query_name("home", |text| {
        let is_bound = |home: &u32| call.homes.settings().bound.contains(home);
        whole(&text).filter(is_bound).ok_or(InvalidName(must))
    })
}

pub async fn get(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let user = at_home(call, user_id, async |db| users::get(db, user_id).await);
    Ok(Answer::json(200, &user.await?))
}

/// Carries out what an operator asks at the user's home.
pub async fn at_home<T>(
    call: &Call<'_>,
    user_id: &UserId,
    work: impl AsyncFn(&Database) -> Result<T>,
) -> Result<T> {
    call.homes.surely_at(&Key::user(user_id), work).await
}

/// As [`at_home`], of a change.
pub async fn change(call: &Call<'_>, user_id: &UserId, change: &Change) -> Result<Changed> {
    at_home(call, user_id, async |db| db.change(change.clone()).await).await
}

/// What was carried out: the answer, before it is one, for it may stand in that of an approval.
pub struct Done {
    pub status: u16,
    /// JSON.
    pub body: Option<String>,
}

impl Done {
    fn json(status: u16, body: String) -> Self {
        Self {
            status,
            body: Some(body),
        }
    }

    fn answer(self) -> Answer {
        match self.body {
            Some(body) => Answer::json(self.status, &body),
            None => Answer::no_content(),
        }
    }
}

/// Carries out a request that waited, with what it asked for.
pub async fn carry_out(call: &Call<'_>, request: &Request) -> Result<Done> {
    let (user_id, parameters) = (&request.user_id, request.parameters.as_str());
    match request.action {
        FourEyes::Eject => {
            let minutes = parse_waiting(parameters, "minutes", |text| {
                whole(&text).ok_or(InvalidName("be a number"))
            })?;
            open_window(call, user_id, minutes).await
        }
        FourEyes::Purge => {
            let client_id = parse_waiting(parameters, "clientId", ClientId::parse)?;
            purge(call, user_id, &client_id).await
        }
        FourEyes::ClientApiKey => {
            let hash = parse_waiting(parameters, "clientApiKeyHash", Ok)?;
            replace_key(call, user_id, &hash).await
        }
        FourEyes::Session => Err(unknown_request()),
    }
}

/// Puts another API key in the place of a user's: a leaked one opens nothing from then on.
pub async fn replace_client_api_key(
    admin: &Admin,
    call: &Call<'_>,
    user_id: &UserId,
) -> Result<Answer> {
    let body = call.json_body().await?;
    let key = parse_client_api_key(&body)?;
    let hash = CredentialHash::of(key.expose_secret()).to_hex();
    let asked = Asked {
        action: FourEyes::ClientApiKey,
        event: "replace_client_api_key",
        user_id,
        parameters: &Writer::default().text("clientApiKeyHash", &hash).end(),
        reason: parse_reason(&body)?,
    };
    if let Some(waits) = approvals::wait(admin, call, &asked).await? {
        return Ok(waits);
    }
    Ok(replace_key(call, user_id, &hash).await?.answer())
}

async fn replace_key(call: &Call<'_>, user_id: &UserId, hash: &str) -> Result<Done> {
    let user = at_home(call, user_id, async |db| {
        let replace = users::replace_client_api_key(db, &call.trail, user_id, hash);
        let replaced = call
            .homes
            .with_api_key(hash, db, &call.trail, replace)
            .await;
        let refusal = refused("replace_client_api_key", Some(user_id.as_str()), None);
        noted(replaced, db, &call.trail, &refusal).await
    });
    Ok(Done::json(200, user.await?))
}

/// The event of what is refused because another user has it.
pub fn refused<'a>(
    action: &'a str,
    user_id: Option<&'a str>,
    client_id: Option<&'a str>,
) -> Event<'a> {
    Event {
        actor: Actor::Admin,
        action,
        user_id,
        client_id,
        outcome: "conflict",
    }
}

/// Deletes a user, who can be restored within the retention. With `?purge=<client id>` the user is erased for good, as soon
/// as it has been deleted for `PURGE_DELAY_HOURS`: 204, or 202 with the time.
pub async fn delete(admin: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let client_id = call.query_name("purge", ClientId::parse)?;
    let reason = call.reason().await?;
    let Some(client_id) = client_id else {
        call.db.because(reason);
        let delete = deleted_users::delete(&call.trail, user_id);
        change(call, user_id, &delete).await?.done()?;
        return Ok(Answer::no_content());
    };
    let asked = Asked {
        action: FourEyes::Purge,
        event: "purge_user",
        user_id,
        parameters: &Writer::default().text("clientId", client_id.as_str()).end(),
        reason,
    };
    if let Some(waits) = approvals::wait(admin, call, &asked).await? {
        return Ok(waits);
    }
    Ok(purge(call, user_id, &client_id).await?.answer())
}

async fn purge(call: &Call<'_>, user_id: &UserId, client_id: &ClientId) -> Result<Done> {
    let delay_hours = call.settings.purge_delay_hours;
    let request = purges::request(&call.trail, user_id, client_id, delay_hours);
    let requested = change(call, user_id, &request).await?;
    Ok(match purges::requested(requested)? {
        None => {
            let keys = keys_of(user_id, client_id, None);
            call.homes.let_go(&keys, &call.trail).await?;
            Done {
                status: 204,
                body: None,
            }
        }
        Some(purge_at) => Done::json(202, Writer::default().text("purgeAt", &purge_at).end()),
    })
}

/// Lets a user store again who stored as much as one may within a day.
pub async fn release_quota(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let release = users::release_quota(&call.trail, user_id);
    change(call, user_id, &release).await?.done()?;
    Ok(Answer::no_content())
}

/// Removes a backup method: its shares go into the history.
pub async fn remove_method(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let method = call
        .query_name("backupMethod", BackupMethod::parse)?
        .ok_or_else(|| Error::field("backupMethod", "name the method to remove"))?;
    let remove = methods::remove(&call.trail, user_id, &method);
    let removed = change(call, user_id, &remove).await?;
    removed.done_or_missing("The user has no backup under this backupMethod.")?;
    Ok(Answer::no_content())
}

/// Takes a purge back that waits; the user stays deleted.
pub async fn cancel_purge(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let cancelled = change(call, user_id, &purges::cancel(&call.trail, user_id)).await?;
    cancelled.done_or_missing("No purge of this user is waiting.")?;
    Ok(Answer::no_content())
}

/// Brings a deleted user back, the one deleted last or the one with the client id of the query.
pub async fn restore(admin: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let client_id = call.query_name("clientId", ClientId::parse)?;
    let client_id = client_id.as_ref();
    let limits = limits(admin, call);
    call.db.because(call.reason().await?);
    let user = at_home(call, user_id, async |db| {
        let restore =
            deleted_users::restore(db, call.vault, &call.trail, user_id, client_id, &limits);
        let hash = match call.homes.are_many() {
            true => deleted_users::api_key_of(db, user_id, client_id).await?,
            false => None,
        };
        match hash {
            // Meanwhile a user of another home may have got it.
            Some(hash) => {
                call.homes
                    .with_api_key(&hash, db, &call.trail, restore)
                    .await
            }
            None => restore.await,
        }
    });
    Ok(Answer::json(200, &user.await?))
}

/// Notes at the user's home that an operator has looked at what is there of the user.
pub async fn note_view(call: &Call<'_>, admin: &Admin, user_id: &UserId) -> Result<()> {
    at_home(call, user_id, async |db| {
        audit::note_view(db, &call.trail, admin.name(), user_id).await
    })
    .await
}

/// The versions that were superseded, the newest first; never a share.
pub async fn history(admin: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let versions = at_home(call, user_id, async |db| {
        audit::note_view(db, &call.trail, admin.name(), user_id).await?;
        versions::list(db, user_id).await
    });
    let versions = versions.await?;
    Ok(Answer::ok(
        Writer::default().raw("versions", &versions.to_json()),
    ))
}

/// Makes a superseded version current again; what it displaces is kept.
pub async fn restore_version(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let body = call.json_body().await?;
    let (version_id, kind) = parse_restore(&body)?;
    call.db.because(parse_reason(&body)?);
    let version = at_home(call, user_id, async |db| {
        if let Some(sealed) = versions::sealed(db, user_id, &version_id, kind).await? {
            call.vault
                .surely_opens(sealed.place(), &sealed.key_id, &sealed.envelope)
                .await?;
        }
        versions::restore(db, &call.trail, user_id, &version_id, kind).await
    });
    Ok(Answer::json(200, &version.await?))
}

const DEFAULT_EJECT_MINUTES: u32 = 5;

/// Opens the window in which the user's app may retrieve each custodian share once.
pub async fn open_eject(admin: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let body = call.optional_json_body().await?;
    let minutes = parse_number(&body, "minutes", 1..=60, "be a whole number from 1 to 60")?
        .unwrap_or(DEFAULT_EJECT_MINUTES);
    let asked = Asked {
        action: FourEyes::Eject,
        event: "open_eject",
        user_id,
        parameters: &Writer::default()
            .text("minutes", &minutes.to_string())
            .end(),
        reason: parse_reason(&body)?,
    };
    if let Some(waits) = approvals::wait(admin, call, &asked).await? {
        return Ok(waits);
    }
    Ok(open_window(call, user_id, minutes).await?.answer())
}

async fn open_window(call: &Call<'_>, user_id: &UserId, minutes: u32) -> Result<Done> {
    let open = eject::open(&call.trail, user_id, minutes);
    let until = eject::opened_until(change(call, user_id, &open).await?)?;
    Ok(Done::json(
        201,
        Writer::default().text("ejectableUntil", &until).end(),
    ))
}

pub async fn close_eject(_: &Admin, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    call.db.because(call.reason().await?);
    let close = eject::close(&call.trail, user_id);
    change(call, user_id, &close).await?.done()?;
    Ok(Answer::no_content())
}
