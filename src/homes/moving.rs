//! Moving a user from one home to another.
//!
//! The source is the authority until its own transaction gives the user up and drops the rows; from then on it is the target. Whoever
//! comes to the wrong one of the two is told by its marks (`moves`), and goes to the other.

use std::future::Future;
use std::pin::Pin;

use super::{Homes, MAX_HOPS};
use crate::config::binding_of;
use crate::domain::homes::Key;
use crate::domain::names::UserId;
use crate::error::{Error, Result};
use crate::log;
use crate::store::audit::Trail;
use crate::store::departed;
use crate::store::moves::{self, End, Members, Unfinished};
use crate::store::outcome::unknown_user;
use crate::store::routes::{self, Found};
use crate::store::{Database, MOVED};

/// What a move did.
pub struct Moved {
    pub from: u32,
    /// Rows that are in the new home now; 0 if the user was there already.
    pub rows: u64,
}

impl Homes<'_> {
    /// Moves a user, and who belongs to it among the deleted.
    ///
    /// 1. The source holds still: stores wait, recoveries go on.
    /// 2. The target is told to turn everybody away, and gets the rows.
    /// 3. The target's rows are read back.
    /// 4. They get into the target's second copy, by `copy`: behind a note's number, a page of what waits; None: nothing is left.
    /// 5. The source gives the user up.
    /// 6. The target is the authority; the directory learns of it.
    pub async fn move_user(
        &self,
        user_id: &UserId,
        to: u32,
        trail: &Trail,
        copy: impl AsyncFn(&Database, u64) -> Result<Option<u64>>,
    ) -> Result<Moved> {
        let target = self.home(to).await?;
        let key = Key::user(user_id);
        let from = self.home_of(&key).await?;
        if from == to {
            return Ok(Moved { from, rows: 0 });
        }
        let source = self.home(from).await?;
        let members = Members::of(&source, user_id.as_str()).await?;
        if members.users > 1 {
            return Err(Error::conflict(
                "Another registered user has had the same clientId as this one, so what is kept of both belongs together. Purge what is kept of the deleted user first.",
            ));
        }
        let move_id = trail.event_id.as_str();
        // 1.
        moves::lease(&source, &members, move_id, to).await?;
        if let Err(error) = hold_still(&source, &target, &members, user_id).await {
            moves::give_up(&source, move_id).await?;
            return Err(error);
        }
        let moved = self
            .carry_over(&source, &target, &members, user_id, trail, copy)
            .await;
        let Ok(rows) = moved else {
            // Should the source have given the user up all the same, this changes nothing.
            moves::give_up(&source, move_id).await?;
            // Lists and exports have what came. Where that fails, whoever meets the marks sweeps, or the background.
            let _ = Self::sweep_broken_off(&target, &source, move_id, "[]").await;
            return moved.map(|rows| Moved { from, rows });
        };
        // 6. Whoever comes before this is done does it on the way.
        moves::arrived(&target, move_id).await?;
        routes::moved(&self.directory()?, &members.keys, from, to).await?;
        moves::bring_events(&source, &target, &members.ids).await?;
        self.remember_all(&members.keys, to);
        Ok(Moved { from, rows })
    }

    /// The home that has a user, registered or deleted, by what the directory says now. An error if nobody is known.
    pub async fn home_of(&self, key: &Key) -> Result<u32> {
        self.surely_at(key, async |db| {
            let rows = db.ask(routes::probe(key)).await?;
            match routes::read_probe(&rows) {
                Found::User | Found::Deleted => Ok(db.home()),
                Found::Nothing | Found::Moved => Err(unknown_user()),
            }
        })
        .await
    }

    async fn carry_over(
        &self,
        source: &Database,
        target: &Database,
        members: &Members,
        user_id: &UserId,
        trail: &Trail,
        copy: impl AsyncFn(&Database, u64) -> Result<Option<u64>>,
    ) -> Result<u64> {
        let move_id = trail.event_id.as_str();
        // 2.
        moves::expect(target, members, move_id, source.home()).await?;
        let before = moves::rows_in(target, members).await?;
        let copied = moves::copy(source, target, members, move_id).await?;
        // 3.
        let there = moves::rows_in(target, members).await?;
        if !there.is_union(&before, &copied) {
            return Err(Error::conflict(
                "The other database has something else of this user, or of its API key. Nothing was moved.",
            ));
        }
        // 4.
        let mut place = Some(0);
        while let Some(after) = place {
            moves::extend(source, move_id).await?;
            place = copy(target, after).await?;
        }
        // 5.
        if !moves::commit(source, members, trail, user_id.as_str()).await? {
            return Err(Error::unavailable(
                1,
                "the move took too long, and was given up",
            ));
        }
        Ok(copied.rows())
    }

    /// Finishes, in the background, what moves to and from a home have left. One that cannot be finished keeps no other from it.
    pub async fn finish_moves(&self, home: &Database) -> Result<()> {
        let (arriving, left) = moves::unfinished(home).await?;
        for unfinished in &arriving {
            log::step("moves", self.finish_arrival(home, unfinished).await);
        }
        for unfinished in &left {
            log::step("moves", self.finish_departure(home, unfinished).await);
        }
        for (to, marks) in departed::departed(home).await? {
            let forgotten = async { departed::forget(home, &self.home(to).await?, &marks).await };
            log::step("moves", forgotten.await.map(drop));
        }
        departed::expire(home).await
    }

    /// What came here goes only where the source knows that it gave nobody up by this very move. A source that does not know the move is not
    /// what it was: then this may be all that there is of the users.
    async fn finish_arrival(&self, home: &Database, unfinished: &Unfinished) -> Result<()> {
        let Unfinished { move_id, marks, .. } = unfinished;
        match self.end_of_move(unfinished.home, move_id, marks).await? {
            Some(End::Moved) => moves::arrived(home, move_id).await.map(drop),
            Some(End::BrokeOff) => moves::sweep_away(home, unfinished).await,
            None => Err(Error::internal(format!(
                "{} does not know the move of the users {}, and {} has not heard that they are its own: what it has of them stays there (docs/scale.md, A move that cannot be settled)",
                binding_of(unfinished.home),
                unfinished.ids,
                home.which().binding(),
            ))),
        }
    }

    /// As [`moves::end_of`], of a move from this home.
    pub fn end_of_move<'m>(
        &'m self,
        from: u32,
        move_id: &'m str,
        marks: &'m str,
    ) -> Pin<Box<dyn Future<Output = Result<Option<End>>> + 'm>> {
        Box::pin(async move { moves::end_of(&self.home(from).await?, move_id, marks).await })
    }

    /// What a move that broke off has left in a home goes, for whoever meets its marks: else nobody could register there under the ids of
    /// somebody who was erased at the source since, until the background comes by. While the move goes on nothing changes.
    pub(super) async fn sweep_broken_off(
        home: &Database,
        source: &Database,
        move_id: &str,
        marks: &str,
    ) -> Result<()> {
        if moves::end_of(source, move_id, marks).await? != Some(End::BrokeOff) {
            return Ok(());
        }
        match moves::arriving(home, move_id).await? {
            Some(unfinished) => moves::sweep_away(home, &unfinished).await,
            None => Ok(()),
        }
    }

    /// Brings the last events to where the users are: they may have moved on.
    async fn finish_departure(&self, home: &Database, unfinished: &Unfinished) -> Result<()> {
        let mut target = self.home(unfinished.home).await?;
        moves::arrived(&target, &unfinished.move_id).await?;
        departed::forget_past(&target, &unfinished.marks).await?;
        for _ in 0..MAX_HOPS {
            let brought = moves::bring_events(home, &target, &unfinished.ids).await;
            match brought {
                Err(error) if error.is_caused_by(&[MOVED]) => {
                    let Some(key) = unfinished.first_user() else {
                        return Err(error);
                    };
                    let (next, _) = self.follow(&key, &target).await?;
                    target = self.home(next.home).await?;
                }
                brought => return brought,
            }
        }
        Err(Error::unavailable(1, "the user is moving to and fro"))
    }
}

/// Looks again, now that nothing of the members changes any more: what came between would be left behind, or shut out.
async fn hold_still(
    source: &Database,
    target: &Database,
    members: &Members,
    user_id: &UserId,
) -> Result<()> {
    let now = Members::of(source, user_id.as_str()).await?;
    if !members.are(&now) {
        return Err(Error::unavailable(
            1,
            "the user has changed just before the move",
        ));
    }
    // In the target: of one who was deleted there before.
    if moves::purge_waits(source, members).await? || moves::purge_waits(target, members).await? {
        return Err(Error::conflict(
            "A purge of this user waits. Take it back with DELETE /users/:userId/purge, move the user, and ask for the purge again.",
        ));
    }
    Ok(())
}
