//! What apps call: their user's encrypted share, and which backups there are.

use crate::auth::Caller;
use crate::auth::client::Credential;
use crate::domain::body::UserBackup;
use crate::domain::homes::Key;
use crate::domain::json::{self, Writer};
use crate::domain::names::{BackupMethod, BackupSharePairId, UserId};
use crate::domain::recovery::{Backup, Entry, backups, superseded_instead};
use crate::domain::sealing::Place;
use crate::error::{Code, Error, Result};
use crate::handlers::support;
use crate::http::{Answer, Call};
use crate::log::{self, Field, Level};
use crate::platform::json_object;
use crate::store::custodian_shares::{Fetched, SealedShare};
use crate::store::outcome::{Refusal, Stored};
use crate::store::user_shares::{self, Wanted};
use crate::store::versions::Entries;
use crate::store::{Database, credential, eject, versions};

/// Stores a user's cipher text. After our 2xx the app tells Portal that the backup is complete.
///
/// 1. The body: 400, 413, 415; but a refused credential comes first.
/// 2. Seal the cipher text for its user and method.
/// 3. One transaction checks the credential, stores, keeps what it replaces, and leaves the audit event: 401, 403.
/// 4. 200 with the guide's message.
pub async fn store_share(
    credential: Credential,
    call: &Call<'_>,
    user_id: &UserId,
) -> Result<Answer> {
    // 1.
    let backup = read_backup(call).await;
    let mut backup = credential_first(call, &credential, user_id, backup).await?;
    // 2. The cipher text goes right after: many backups may wait for the database at once.
    let cipher_text = backup.cipher_text.take();
    let place = Place::user(user_id, backup.backup_method.as_str());
    let sealed = call
        .vault
        .seal(place, cipher_text.expose_secret().as_bytes())
        .await?;
    drop(cipher_text);
    // 3.
    let key = Key::user(user_id);
    let stored = at_home(call, &credential, &key, async |db| {
        user_shares::store(
            db,
            &call.trail,
            &credential,
            user_id,
            &backup,
            &sealed,
            call.vault,
        )
        .await
    });
    log_odd(call, user_id, &backup.backup_method, stored.await?);
    // 4.
    Ok(Answer::json(
        200,
        r#"{"message":"Successfully stored client backup share"}"#,
    ))
}

/// What a whole backup never does is worth a line.
fn log_odd(call: &Call<'_>, user_id: &UserId, backup_method: &BackupMethod, stored: Stored) {
    let fields = [
        ("userId", Field::Text(user_id.as_str())),
        ("backupMethod", Field::Text(backup_method.as_str())),
        ("ray", Field::Text(&call.trail.request_id)),
    ];
    match stored {
        Stored::ReplacedAlone => log::event(
            Level::Warn,
            "a cipher text took the place of another, and no custodian share had come since",
            &fields,
        ),
        Stored::SameText => log::event(
            Level::Warn,
            "a cipher text is the same as that of another method",
            &fields,
        ),
        Stored::Stored | Stored::Unchanged | Stored::Overtaken => {}
    }
}

/// The body; which backup it is of may stand in the query instead.
async fn read_backup(call: &Call<'_>) -> Result<UserBackup> {
    let body = call.json_body().await?;
    let in_query = call.query_name("backupMethod", BackupMethod::parse)?;
    Ok(UserBackup::parse(&body, in_query)?)
}

/// Carries out what an app asks at the home of whom the path names. An API key of a user in another home is refused as that of
/// another user of this one would be: 403, not 401.
pub async fn at_home<T>(
    call: &Call<'_>,
    credential: &Credential,
    path: &Key,
    work: impl AsyncFn(&Database) -> Result<T>,
) -> Result<T> {
    match call.homes.at(path, work).await {
        Err(error) if error.code == Code::Unauthorized && call.homes.are_many() => {
            Err(Box::pin(of_another_home(call, credential, path, error)).await)
        }
        done => done,
    }
}

/// What an app is told whose credential a home does not know: another home may.
async fn of_another_home(
    call: &Call<'_>,
    credential: &Credential,
    path: &Key,
    error: Error,
) -> Error {
    let Credential::ClientApiKey(hash) = credential else {
        return error;
    };
    let owner = match call.homes.owner_of_api_key(hash).await {
        Ok(Some(owner)) => owner,
        Ok(None) => return error,
        Err(failure) => return failure,
    };
    let note = call.homes.at(path, async |db| {
        credential::note_forbidden(db, &call.trail, &owner).await
    });
    match note.await {
        Ok(_) => Refusal::Forbidden.into(),
        Err(failure) => failure,
    }
}

/// Checks the credential before reporting a bad body (else 401, 403 or 404), so that only an authorised caller learns what was
/// wrong.
async fn credential_first<T>(
    call: &Call<'_>,
    credential: &Credential,
    user_id: &UserId,
    brought: Result<T>,
) -> Result<T> {
    if brought.is_err() {
        check(call, credential, user_id).await?;
    }
    brought
}

/// Checks the credential of a request that is refused for something else.
pub async fn check(call: &Call<'_>, credential: &Credential, user_id: &UserId) -> Result<()> {
    at_home(call, credential, &Key::user(user_id), async |db| {
        credential::check(db, &call.trail, credential, user_id).await
    })
    .await
}

/// Gives a user's cipher text back.
pub async fn fetch_share(
    credential: Credential,
    call: &Call<'_>,
    user_id: &UserId,
) -> Result<Answer> {
    fetch_share_as(credential, call, user_id, "cipherText").await
}

/// Gives a user's cipher text back, under each of the names, which are separated by spaces.
///
/// 1. Which share: `backupMethod`, or `backupSharePairId`.
/// 2. One round trip checks the credential, reads the share, and leaves the audit event: 401, 403, 404.
/// 3. Open it.
pub async fn fetch_share_as(
    credential: Credential,
    call: &Call<'_>,
    user_id: &UserId,
    names: &str,
) -> Result<Answer> {
    // 1.
    let method = call.query_name("backupMethod", BackupMethod::parse);
    let pair = call.query_name("backupSharePairId", BackupSharePairId::parse);
    let asked = method.and_then(|method| Ok((method, pair?)));
    let (method, pair) = credential_first(call, &credential, user_id, asked).await?;
    let method_or_unknown = method.clone().unwrap_or_else(BackupMethod::unknown);
    let wanted = match &pair {
        Some(pair) => Wanted::Pair {
            id: pair.as_str(),
            method: method.as_ref(),
        },
        None => Wanted::Method(&method_or_unknown),
    };
    // 2.
    let key = Key::user(user_id);
    let share = at_home(call, &credential, &key, async |db| {
        user_shares::fetch(db, &call.trail, &credential, user_id, &wanted).await
    });
    let share = share.await?;
    let share = share.ok_or_else(|| {
        Error::not_found(
            "No backup share is stored for this user under this backupMethod or backupSharePairId.",
        )
    })?;
    // 3.
    let place = Place::user(user_id, &share.backup_method);
    let cipher_text = call
        .vault
        .open(place, &share.key_id, &share.envelope)
        .await?;
    Ok(Answer::json_text(json_object(names, &cipher_text)))
}

/// Which backups of a user exist, and whether each can be recovered; never a share.
pub async fn list_backups(caller: Caller, call: &Call<'_>, user_id: &UserId) -> Result<Answer> {
    let asked = support::Asked::read(call);
    let credential = match caller {
        Caller::Operator(admin) => {
            return support::list_backups(&admin, call, user_id, asked?).await;
        }
        Caller::App(credential) => credential,
    };
    if credential_first(call, &credential, user_id, asked).await? != support::Asked::default() {
        check(call, &credential, user_id).await?;
        return Err(Error::new(
            Code::Forbidden,
            "`check` and `portal` are for operators.",
        ));
    }
    let entries = at_home(call, &credential, &Key::user(user_id), async |db| {
        versions::entries_for_client(db, &call.trail, &credential, user_id).await
    })
    .await?;
    let backups = backups(&entries.custodian, &entries.user);
    let backups = json::array(backups.iter().map(|backup| to_json(backup, &entries).end()));
    Ok(Answer::ok(Writer::default().raw("backups", &backups)))
}

/// What everybody may know of a backup.
pub fn to_json(backup: &Backup, entries: &Entries) -> Writer {
    let mut marks = entries.marks.iter();
    let mark = marks.find(|mark| mark.backup_method == backup.backup_method);
    let shares = backup.custodian_shares.iter().map(|share| {
        Writer::default()
            .text("backupMethod", share.backup_method.as_str())
            .text("storedAt", &share.stored_at)
            .end()
    });
    Writer::default()
        .text("backupMethod", backup.backup_method.as_str())
        .optional("userShareAt", backup.user_share_at.as_deref())
        .given(
            "userShareReplacedAlone",
            mark.and_then(|mark| mark.replaced_alone_at.as_deref()),
        )
        .given(
            "userShareSameAs",
            mark.and_then(|mark| mark.same_as.as_deref()),
        )
        .raw("custodianShares", &json::array(shares))
        .text("state", backup.state.as_str())
}

/// Gives a custodian share to the user's own device, for an eject: the end of the wallet's MPC security.
///
/// 1. Which share.
/// 2. Take the one retrieval of this share that the operator's window allows: 401, 403, 404.
/// 3. Of a half-finished backup, the share that the user share belongs to; else the current one.
/// 4. Open it.
pub async fn retrieve_custodian_share(
    credential: Credential,
    call: &Call<'_>,
    user_id: &UserId,
) -> Result<Answer> {
    // 1.
    let method = call.query_name("backupMethod", BackupMethod::parse);
    let method = credential_first(call, &credential, user_id, method)
        .await?
        .unwrap_or_else(BackupMethod::unknown);
    // 2.
    let key = Key::user(user_id);
    let retrieved = at_home(call, &credential, &key, async |db| {
        eject::retrieve(db, &call.trail, &credential, user_id, &method).await
    });
    let retrieved = retrieved.await?;
    // 3.
    let (entry, share) = share_for_eject(&retrieved.fetched, &method)
        .ok_or_else(|| Error::internal("the custodian share is gone"))?;
    // 4.
    let place = Place::custodian(&retrieved.client_id, entry.backup_method.as_str());
    let share = call
        .vault
        .open(place, &share.key_id, &share.envelope)
        .await?;
    Ok(Answer::json_text(json_object(
        "custodianBackupShare orgShare",
        &share,
    )))
}

fn share_for_eject<'a>(
    fetched: &'a Fetched,
    method: &BackupMethod,
) -> Option<(&'a Entry, &'a SealedShare)> {
    // One share is given: of several backups that it may be of (PASSWORD-RECOVERY, PASSWORD), its own counts. That is the one whose name lacks
    // the curve alone: a cipher text under the whole name (junk, or an app's mistake) may be of an older share.
    let plain = method.without_curve();
    let own = fetched
        .user
        .iter()
        .filter(|share| method.counts_for(&share.backup_method))
        .max_by_key(|share| {
            let name = &share.backup_method;
            (*name == plain, name.as_str().len())
        });
    let user = own.map_or(fetched.user.as_slice(), std::slice::from_ref);
    let mate = superseded_instead(method, &fetched.current, user, &fetched.superseded);
    match mate {
        Some(index) => fetched
            .superseded
            .get(index)
            .zip(fetched.superseded_shares.get(index)),
        None => {
            let index = fetched
                .current
                .iter()
                .position(|entry| entry.backup_method == *method)?;
            fetched
                .current
                .get(index)
                .zip(fetched.current_shares.get(index))
        }
    }
}
