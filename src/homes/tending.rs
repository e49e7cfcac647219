//! What the background does for the directory: which homes are due, that every user has routes, how full each home is.

use super::Homes;
use super::rounds::Round;
use crate::config::binding_of;
use crate::domain::homes::{Key, Kind, Route as Entry};
use crate::error::{Code, Result};
use crate::log::{self, Field, Level};
use crate::platform::now_ms;
use crate::store::directory_walk::{Astray, Page};
use crate::store::health::{self, Canary};
use crate::store::routes::{self, Home, Seen};
use crate::store::{Database, directory_walk as walk};

/// A cron that runs every minute serves a fifteenth of the homes at each run.
const RUNS_PER_QUARTER: u64 = 15;
const MS_PER_MINUTE: u64 = 60_000;
/// Users whose routes a run looks after, in pages; while the directory is being filled, more.
const PAGES_PER_RUN: u32 = 2;
const PAGES_WHILE_FILLING: u32 = 40;

impl Homes<'_> {
    /// The homes to be served now.
    pub async fn due(&self, every_minute: bool) -> Result<Vec<u32>> {
        let runs = if every_minute { RUNS_PER_QUARTER } else { 1 };
        let bound = &self.settings.bound;
        let turns = match self.enrol().await {
            Ok(_) => routes::turns(&self.directory()?, bound, runs).await,
            Err(error) => Err(error),
        };
        match turns {
            Ok(homes) => Ok(homes),
            // Without the directory the clock tells whose turn it is.
            Err(error) => {
                log::step("directory", Err(error));
                let turn = now_ms() / MS_PER_MINUTE % runs;
                let mine = |home: &u32| u64::from(*home) % runs == turn;
                Ok(bound.iter().copied().filter(mine).collect())
            }
        }
    }

    /// Whether the directory answers, and every binding leads to the home of its number; the canaries of each home; and what the
    /// directory knows of them. Which of the homes are down, the status tells: they are no reason to turn the users of the others away.
    pub async fn are_right(&self) -> Result<(Vec<(Database, Vec<Canary>)>, Vec<Home>)> {
        self.enrol().await?;
        let (known, _) = routes::homes(&self.directory()?).await?;
        let mut homes = Vec::new();
        for home in &known {
            homes.push(self.database(home.home, Some(home.identity.clone()))?);
        }
        let mut canaries = Vec::new();
        let answers = health::canaries_of_each(&homes).await;
        for (home, answer) in homes.into_iter().zip(answers) {
            let (home, answer) = match answer {
                // Was it rebuilt in the place of the one that the directory knows?
                Err(error) if error.code == Code::Misconfigured => {
                    let known = home.which().identity();
                    let home = self.identified(home.home(), known).await?;
                    let answer = health::read(&home).await;
                    (home, answer.map(|health| health.canaries))
                }
                answer => (home, answer),
            };
            match answer {
                Ok(of_home) => canaries.push((home, of_home)),
                Err(error) if error.code == Code::Misconfigured => return Err(error),
                Err(_) => {}
            }
        }
        Ok((canaries, known))
    }

    /// Looks after the directory, as far as it is about this home.
    pub async fn tend(&self, home: &Database) -> Result<()> {
        let directory = self.directory()?;
        // The home before the directory: another run may tell it something newer meanwhile.
        let told = walk::told_seen(home).await;
        let (known, complete) = routes::homes(&directory).await?;
        log::step("moves", self.finish_moves(home).await);
        let told = told?;
        let seen_at = known.iter().find(|known| known.home == home.home());
        let seen_at = seen_at.and_then(|known| known.seen_at.as_deref());
        let went_back = seen_at
            .zip(told.as_deref())
            .is_some_and(|(at, told)| at < told);
        let complete = complete.filter(|_| !went_back);
        if went_back {
            walk::incomplete(&directory).await?;
            log::event(
                Level::Error,
                "the directory went back in time: rebuild it",
                &[],
            );
        }
        // 1. Every user has routes, and they lead here.
        let is_filling = home.home() == 0 && complete.as_deref() == Some("0");
        let pages = if is_filling {
            PAGES_WHILE_FILLING
        } else {
            PAGES_PER_RUN
        };
        let is_through = self.enter_users(&directory, home, pages).await?;
        if is_filling && is_through {
            walk::complete(&directory).await?;
            self.enrol().await?;
        }
        // 2. Registrations that nobody has finished within a day cannot be carried out any more.
        walk::drop_old_claims(&directory).await?;
        // 3. How full is it?
        let (state, seen_at) = routes::seen(
            &directory,
            &Seen {
                home: home.home(),
                bytes: home.bytes(),
                users: walk::estimate_of_users(home).await?,
                closes_at_bytes: self.settings.closes_at_bytes,
                place: self.settings.place_of(home.home()),
            },
        )
        .await?;
        if let Some(at) = seen_at {
            walk::tell_seen(home, &at).await?;
        }
        let was_open = known
            .iter()
            .any(|known| known.home == home.home() && known.state == "open");
        if was_open && state.as_deref() == Some("closed") {
            self.tell_of_room(home.home(), &known);
        }
        Ok(())
    }

    fn tell_of_room(&self, closed: u32, known: &[Home]) {
        let place = self.settings.place_of(closed);
        let has_room = known.iter().any(|home| {
            home.home != closed
                && home.state == "open"
                && self.settings.place_of(home.home) == place
        });
        let (level, event) = if has_room {
            (Level::Warn, "a database takes no new users any more")
        } else {
            (
                Level::Error,
                "no database takes new users any more: add one",
            )
        };
        log::event(
            level,
            event,
            &[
                ("binding", Field::Text(&binding_of(closed))),
                ("place", Field::Text(place.unwrap_or("any"))),
            ],
        );
    }

    /// Enters the next users' routes. Whether the walk over all users has come to its end.
    async fn enter_users(&self, directory: &Database, home: &Database, pages: u32) -> Result<bool> {
        for _ in 0..pages {
            let page = walk::next_users(home, None).await?;
            self.enter(directory, home, &page).await?;
            walk::remember_place(home, page.last.as_deref()).await?;
            if page.last.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Fills the directory anew from the homes, one page of users at a time: where the next one begins, and how many users it had.
    /// None: it is whole. `place`: the round, the home, and behind which id; None at the beginning.
    pub async fn rebuild(
        &self,
        place: Option<(Round, u32, &str)>,
    ) -> Result<(Option<(Round, u32, String)>, u64)> {
        self.enrol().await?;
        let (round, home, after) = match place {
            Some(place) => place,
            None => (self.first_round().await?, 0, ""),
        };
        let directory = self.directory()?;
        let database = self.home(home).await?;
        let page = walk::next_users(&database, Some(after)).await?;
        self.enter(&directory, &database, &page).await?;
        let count = page.users.len() as u64;
        if let Some(last) = page.last {
            return Ok((Some((round, home, last)), count));
        }
        let next = self.settings.bound.iter().find(|bound| **bound > home);
        if let Some(next) = next {
            return Ok((Some((round, *next, String::new())), count));
        }
        if let Some(again) = self.next_round(&round).await? {
            return Ok((Some((again, 0, String::new())), count));
        }
        walk::complete(&directory).await?;
        self.enrol().await?;
        Ok((None, count))
    }

    /// Those of the users who live in another home than this one, where the directory leads to, or may do so.
    pub async fn living_elsewhere(
        &self,
        home: u32,
        ids: impl Iterator<Item = &str>,
    ) -> Result<Vec<String>> {
        if !self.are_many() {
            return Ok(Vec::new());
        }
        let keys: Vec<Key> = ids.map(|id| Key::new(Kind::User, id)).collect();
        let routes = routes::find_all(&self.directory()?, &keys).await?;
        let leads_to = |key: &Key, home: u32| {
            let is_its = |route: &Entry| route.key.eq_ignore_ascii_case(&key.hex);
            routes
                .iter()
                .any(|route| route.home == home && is_its(route))
        };
        let mut elsewhere = Vec::new();
        for other in self.settings.bound.iter().filter(|other| **other != home) {
            let there: Vec<&Key> = keys.iter().filter(|key| leads_to(key, *other)).collect();
            if there.is_empty() {
                continue;
            }
            let found = match self.home(*other).await {
                Ok(other) => walk::present(&[&other], &there).await,
                Err(error) => Err(error),
            };
            // One that does not answer may have them.
            let found = found.unwrap_or_else(|_| vec![1; there.len()]);
            let living = there.iter().zip(found).filter(|(_, found)| *found > 0);
            elsewhere.extend(living.map(|(key, _)| key.value.clone()));
        }
        Ok(elsewhere)
    }

    /// Enters the routes of a page of users. A route that leads to another home is changed only if the user is not there: of a
    /// user who is in two homes nobody but an operator can tell which one is right.
    async fn enter(&self, directory: &Database, home: &Database, page: &Page) -> Result<()> {
        if page.users.is_empty() {
            return Ok(());
        }
        let (mut users, mut others) = (Vec::new(), Vec::new());
        for user in &page.users {
            // Who is still arriving is the other home's, or nobody has heard yet that it is this one's: the one that has the route
            // leads on to the other.
            let keys = if user.is_user && !user.is_arriving {
                &mut users
            } else {
                &mut others
            };
            keys.push(Key::new(Kind::User, &user.id));
            keys.push(Key::new(Kind::Client, &user.client_id));
            keys.extend(user.hash.iter().map(|hash| Key::new(Kind::ApiKey, hash)));
        }
        let astray = walk::enter(directory, &users, &others, home.home()).await?;
        let mut elsewhere: Vec<u32> = Vec::new();
        for route in &astray {
            if !elsewhere.contains(&route.home) {
                elsewhere.push(route.home);
            }
        }
        for other in elsewhere {
            let of_other = astray.iter().filter(|route| route.home == other);
            let (routes, keys): (Vec<&Astray>, Vec<&Key>) = of_other
                .filter_map(|route| Some((route, users.get(route.place)?)))
                .unzip();
            let found = match self.home(other).await {
                // In this order: whose move has ended since the page was read is not here any more.
                Ok(other) => walk::present(&[&other, home], &keys).await,
                Err(error) => Err(error),
            };
            // Who is there cannot be told now: the next walk asks again.
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    log::step("routes", Err(error));
                    continue;
                }
            };
            let mut wrong = Vec::new();
            let mut in_both = Vec::new();
            for ((route, key), found) in routes.into_iter().zip(keys).zip(found) {
                match found {
                    0 => wrong.push(route),
                    1 => {}
                    _ => in_both.push(key),
                }
            }
            walk::correct(directory, &wrong, home.home()).await?;
            tell_of_two_homes(&in_both, home.home(), other);
        }
        Ok(())
    }
}

/// So many users of a page are told of who are in two homes.
const MAX_TOLD: usize = 20;

fn tell_of_two_homes(keys: &[&Key], home: u32, other: u32) {
    let ids = keys.iter().filter(|key| key.kind != Kind::ApiKey);
    for key in ids.take(MAX_TOLD) {
        let name = match key.kind {
            Kind::User => "userId",
            _ => "clientId",
        };
        log::event(
            Level::Error,
            "a user is in two databases",
            &[
                (name, Field::Text(&key.value)),
                ("binding", Field::Text(&binding_of(home))),
                ("other", Field::Text(&binding_of(other))),
            ],
        );
    }
}
