//! Many databases: which one a user is in. The only place that routes.
//!
//! `DB` alone is home 0, and nothing here is asked. With `DIRECTORY`, a user's route is sought in the isolate's memory, in the data
//! center's cache, in the directory; and where the directory does not answer, the homes themselves are asked. A route only says
//! where to look: the home's own transaction decides. So a route that is out of date costs a round trip, never an answer.

mod enrolling;
mod moving;
mod registering;
mod rounds;
mod tending;

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;

use crate::config::{self, Homes as Settings, binding_of};
use crate::domain::homes::{Key, Kind, Said};
use crate::domain::number::whole;
use crate::domain::recent::Recent;
use crate::error::{Code, Error, Result};
use crate::log::{self, Field, Level};
use crate::platform::{Bindings, D1, after_answer, cache, cached, now_ms};
use crate::store::departed;
use crate::store::moves;
use crate::store::outcome::{known, unknown_user};
use crate::store::routes::{self, Found};
use crate::store::users;
use crate::store::{Database, MOVED, Which, ask_each};

pub use registering::{Wanted, is_taken, keys_of, noted};
pub use rounds::Round;

const REMEMBERED: usize = 20_000;
const REMEMBER_MS: u64 = 60 * 60 * 1000;
const CACHE_SECONDS: u32 = 24 * 60 * 60;
/// A user who is just moving may be met on both sides.
const MAX_HOPS: u32 = 5;

thread_local! {
    static ROUTES: RefCell<Recent<u32>> = const { RefCell::new(Recent::new(REMEMBERED)) };
    /// The identities of the homes that have answered this isolate, by their numbers.
    static IDENTITIES: RefCell<Vec<(u32, String)>> = const { RefCell::new(Vec::new()) };
}

/// Where a route comes from tells how much it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// May be out of date.
    Remembered,
    /// The directory has a row: a registration that was not finished leaves one as well.
    Row,
    /// Nobody is known there; the homes were asked; a home said where the user has gone.
    Final,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Route {
    home: u32,
    identity: Option<String>,
    source: Source,
}

/// All databases of the Worker.
pub struct Homes<'a> {
    env: &'a Bindings,
    settings: &'a Settings,
    /// `DB`.
    first: Database,
}

/// The way to whom a request is about.
struct Trip {
    route: Route,
    database: Database,
    /// Homes that were asked.
    hops: u32,
}

/// What is carried out at a home, whatever it gives: so the way there is compiled once.
trait Work {
    fn attempt<'w>(
        &'w mut self,
        database: &'w Database,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + 'w>>;
}

/// Work that keeps what it gave.
struct Attempt<F, T> {
    work: F,
    done: Option<T>,
}

impl<T, F: AsyncFn(&Database) -> Result<T>> Work for Attempt<F, T> {
    fn attempt<'w>(
        &'w mut self,
        database: &'w Database,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + 'w>> {
        Box::pin(async move {
            self.done = Some((self.work)(database).await?);
            Ok(())
        })
    }
}

impl<F, T> Attempt<F, T> {
    fn done(self) -> Result<T> {
        self.done
            .ok_or_else(|| Error::internal("no home was asked"))
    }
}

impl<'a> Homes<'a> {
    /// For a request.
    pub fn for_request(env: &'a Bindings, settings: &'a Settings) -> Result<Self> {
        Self::new(env, settings, Database::for_request)
    }

    /// For work in the background.
    pub fn for_background(env: &'a Bindings, settings: &'a Settings) -> Result<Self> {
        Self::new(env, settings, Database::for_background)
    }

    fn new(
        env: &'a Bindings,
        settings: &'a Settings,
        open: impl FnOnce(D1, Which) -> Database,
    ) -> Result<Self> {
        let binding = config::database(env, 0).ok_or_else(|| unbound(0))?;
        let which = if settings.has_directory {
            Which::Home(0, None)
        } else {
            Which::Alone
        };
        let first = open(binding, which);
        Ok(Self {
            env,
            settings,
            first,
        })
    }

    /// There is a second copy: what a request changes is noted, in whichever home.
    pub fn copied(self, all_notes: bool) -> Self {
        Self {
            first: self.first.copied(all_notes),
            ..self
        }
    }

    /// The homes that the request changed: their notes are to become objects before it is answered.
    pub fn changed(&self) -> Result<Vec<Database>> {
        self.by_number(&self.first.changed_homes())
    }

    /// `DB`: whatever is about no user, or about nobody who is known, is there.
    pub fn first(&self) -> &Database {
        &self.first
    }

    /// Whether there is a directory; else every user is in `DB`.
    pub fn are_many(&self) -> bool {
        self.settings.has_directory
    }

    pub fn settings(&self) -> &Settings {
        self.settings
    }

    /// 400 if there is no such home.
    pub fn check_number(&self, home: u32) -> Result<()> {
        match self.settings.bound.contains(&home) {
            true => Ok(()),
            false => Err(Error::field(
                "home",
                "be the number of a database that is bound",
            )),
        }
    }

    /// The database of a home. Without its identity, whichever has its number: see [`home`](Self::home).
    fn database(&self, home: u32, identity: Option<String>) -> Result<Database> {
        let binding = config::database(self.env, home).ok_or_else(|| unbound(home))?;
        let which = if self.are_many() {
            Which::Home(home, identity)
        } else {
            Which::Alone
        };
        Ok(self.first.sibling(binding, which))
    }

    /// The database of a home, by the identity that the directory knows: one that was put in its place is not asked.
    pub async fn home(&self, home: u32) -> Result<Database> {
        let homes = self.by_identity(&[home]).await?;
        homes.into_iter().next().ok_or_else(|| unbound(home))
    }

    /// The databases of all homes that are bound, home 0 first, by their identities.
    pub async fn all(&self) -> Result<Vec<Database>> {
        self.by_identity(&self.settings.bound).await
    }

    /// Asks the directory, unless this isolate has met all of these homes. Boxed: every caller would else have it within its own future.
    fn by_identity<'b>(
        &'b self,
        homes: &'b [u32],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Database>>> + 'b>> {
        Box::pin(self.look_up(homes))
    }

    async fn look_up(&self, homes: &[u32]) -> Result<Vec<Database>> {
        let databases = self.by_number(homes)?;
        if databases.iter().all(|home| home.which().is_identified()) {
            return Ok(databases);
        }
        let known = self.known().await?;
        let identity = |home| known.iter().find(|(known, _)| *known == home);
        homes
            .iter()
            .map(|home| self.database(*home, identity(*home).map(|(_, known)| known.clone())))
            .collect()
    }

    /// As far as the bindings tell: where the directory does not answer.
    fn by_number(&self, homes: &[u32]) -> Result<Vec<Database>> {
        homes
            .iter()
            .map(|home| self.database(*home, None))
            .collect()
    }

    pub fn directory(&self) -> Result<Database> {
        let binding = config::directory(self.env)
            .ok_or_else(|| Error::internal("the binding DIRECTORY is gone"))?;
        Ok(self.first.sibling(binding, Which::Directory))
    }

    /// Carries work out at the home of whom the key is about.
    pub async fn at<T>(&self, key: &Key, work: impl AsyncFn(&Database) -> Result<T>) -> Result<T> {
        let mut attempt = Attempt { work, done: None };
        Box::pin(self.carry_out(key, false, &mut attempt)).await?;
        attempt.done()
    }

    /// As [`at`](Self::at), by what the directory says now. For operators: what they read leaves no event that would notice a
    /// route that is out of date.
    pub async fn surely_at<T>(
        &self,
        key: &Key,
        work: impl AsyncFn(&Database) -> Result<T>,
    ) -> Result<T> {
        let mut attempt = Attempt { work, done: None };
        Box::pin(self.carry_out(key, true, &mut attempt)).await?;
        attempt.done()
    }

    async fn carry_out(&self, key: &Key, surely: bool, work: &mut dyn Work) -> Result<()> {
        if !self.are_many() {
            return work.attempt(&self.first).await;
        }
        let mut trip = Box::pin(self.set_out(key, surely)).await?;
        loop {
            let done = work.attempt(&trip.database).await;
            if !Box::pin(self.go_on(key, &mut trip, done.as_ref().err())).await? {
                return done;
            }
        }
    }

    async fn set_out(&self, key: &Key, surely: bool) -> Result<Trip> {
        let route = match surely {
            true => self.ask(key).await?,
            false => self.find(key).await?,
        };
        Ok(Trip {
            database: self.database(route.home, route.identity.clone())?,
            route,
            hops: 1,
        })
    }

    /// Leads to where else the user may be, after a home has answered. False: the answer stands.
    async fn go_on(&self, key: &Key, trip: &mut Trip, error: Option<&Error>) -> Result<bool> {
        let Some(error) = error else {
            self.remember(key, &trip.route);
            return Ok(false);
        };
        let next = self.elsewhere(key, &trip.route, &trip.database, error);
        let Some((next, has_forgotten)) = next.await? else {
            return Ok(false);
        };
        if trip.hops == MAX_HOPS {
            return Err(Error::unavailable(1, "the user is moving to and fro"));
        }
        // Marks that go are no going to and fro: there are only so many of them.
        trip.hops += u32::from(!has_forgotten);
        trip.database = self.database(next.home, next.identity.clone())?;
        trip.route = next;
        Ok(true)
    }

    async fn find(&self, key: &Key) -> Result<Route> {
        let remembered = |home, identity| Route {
            home,
            identity,
            source: Source::Remembered,
        };
        let now = now_ms();
        if let Some(home) = ROUTES.with_borrow(|routes| routes.get(key.hash, now).copied()) {
            return Ok(remembered(home, None)); // This isolate has met that home.
        }
        if let Some(text) = cached(&key.hex).await
            && let Some((home, identity)) = text.split_once(' ')
            && let Some(home) = whole(home)
        {
            return Ok(remembered(home, Some(identity.to_owned())));
        }
        self.ask(key).await
    }

    /// Asks the directory; where it does not answer, or knows nothing, the homes.
    async fn ask(&self, key: &Key) -> Result<Route> {
        match routes::find(&self.directory()?, key).await {
            Ok((Said::At(home), identity)) => Ok(Route {
                home,
                identity,
                source: Source::Row,
            }),
            Ok((Said::Nobody, identity)) => Ok(Route {
                home: 0,
                identity,
                source: Source::Final,
            }),
            // Never used before, unless it was lost.
            Ok((Said::Nothing, None)) if self.enrol().await? => Box::pin(self.ask(key)).await,
            Ok((Said::Nothing, _)) => self.probe(key, self.all().await?).await,
            Err(error) => {
                log::event(
                    Level::Error,
                    "the directory does not answer: the homes are asked",
                    &[("cause", Field::Text(error.why()))],
                );
                self.probe(key, self.by_number(&self.settings.bound)?).await
            }
        }
    }

    /// Asks all homes for a user. Of several that the user has moved away from it is the one that the user left last. Home 0 if none of them has
    /// it; 503 if one that may have it does not answer.
    async fn probe(&self, key: &Key, homes: Vec<Database>) -> Result<Route> {
        let mut best = (Found::Nothing, None, 0);
        let mut silent = None;
        for (home, answer) in homes
            .iter()
            .zip(ask_each(&homes, &routes::probe(key)).await)
        {
            match answer {
                Ok(rows) => {
                    let found = (routes::read_probe(&rows), rows.first_text("left_at"));
                    best = best.max((found.0, found.1, home.home()));
                }
                Err(error) => silent = silent.or(Some(error)),
            }
        }
        let home = if best.0 == Found::Nothing { 0 } else { best.2 };
        match (best, silent) {
            ((Found::User, ..), _) | (_, None) => Ok(Route {
                home,
                identity: None,
                source: Source::Final,
            }),
            (_, Some(error)) => Err(error),
        }
    }

    /// Where else the user may be, after a home has answered with this error; and whether a mark of one who was erased went, as
    /// [`arrive`](Self::arrive) tells.
    async fn elsewhere(
        &self,
        key: &Key,
        route: &Route,
        database: &Database,
        error: &Error,
    ) -> Result<Option<(Route, bool)>> {
        if error.is_caused_by(&[MOVED]) {
            forget(key);
            return self.follow(key, database).await.map(Some);
        }
        // The home was rebuilt since the route was remembered.
        if error.code == Code::Misconfigured && route.source == Source::Remembered {
            forget(key);
            let next = self.ask(key).await?;
            return Ok((next.identity != route.identity).then_some((next, false)));
        }
        let is_unknown = match error.code {
            Code::UnknownClient | Code::UnknownUser => true,
            // Who is refused may be here all the same.
            Code::Unauthorized | Code::Forbidden if route.source != Source::Final => {
                let rows = database.ask(routes::probe(key)).await?;
                routes::read_probe(&rows) != Found::User
            }
            _ => false,
        };
        if !is_unknown {
            return Ok(None);
        }
        if let Some(home) = moves::gone_to(database, key).await? {
            return self.arrive(key, database, home).await.map(Some);
        }
        let next = match route.source {
            Source::Final => return Ok(None),
            Source::Remembered => {
                forget(key);
                self.ask(key).await?
            }
            // Nobody stands behind the row, or it is wrong.
            Source::Row => self.probe(key, self.all().await?).await?,
        };
        if next.home == route.home && next.source == Source::Row {
            let probed = self.probe(key, self.all().await?).await?;
            return Ok((probed.home != route.home).then_some((probed, false)));
        }
        Ok((next.home != route.home).then_some((next, false)))
    }

    /// The home that the user has moved to, by what this one says; and what [`arrive`](Self::arrive) tells.
    async fn follow(&self, key: &Key, database: &Database) -> Result<(Route, bool)> {
        match moves::gone_to(database, key).await? {
            Some(gone) => self.arrive(key, database, gone).await,
            None => Ok((self.ask(key).await?, false)), // the move is over
        }
    }

    /// Sees to it that a user who has left a home arrives at the other, if that was not finished; the route to it. Of one who was
    /// erased there the home's mark goes: true, and the route is what the directory says.
    async fn arrive(&self, key: &Key, from: &Database, gone: moves::Gone) -> Result<(Route, bool)> {
        let directory = self.directory()?;
        // Where the directory does not answer, a home is known by its number alone.
        let identity = routes::identity(&directory, gone.home)
            .await
            .unwrap_or_default();
        let route = Route {
            home: gone.home,
            identity,
            source: Source::Final,
        };
        let target = self.database(gone.home, route.identity.clone())?;
        if gone.has_left {
            let is_known = moves::arrived(&target, &gone.move_id).await?;
            if departed::forget(from, &target, &gone.marks).await? {
                return Ok((self.ask(key).await?, true));
            }
            // It went back in time: in what it lost the user may have gone on from there.
            if !is_known {
                let next = self.probe(key, self.all().await?).await?;
                if next.home != from.home() && next.home != gone.home {
                    return Ok((next, false));
                }
            }
            // The directory may be down: then the next who is led here mends it.
            let keys = std::slice::from_ref(key);
            let moved = routes::moved(&directory, keys, from.home(), gone.home).await;
            if moved.is_ok() {
                self.remember(key, &route);
            }
        } else {
            Self::sweep_broken_off(from, &target, &gone.move_id, &gone.marks).await?;
        }
        Ok((route, false))
    }

    fn remembers(&self, key: &Key) -> bool {
        ROUTES.with_borrow(|routes| routes.get(key.hash, now_ms()).is_some())
    }

    fn remember(&self, key: &Key, route: &Route) {
        let home = route.home;
        let identity = IDENTITIES.with_borrow_mut(|identities| {
            if let Some(identity) = &route.identity {
                identities.retain(|(known, _)| *known != home);
                identities.push((home, identity.clone()));
            }
            let known = identities.iter().find(|(known, _)| *known == home);
            known.map(|(_, identity)| identity.clone())
        });
        let known = ROUTES.with_borrow(|routes| routes.get(key.hash, now_ms()).copied());
        if known == Some(home) {
            return;
        }
        ROUTES.with_borrow_mut(|routes| routes.insert(key.hash, home, now_ms() + REMEMBER_MS));
        // Other isolates may have other bindings: they check which database it was.
        let Some(identity) = identity else { return };
        let name = key.hex.clone();
        after_answer(async move {
            cache(&name, &format!("{home} {identity}"), CACHE_SECONDS).await;
        });
    }

    /// The client id of whoever has this API key, in whichever home.
    pub async fn owner_of_api_key(&self, hash: &str) -> Result<Option<String>> {
        let key = Key::new(Kind::ApiKey, hash);
        let found = self.at(&key, async |db| {
            let owner = users::owner_of_api_key(db, hash).await?;
            owner.ok_or_else(unknown_user)
        });
        known(found.await)
    }
}

/// What an isolate remembers is forgotten; the cache's answer goes with its time, or with the next that is remembered.
fn forget(key: &Key) {
    ROUTES.with_borrow_mut(|routes| routes.insert(key.hash, 0, 0));
}

fn unbound(home: u32) -> Error {
    Error::new(
        Code::Misconfigured,
        "A database is not bound; the Worker's log names it.",
    )
    .caused_by(format!("{} is not bound", binding_of(home)))
}
