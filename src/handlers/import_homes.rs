//! An import where there are many databases: which records belong to which home.

use crate::domain::bulk::{ShareRecord, UserRecord};
use crate::domain::homes::{Key, Route};
use crate::domain::import_page::LineResult;
use crate::domain::names::UserId;
use crate::domain::sorted::sorted_by;
use crate::error::{Code, Error, Result};
use crate::handlers::import::import_at;
use crate::homes::{Wanted, is_taken, keys_of};
use crate::http::Call;
use crate::store::import::Mode;
use crate::store::outcome;
use crate::store::routes;

/// Records that go together: to the home where somebody of theirs is, or as new ones to whichever is open.
#[derive(Default)]
struct Group {
    /// None: nobody is known anywhere.
    home: Option<u32>,
    /// The keys of its one user lead to several homes.
    clashes: bool,
    keys: Vec<Key>,
    users: Vec<(usize, UserRecord)>,
    shares: Vec<(usize, ShareRecord)>,
}

/// Carries the import out, home by home.
///
/// 1. One question to the directory: where is everybody?
/// 2. Users go where one of their keys leads; those that are new all go to one home, with one claim.
/// 3. Shares go where their user goes, or is.
/// 4. Each group is claimed, each key once, and carried out. One whose keys lead to several homes is a single user, and clashes.
/// 5. Whom a home does not know is looked for as by any other request: a route may be wrong or missing.
pub async fn import(
    call: &Call<'_>,
    mode: Mode,
    users: Vec<(usize, UserRecord)>,
    shares: Vec<(usize, ShareRecord)>,
) -> Result<Vec<LineResult>> {
    // 1.
    let of_user = |user: &UserRecord| {
        let hash = user.client_api_key_hash.as_deref();
        // That of a deletion may be another user's by now.
        let hash = hash.filter(|_| user.deleted_at.is_none());
        keys_of(&user.id, &user.client_id, hash)
    };
    let mut keys: Vec<Key> = users.iter().flat_map(|(_, user)| of_user(user)).collect();
    keys.extend(shares.iter().map(|(_, share)| Key::user(&share.user_id)));
    let known = routes::find_all(&call.homes.directory()?, &keys).await?;
    let home_of = |key: &Key| {
        let is_its = |route: &&Route| route.key.eq_ignore_ascii_case(&key.hex);
        known.iter().find(is_its).map(|route| route.home)
    };
    // 2.
    let mut groups: Vec<Group> = Vec::new();
    for (line, user) in users {
        let keys = of_user(&user);
        let mut homes = sorted_by(keys.iter().filter_map(home_of), |a, b| a < b);
        homes.dedup();
        let (home, clashes) = (homes.first().copied(), homes.len() > 1);
        let fits = |group: &&mut Group| group.home == home && !group.clashes && !clashes;
        match groups.iter_mut().find(fits) {
            Some(group) => {
                // A user and its deletions have ids in common.
                for key in keys {
                    if group.keys.iter().all(|known| known.hex != key.hex) {
                        group.keys.push(key);
                    }
                }
                group.users.push((line, user));
            }
            None => groups.push(Group {
                home,
                clashes,
                keys,
                users: vec![(line, user)],
                shares: Vec::new(),
            }),
        }
    }
    // 3.
    for (line, share) in shares {
        let key = Key::user(&share.user_id);
        let brings =
            |group: &&mut Group| group.users.iter().any(|(_, user)| user.id == share.user_id);
        if let Some(group) = groups.iter_mut().find(brings) {
            group.shares.push((line, share));
            continue;
        }
        let home = Some(home_of(&key).unwrap_or(0));
        match groups
            .iter_mut()
            .find(|group| group.home == home && !group.clashes)
        {
            Some(group) => group.shares.push((line, share)),
            None => groups.push(Group {
                home,
                shares: vec![(line, share)],
                ..Group::default()
            }),
        }
    }
    // 4.
    let mut results = Vec::new();
    for group in &groups {
        results.extend(carry_out(call, mode, group).await?);
    }
    // 5.
    let mut elsewhere: Vec<Group> = Vec::new();
    let mut asked: Vec<(UserId, Option<u32>)> = Vec::new();
    for (line, share) in groups.into_iter().flat_map(|group| group.shares) {
        let is_unknown =
            |result: &LineResult| result.line == line && result.code == Some("unknown_user");
        if !results.iter().any(is_unknown) {
            continue;
        }
        let known = asked.iter().find(|(user, _)| *user == share.user_id);
        let home = match known {
            Some((_, home)) => *home,
            None => {
                // Registered or deleted, whatever the directory says.
                let home = call.homes.home_of(&Key::user(&share.user_id)).await;
                let home = outcome::known(home)?;
                asked.push((share.user_id.clone(), home));
                home
            }
        };
        match elsewhere.iter_mut().find(|group| group.home == home) {
            _ if home.is_none() => {}
            Some(group) => group.shares.push((line, share)),
            None => elsewhere.push(Group {
                home,
                shares: vec![(line, share)],
                ..Group::default()
            }),
        }
    }
    for group in &elsewhere {
        let found = carry_out(call, mode, group).await?;
        results.retain(|result| !found.iter().any(|found| found.line == result.line));
        results.extend(found);
    }
    Ok(results)
}

async fn carry_out(call: &Call<'_>, mode: Mode, group: &Group) -> Result<Vec<LineResult>> {
    let Group { users, shares, .. } = group;
    if mode.dry_run || users.is_empty() {
        let db = call.homes.home(group.home.unwrap_or(0)).await?;
        return import_at(call, &db, mode, users, shares).await;
    }
    // In its own home somebody is taken in whatever the default place is.
    let own = group.home.filter(|_| !group.clashes);
    let wanted = own.map_or(Wanted::Default, Wanted::Home);
    let done = call
        .homes
        .register(&group.keys, &wanted, &call.trail, async |db| {
            let results = import_at(call, db, mode, users, shares).await?;
            if routes::is_fenced(db, &call.trail).await? {
                return Err(Error::unavailable(
                    1,
                    "another registration let these claims go",
                ));
            }
            Ok(results)
        })
        .await;
    match done {
        // The keys of one user lead to several homes, and somebody stands behind each.
        Err(error) if error.code == Code::Conflict && group.clashes => {
            let conflict = |line| {
                let reason =
                    "the id, clientId or API key is registered already, with another of the three";
                LineResult::conflict(line, reason)
            };
            let lines = users.iter().map(|(line, _)| *line);
            Ok(lines
                .chain(shares.iter().map(|(line, _)| *line))
                .map(conflict)
                .collect())
        }
        // Since the directory was asked, one of them has moved, or was registered elsewhere.
        Err(error) if is_taken(&error) => Err(Error::unavailable(1, error.why())),
        done => done,
    }
}
