//! How a database becomes a home: one that the directory does not know yet, or one that was rebuilt in a lost one's place.

use super::{Homes, unbound};
use crate::config::{self, binding_of};
use crate::error::{Code, Result};
use crate::store::{Database, Which, enrolment, routes};

impl Homes<'_> {
    /// The database that a home's binding leads to, whatever it is.
    fn unknown(&self, home: u32) -> Result<Database> {
        let binding = config::database(self.env, home).ok_or_else(|| unbound(home))?;
        Ok(self.first.sibling(binding, Which::Unknown(home)))
    }

    /// The database of a home, by the identity that the directory knows. One that was rebuilt in its place is it from now on.
    pub async fn identified(&self, home: u32, known: Option<&str>) -> Result<Database> {
        let database = self.database(home, known.map(str::to_owned))?;
        let (Err(error), Some(known)) = (database.is_right().await, known) else {
            return Ok(database);
        };
        if error.code != Code::Misconfigured {
            return Ok(database); // It does not answer: whoever asks it is told so.
        }
        let (unknown, directory) = (self.unknown(home)?, self.directory()?);
        match enrolment::take_over(&unknown, &directory, home, known).await? {
            Some(identity) => self.database(home, Some(identity)),
            None => Err(error),
        }
    }

    /// A home was rebuilt into this database. Whether it is bound as that home, so that it takes the lost one's place now.
    pub async fn rebuilt(&self, home: u32, into: &Database, binding: &str) -> Result<bool> {
        if !self.are_many() {
            return Ok(false);
        }
        let directory = self.directory()?;
        let known = enrolment::rebuilt(into, &directory, &self.first, home).await?;
        if binding != binding_of(home) {
            return Ok(false);
        }
        if let Some(known) = known {
            enrolment::take_over(into, &directory, home, &known).await?;
        }
        self.enrol().await?; // A directory that does not know the home yet learns of it.
        Ok(true)
    }

    /// The homes that the directory knows, with their identities.
    pub async fn known(&self) -> Result<Vec<(u32, String)>> {
        let (known, _) = routes::homes(&self.directory()?).await?;
        let known = known.into_iter().map(|home| (home.home, home.identity));
        Ok(known.collect())
    }

    /// Enters the homes that the directory does not know yet, and opens those that may take users. Whether anything changed.
    pub async fn enrol(&self) -> Result<bool> {
        let directory = self.directory()?;
        let (known, complete) = routes::homes(&directory).await?;
        let missing = known
            .iter()
            .find(|home| !self.settings.bound.contains(&home.home));
        if let Some(home) = missing {
            return Err(unbound(home.home));
        }
        let is_known = |home: &u32| known.iter().any(|known| known.home == *home);
        let fresh: Vec<u32> = self
            .settings
            .bound
            .iter()
            .copied()
            .filter(|home| !is_known(home))
            .collect();
        let mut met = Vec::new();
        for home in fresh {
            let database = self.unknown(home)?;
            let found = enrolment::look(&database).await?;
            met.push((home, database, found));
        }
        // A directory that is blank beside a home that was part of one: it was lost. Only a rebuild makes it whole.
        let begins = complete.is_none() && !met.iter().any(|(_, _, found)| found.is_spread);
        let mut changed = false;
        for (home, database, found) in met {
            let place = self.settings.place_of(home);
            let first = &self.first;
            let entered =
                enrolment::enter(&database, &found, &directory, first, home, place, begins);
            changed |= entered.await?;
        }
        changed |= enrolment::open(&directory).await?;
        Ok(changed)
    }
}
