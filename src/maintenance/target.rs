//! The copy of one home: where its objects go.

use crate::error::Result;
use crate::platform::bucket::{Bucket, Put};
use crate::store::changes::{Note, Noted};

/// The copy of one home.
#[derive(Clone)]
pub struct Target {
    pub bucket: Bucket,
    /// The number of the home; 0 where there is one database.
    pub home: u32,
}

impl Target {
    /// Makes the objects: the notes of those that are there, and whether a name was taken by something else.
    pub async fn make(&self, noted: &Noted) -> Result<(Vec<Note>, bool)> {
        let mut gone = noted.without.clone();
        let mut is_taken = false;
        if !noted.puts.is_empty() {
            let puts = self.bucket.put_new(&noted.puts).finish().await?;
            for (note, put) in noted.notes.iter().zip(puts) {
                match put {
                    Put::There => gone.push(note.clone()),
                    Put::Taken => is_taken = true,
                }
            }
        }
        Ok((gone, is_taken))
    }
}
