//! Registering a user in one of many homes: claim, register, settle.
//!
//! The directory's unique keys see to it that no id is in two homes. A claim enters the keys' routes (or adopts them) before
//! the home is asked, and is noted with each until the home has answered for good. Where claims clash over two homes, a route that
//! nobody stands behind is released: its home takes the event ids of the claims away, so that none of them can be
//! carried out there any more, and only then the route goes, if it is still the one that was read.
//! `tests/homes/protocol.test.mjs` shows that each part is needed.

use std::future::Future;

use super::{Homes, Route, Source};
use crate::config::UnknownClients;
use crate::domain::homes::{Claimed, Key, Kind, Route as Entry, claimed};
use crate::domain::names::{ClientId, UserId, new_id};
use crate::error::{Code, Error, Result};
use crate::platform::after_answer;
use crate::store::audit::{Event, Trail};
use crate::store::outcome::{Refusal, known};
use crate::store::{Change, Database, MOVED, routes};

/// Why a registration is refused before a home has seen it.
const TAKEN: &str = "somebody in another database has one of the keys";
/// Rounds of claiming and releasing, before others are let go first.
const MAX_CLAIMS: u32 = 6;

/// Which homes a new user may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// `DEFAULT_PLACE`, or any.
    Default,
    /// The same, for a client that a webhook names: so many whom nobody knows are let in a day.
    Webhook {
        most_a_day: u32,
    },
    Place(String),
    Home(u32),
}

/// What became of a claim.
enum Claim {
    /// The keys lead to this home.
    At(Database),
    /// What stood in the way was let go, or the directory learnt of a home.
    Again,
    /// No home that is wanted takes new users.
    NotOpen,
    /// Webhooks have brought as many unknown clients as they may today.
    TooMany,
}

/// What a user is known by.
pub fn keys_of(user: &UserId, client: &ClientId, api_key_hash: Option<&str>) -> Vec<Key> {
    let hash = api_key_hash.map(|hash| Key::new(Kind::ApiKey, hash));
    [Key::client(client), Key::user(user)]
        .into_iter()
        .chain(hash)
        .collect()
}

impl Homes<'_> {
    /// The numbers of the homes that are meant.
    pub fn numbers(&self, wanted: &Wanted) -> Result<Vec<u32>> {
        let settings = self.settings;
        let in_place = |place: &str| {
            let homes = settings.in_place(place);
            if homes.is_empty() {
                return Err(Error::field(
                    "place",
                    "be one that HOME_PLACES gives a database",
                ));
            }
            Ok(homes)
        };
        match wanted {
            Wanted::Default | Wanted::Webhook { .. } => settings
                .default_place
                .as_deref()
                .map_or_else(|| Ok(settings.bound.clone()), in_place),
            Wanted::Place(place) => in_place(place),
            Wanted::Home(home) => self.check_number(*home).map(|()| vec![*home]),
        }
    }

    /// Carries a webhook's store out at its client's home. A client that nobody knows is registered on the way: only with a claim,
    /// and under an event of its own, for the one that says so keeps the request's.
    pub async fn at_or_register<T>(
        &self,
        client: &ClientId,
        trail: &Trail,
        register: UnknownClients,
        store: impl AsyncFn(&Database, &Trail, UnknownClients) -> Result<T>,
    ) -> Result<T> {
        let key = Key::client(client);
        let as_it_is = async |db: &Database| store(db, trail, UnknownClients::Reject).await;
        let is_known =
            |result: &Result<T>| !matches!(result, Err(error) if error.code == Code::UnknownClient);
        let mut trail = trail.clone();
        if self.remembers(&key) {
            let stored = self.at(&key, as_it_is).await;
            if is_known(&stored) {
                return stored;
            }
            trail.event_id = new_id(trail.now_ms)?;
        }
        let user = UserId::parse(client.as_str()).map_err(|_| Refusal::UnknownClient)?;
        let keys = keys_of(&user, client, None);
        let wanted = match register {
            UnknownClients::Register { most_a_day } => Wanted::Webhook { most_a_day },
            UnknownClients::Reject => Wanted::Default,
        };
        let registered = self
            .try_to_register(&keys, &wanted, &trail, async |db| {
                store(db, &trail, register).await
            })
            .await;
        match registered {
            Ok(Some(stored)) => Ok(stored),
            // Where the client would be if somebody knew it, the refusal gets its event.
            Ok(None) => {
                let none = UnknownClients::Register { most_a_day: 0 };
                let refused = async |db: &Database| store(db, &trail, none).await;
                self.at(&key, refused).await
            }
            // Its id is a user's of another home: it keeps to itself, as in one database.
            Err(error) if error.code == Code::Conflict && !error.is_caused_by(&["constraint"]) => {
                self.at(&key, as_it_is).await
            }
            // The directory is down: who is known goes on.
            Err(error) if error.code == Code::Unavailable => match self.at(&key, as_it_is).await {
                stored if is_known(&stored) => stored,
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Carries a registration out at the home that its keys are claimed for. `work` uses the trail's event id.
    pub async fn register<T>(
        &self,
        keys: &[Key],
        wanted: &Wanted,
        trail: &Trail,
        work: impl AsyncFn(&Database) -> Result<T>,
    ) -> Result<T> {
        let registered = self.try_to_register(keys, wanted, trail, work).await?;
        registered.ok_or_else(|| Refusal::TooManyClients.into())
    }

    /// As [`register`](Self::register). None: webhooks have brought as many unknown clients as they may today, and this is one more.
    async fn try_to_register<T>(
        &self,
        keys: &[Key],
        wanted: &Wanted,
        trail: &Trail,
        work: impl AsyncFn(&Database) -> Result<T>,
    ) -> Result<Option<T>> {
        let is_named = matches!(wanted, Wanted::Home(_));
        let most_a_day = match wanted {
            Wanted::Webhook { most_a_day } => Some(*most_a_day),
            _ => None,
        };
        let mut wanted = routes::Wanted {
            homes: self.numbers(wanted)?,
            any_state: false,
            most_a_day,
        };
        if !self.are_many() {
            return work(self.first()).await.map(Some);
        }
        for _ in 0..MAX_CLAIMS {
            let database = match self.claim(keys, &mut wanted, trail).await? {
                Claim::At(database) => database,
                Claim::Again => continue,
                Claim::NotOpen if is_named => return Err(closed()),
                Claim::NotOpen => return Err(not_open().detailed(ADD_ONE)),
                Claim::TooMany => return Ok(None),
            };
            let home = database.home();
            let done = work(&database).await;
            match &done {
                Err(error) if error.is_caused_by(&[MOVED]) => {
                    // The moves are finished on the way; then the claim leads to the other home.
                    for key in keys {
                        known(self.home_of(key).await)?;
                    }
                    continue;
                }
                Ok(_) => self.remember_all(keys, home),
                Err(_) => {}
            }
            self.settle_if_over(keys, trail, &done)?;
            return done.map(Some);
        }
        Err(clash())
    }

    async fn claim(
        &self,
        keys: &[Key],
        wanted: &mut routes::Wanted,
        trail: &Trail,
    ) -> Result<Claim> {
        let directory = self.directory()?;
        let claim = routes::claim(&directory, keys, wanted, &trail.event_id);
        let entries = match claim.await? {
            routes::Claim::Routes(entries) => entries,
            routes::Claim::Blank if self.enrol().await? => return Ok(Claim::Again),
            routes::Claim::Blank => {
                let blank = "the directory is blank: it has to be rebuilt";
                return Err(Error::unavailable(60, blank));
            }
            routes::Claim::TooMany => return Ok(Claim::TooMany),
        };
        match claimed(keys.len(), &entries, &wanted.homes) {
            Claimed::At(home, identity) => self.database(home, identity).map(Claim::At),
            Claimed::NoHome if self.enrol().await? => Ok(Claim::Again),
            Claimed::NoHome => Ok(Claim::NotOpen),
            Claimed::Clash => {
                match self.release(keys, &entries, trail).await?.as_slice() {
                    [] => Ok(Claim::Again),
                    // Somebody is there already, so that is where it is decided.
                    [home] if !wanted.any_state => {
                        wanted.homes = vec![*home];
                        Ok(Claim::Again)
                    }
                    _ => Err(taken()),
                }
            }
        }
    }

    /// Lets the routes go that nobody stands behind. If somebody stands behind all of them: their homes.
    async fn release(&self, keys: &[Key], entries: &[Entry], trail: &Trail) -> Result<Vec<u32>> {
        let directory = self.directory()?;
        let mut kept: Vec<u32> = Vec::new();
        let mut any = false;
        for entry in entries {
            let Some(key) = keys
                .iter()
                .find(|key| key.hex.eq_ignore_ascii_case(&entry.key))
            else {
                continue;
            };
            let home = self.database(entry.home, entry.identity.clone())?;
            if routes::release(&home, trail, key, entry).await? {
                any = true;
                routes::drop_route(&directory, entry).await?;
            } else if !kept.contains(&entry.home) {
                kept.push(entry.home);
            }
        }
        if any {
            kept.clear();
        }
        Ok(kept)
    }

    /// Gives a user of a home an API key, by `work`: it is claimed first. 409 if somebody in another home has it.
    pub async fn with_api_key<T>(
        &self,
        hash: &str,
        home: &Database,
        trail: &Trail,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        if !self.are_many() {
            return work.await;
        }
        let mut wanted = routes::Wanted {
            homes: vec![home.home()],
            any_state: true,
            most_a_day: None,
        };
        let keys = [Key::new(Kind::ApiKey, hash)];
        for _ in 0..MAX_CLAIMS {
            match self.claim(&keys, &mut wanted, trail).await? {
                Claim::At(_) => {
                    let done = work.await;
                    self.settle_if_over(&keys, trail, &done)?;
                    return done;
                }
                Claim::Again => {}
                Claim::NotOpen | Claim::TooMany => return Err(not_open()),
            }
        }
        Err(clash())
    }

    /// Lets the routes of somebody's ids go who was erased. What is left behind is found by the next registration.
    pub async fn let_go(&self, keys: &[Key], trail: &Trail) -> Result<()> {
        if !self.are_many() {
            return Ok(());
        }
        let directory = self.directory()?;
        let entries = routes::find_all(&directory, keys).await?;
        self.release(keys, &entries, trail).await.map(drop)
    }

    /// As long as an attempt may still end, the claim has to stand.
    fn settle_if_over<T>(&self, keys: &[Key], trail: &Trail, done: &Result<T>) -> Result<()> {
        match done {
            Err(error) if matches!(error.code, Code::Unavailable | Code::Internal) => Ok(()),
            _ => self.settle(keys, trail),
        }
    }

    fn settle(&self, keys: &[Key], trail: &Trail) -> Result<()> {
        let directory = self.directory()?;
        let (keys, claim) = (keys.to_vec(), trail.event_id.clone());
        after_answer(async move {
            // What is left behind is found by the walk.
            let _ = routes::settle(&directory, &keys, &claim).await;
        });
        Ok(())
    }

    pub(super) fn remember_all(&self, keys: &[Key], home: u32) {
        let route = Route {
            home,
            identity: None,
            source: Source::Row,
        };
        for key in keys.iter().filter(|key| key.kind != Kind::ApiKey) {
            self.remember(key, &route);
        }
    }
}

/// Leaves the event of a refusal that no home has seen, so that none goes without.
pub async fn noted<T>(
    done: Result<T>,
    db: &Database,
    trail: &Trail,
    event: &Event<'_>,
) -> Result<T> {
    if done.as_ref().is_err_and(is_taken) {
        note(db, trail, event).await?;
    }
    done
}

/// A home writes no event of somebody who has left it: there the id that was asked for stands in the reason.
async fn note(db: &Database, trail: &Trail, event: &Event<'_>) -> Result<()> {
    let mut event = *event;
    loop {
        let change = Change::new(&trail.event_id).event(trail.event(&event));
        match db.change(change).await {
            Err(error) if error.is_caused_by(&[MOVED]) && event.client_id.is_some() => {
                db.because(event.user_id.or(event.client_id).map(str::to_owned));
                (event.user_id, event.client_id) = (None, None);
            }
            noted => return noted.map(drop),
        }
    }
}

const ADD_ONE: &str = "No database of this place takes new users. An operator opens one with PUT /admin/homes/:home, or adds one with npm run deploy -- --add-home. Nothing was registered.";

/// Where any database would do, the remedy is to add one (503). Here somebody has chosen one.
fn closed() -> Error {
    Error::conflict(
        "This database takes no new users. Open it with PUT /admin/homes/:home, or name another one.",
    )
}

fn not_open() -> Error {
    Error::unavailable(60, "no home that is wanted is open")
}

fn clash() -> Error {
    Error::unavailable(1, "the claims of several registrations clash")
}

/// Whether the keys led to several homes, and somebody stands behind each.
pub fn is_taken(error: &Error) -> bool {
    error.is_caused_by(&[TAKEN])
}

fn taken() -> Error {
    let conflict = Error::conflict(
        "The id, clientId or clientApiKey is registered already, with another of the three. Where deleted users stand in the way, POST /users/:userId/move brings them into one database.",
    );
    conflict.caused_by(TAKEN)
}
