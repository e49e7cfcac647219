//! A way through all homes, page by page, that misses nobody: who moves meanwhile, out of a home that is yet to come into one that is
//! done, would be. Then it goes through all of them once more.

use super::Homes;
use crate::domain::number::whole;
use crate::error::{Error, Result};
use crate::store::departed;

/// How often it goes through all homes at most.
const ROUNDS: u32 = 3;

#[derive(Default)]
pub struct Round {
    number: u32,
    /// When it began, as [`departed::last_moves`] tells it.
    last_moves: String,
}

impl Round {
    /// As a cursor holds it, and what follows there.
    pub fn parse(text: &str) -> Option<(Self, &str)> {
        let (number, text) = text.split_once(':')?;
        let (last_moves, rest) = text.split_once(':')?;
        let round = Self {
            number: whole(number)?,
            last_moves: last_moves.to_owned(),
        };
        Some((round, rest))
    }

    pub fn to_text(&self) -> String {
        format!("{}:{}", self.number, self.last_moves)
    }
}

impl Homes<'_> {
    pub async fn first_round(&self) -> Result<Round> {
        if !self.are_many() {
            return Ok(Round::default());
        }
        Ok(Round {
            number: 1,
            last_moves: departed::last_moves(&self.all().await?).await?,
        })
    }

    /// None: nobody has moved since this one began, so nobody was missed.
    pub async fn next_round(&self, round: &Round) -> Result<Option<Round>> {
        let last_moves = departed::last_moves(&self.all().await?).await?;
        if last_moves == round.last_moves {
            return Ok(None);
        }
        if round.number >= ROUNDS {
            return Err(Error::conflict(
                "Users moved from one database to another meanwhile, so this may lack some of them. Begin it anew once no move is under way.",
            ));
        }
        Ok(Some(Round {
            number: round.number + 1,
            last_moves,
        }))
    }
}
