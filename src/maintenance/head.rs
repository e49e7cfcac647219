//! The head of a home's copy, in its bucket.

use super::target::Target;
use crate::domain::head::Head;
use crate::domain::journal::name_of_head;
use crate::error::{Error, Result};
use crate::store::{Database, changes};

/// The head of a home's copy, if it has one.
pub async fn read_head(target: &Target) -> Result<Option<Head>> {
    let kept = Kept::read(target).await?;
    Ok(kept.map(|kept| kept.head))
}

/// The head as the bucket has it, if it has one. Of two runs at once only the first one replaces what both have read.
pub struct Kept {
    pub head: Head,
    /// Empty: there is none yet.
    pub etag: String,
    /// The bucket lacks something: everything is copied anew.
    pub is_anew: bool,
}

impl Kept {
    pub async fn read(target: &Target) -> Result<Option<Self>> {
        let name = name_of_head(target.home);
        let Some((text, etag)) = target.bucket.get(&name).await? else {
            return Ok(None);
        };
        match Head::parse(&text) {
            Some(head) => Ok(Some(Self {
                head,
                etag,
                is_anew: false,
            })),
            None => Err(Error::conflict(format!(
                "The object {name} of the copy is damaged. Delete it: then the schedule copies everything anew, and a rebuild goes without it."
            ))
            .caused_by(format!("the object {name} of the copy is damaged: delete it"))),
        }
    }

    /// Raises it to the last number of all, before objects are made: so the head knows of each object of a run, even if the database goes back
    /// meanwhile. The database is told first: else one that is only told late would seem to have gone back.
    pub async fn claim(&mut self, db: &Database, target: &Target) -> Result<()> {
        if self.etag.is_empty() {
            self.write_alone(target).await?;
        }
        while let Some((told, at)) = changes::claim(db).await?
            && told > self.head.place.seq
        {
            let epoch = self.head.place.epoch;
            self.head.place.seq = told;
            self.head.at = at;
            if self.write(target).await? {
                break;
            }
            // Another run was faster. What it wrote counts, unless it has begun the next epoch.
            let kept = Self::read(target).await?;
            *self = kept
                .filter(|kept| kept.head.place.epoch == epoch)
                .ok_or_else(faster)?;
        }
        Ok(())
    }

    /// Puts it in the place of the one that was read. An error: another run was faster.
    pub async fn write_alone(&mut self, target: &Target) -> Result<()> {
        if self.write(target).await? {
            return Ok(());
        }
        Err(faster())
    }

    /// Puts it in the place of the one that was read. Whether it is there: another run may have been faster.
    async fn write(&mut self, target: &Target) -> Result<bool> {
        let name = name_of_head(target.home);
        let text = self.head.to_json();
        let put = target.bucket.replace(&name, &text, &self.etag);
        let etag = put.await?;
        let is_there = etag.is_some();
        self.etag = etag.unwrap_or_default();
        Ok(is_there)
    }
}

/// The error where another run goes on with the copy.
pub fn faster() -> Error {
    Error::unavailable(30, "R2: another run has just written the head of the copy")
}
