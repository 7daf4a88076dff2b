// SPDX-License-Identifier: Apache-2.0
//! How many bytes a module may send, and receive, a day. What is left of the day is C++'s to know, over all processes and
//! restarts: here lies a small part of it at a time, drawn before it is used.

use crate::traffic::Way;
use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard};

/// C++'s side. Called on the engine's threads, under a lock: quick, and never back into the engine.
pub trait DayKeeper: Send + Sync {
    /// At least one of `bytes` where there is one left today; may be more than that.
    fn draw(&self, way: Way, bytes: u64) -> u64;
    fn give_back(&self, way: Way, bytes: u64);
}

/// Nothing is left of today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent;

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the module's bytes of today are used up (network.daily)")
    }
}

impl std::error::Error for Spent {}

/// For who reads a socket's own errors: the connection was ended on this side.
impl From<Spent> for io::Error {
    fn from(spent: Spent) -> Self {
        io::Error::new(io::ErrorKind::ConnectionAborted, spent)
    }
}

pub struct Day(Mutex<Drawn>);

struct Drawn {
    keeper: Option<Box<dyn DayKeeper>>,
    /// Drawn and not used; below nothing where more had come than was drawn.
    left: [i64; 2],
}

impl Drawn {
    /// How many of `wanted` bytes are there, drawing where there are less than `least`.
    fn left(&mut self, way: Way, wanted: u64, least: u64) -> u64 {
        let wanted = wanted.min(i64::MAX as u64 / 2);
        let left = self.left[way as usize];
        if left < least.min(wanted) as i64
            && let Some(keeper) = &self.keeper
        {
            let missing = wanted.saturating_add_signed(left.saturating_neg());
            self.left[way as usize] += keeper.draw(way, missing).min(i64::MAX as u64 / 2) as i64;
        }
        self.left[way as usize].clamp(0, wanted as i64) as u64
    }
}

impl Day {
    pub fn new(keeper: Box<dyn DayKeeper>) -> Self {
        Day(Mutex::new(Drawn { keeper: Some(keeper), left: [0, 0] }))
    }

    /// Gives back what wasn't used. From now on there is nothing left.
    pub fn close(&self) {
        let mut drawn = self.lock();
        let Some(keeper) = drawn.keeper.take() else { return };
        for way in [Way::Out, Way::In] {
            let left = std::mem::take(&mut drawn.left[way as usize]);
            match u64::try_from(left) {
                Ok(unused) => keeper.give_back(way, unused),
                // What had come without being drawn is still the day's.
                Err(_) => {
                    let owed = left.unsigned_abs();
                    let drawn = keeper.draw(way, owed);
                    keeper.give_back(way, drawn.saturating_sub(owed));
                }
            }
        }
    }

    /// Takes up to `wanted` bytes, at least one.
    pub fn take(&self, way: Way, wanted: usize) -> Result<usize, Spent> {
        let mut drawn = self.lock();
        let taken = drawn.left(way, wanted as u64, 1);
        if taken == 0 && wanted > 0 {
            return Err(Spent);
        }
        drawn.left[way as usize] -= taken as i64;
        Ok(taken as usize)
    }

    /// Takes all of `bytes`, or none.
    pub fn take_all(&self, way: Way, bytes: usize) -> Result<(), Spent> {
        let (mut drawn, bytes) = (self.lock(), bytes as u64);
        if drawn.left(way, bytes, bytes) < bytes {
            // The rest of the day came: asked once more, the keeper notes that there was less than was needed.
            drawn.left(way, bytes, bytes);
            return Err(Spent);
        }
        drawn.left[way as usize] -= bytes as i64;
        Ok(())
    }

    /// How many of `wanted` bytes there are, taking none.
    pub fn left(&self, way: Way, wanted: usize) -> Result<usize, Spent> {
        match self.lock().left(way, wanted as u64, 1) {
            0 if wanted > 0 => Err(Spent),
            left => Ok(left as usize),
        }
    }

    /// Takes what has come already.
    pub fn charge(&self, way: Way, bytes: usize) {
        self.lock().left[way as usize] -= bytes as i64;
    }

    pub fn give_back(&self, way: Way, bytes: usize) {
        self.lock().left[way as usize] += bytes as i64;
    }

    fn lock(&self) -> MutexGuard<'_, Drawn> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    const CHUNK: u64 = 100;

    /// A day with so many bytes each way.
    struct Keeper(Arc<[AtomicU64; 2]>);

    impl DayKeeper for Keeper {
        fn draw(&self, way: Way, bytes: u64) -> u64 {
            let left = &self.0[way as usize];
            let drawn = left.load(Relaxed).min(bytes.max(CHUNK));
            left.fetch_sub(drawn, Relaxed);
            drawn
        }

        fn give_back(&self, way: Way, bytes: u64) {
            self.0[way as usize].fetch_add(bytes, Relaxed);
        }
    }

    fn day(bytes: u64) -> (Day, Arc<[AtomicU64; 2]>) {
        let left = Arc::new([AtomicU64::new(bytes), AtomicU64::new(bytes)]);
        (Day::new(Box::new(Keeper(left.clone()))), left)
    }

    #[test]
    fn a_day_gives_its_bytes_each_way_and_no_more() {
        let (day, left) = day(1000);
        assert_eq!(day.take(Way::Out, 30), Ok(30));
        assert_eq!(left[0].load(Relaxed), 900, "a chunk is drawn");
        assert_eq!(day.take(Way::Out, 5000), Ok(70), "what is there is used first");
        assert_eq!(day.take(Way::Out, 5000), Ok(900));
        assert_eq!(day.take(Way::Out, 1), Err(Spent));
        assert_eq!(day.take(Way::Out, 0), Ok(0));
        assert_eq!(day.take(Way::In, 1), Ok(1), "the other way has its own");
    }

    #[test]
    fn what_was_not_used_is_given_back_at_the_end() {
        let (day, left) = day(1000);
        assert_eq!(day.take(Way::Out, 30), Ok(30));
        day.give_back(Way::Out, 10);
        day.close();
        assert_eq!(left[0].load(Relaxed), 980);
        assert_eq!(left[1].load(Relaxed), 1000);
        assert_eq!(day.take(Way::Out, 1), Err(Spent));
    }

    #[test]
    fn what_came_beyond_it_is_counted() {
        let (day, left) = day(1000);
        day.charge(Way::In, 250);
        assert_eq!(day.left(Way::In, 10), Ok(10));
        assert_eq!(left[1].load(Relaxed), 740);
        day.charge(Way::In, 60);
        day.close();
        assert_eq!(left[1].load(Relaxed), 690);
    }

    #[test]
    fn all_or_none() {
        let (day, _) = day(1000);
        assert_eq!(day.take_all(Way::Out, 1001), Err(Spent));
        assert_eq!(day.take_all(Way::Out, 1000), Ok(()));
        assert_eq!(day.take_all(Way::Out, 1), Err(Spent));
    }
}
