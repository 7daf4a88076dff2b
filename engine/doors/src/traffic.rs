// SPDX-License-Identifier: Apache-2.0
//! What a module may send, and receive: all its connections draw from this, of all its calls.
//!
//! Of the bytes a second there is one bucket for each way. A bucket holds an eighth of a second's bytes, so that much may
//! come at once after a pause. What finds its bucket dry waits for a timer, and what would have filled its buffers waits
//! in the network. What finds its day spent fails.

use crate::connections::Connections;
use crate::day::{Day, DayKeeper, Spent};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// Of a second: how much a bucket holds, and how much has to be there before a timer is set off.
const BURSTS: u64 = 8;
const STEPS: u64 = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Out,
    In,
}

/// One module's. What is absent doesn't bind.
#[derive(Default)]
pub struct Bounds {
    pub bytes_per_second: Option<u64>,
    pub connections: Option<u64>,
    pub connections_a_minute: Option<u64>,
    pub day: Option<Box<dyn DayKeeper>>,
}

pub struct Traffic {
    rate: Option<Rate>,
    pub day: Option<Day>,
    pub connections: Arc<Connections>,
}

impl Traffic {
    pub fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Traffic {
            rate: bounds.bytes_per_second.map(Rate::new),
            day: bounds.day.map(Day::new),
            connections: Connections::new(bounds.connections, bounds.connections_a_minute),
        })
    }

    /// Takes what has come for the module on somebody else's connection, and says how long to wait before more does.
    pub fn receive(&self, bytes: usize) -> Result<Duration, Spent> {
        if let Some(day) = &self.day {
            day.take_all(Way::In, bytes)?;
        }
        let Some(rate) = &self.rate else { return Ok(Duration::ZERO) };
        rate.charge(Way::In, bytes);
        let now = Instant::now();
        Ok(rate.take(Way::In, 0, now).map_or_else(|then| then - now, |_| Duration::ZERO))
    }

    /// Whether every byte has to be asked for.
    pub fn meters(&self) -> bool {
        self.rate.is_some() || self.day.is_some()
    }
}

struct Rate {
    bytes_per_second: u64,
    buckets: [Mutex<Bucket>; 2],
}

/// What is left, below nothing where more was taken at once; in bytes, times the nanoseconds of a second.
struct Bucket {
    level: i128,
    at: Instant,
}

const SECOND: i128 = 1_000_000_000;

impl Rate {
    fn new(bytes_per_second: u64) -> Self {
        let full = || Mutex::new(Bucket { level: most(bytes_per_second), at: Instant::now() });
        Rate { bytes_per_second, buckets: [full(), full()] }
    }

    /// Takes up to `wanted` bytes, or says when there will be some.
    fn take(&self, way: Way, wanted: usize, now: Instant) -> Result<usize, Instant> {
        let mut bucket = self.bucket(way, now);
        let least = (self.bytes_per_second / STEPS).clamp(1, wanted.max(1) as u64);
        let missing = i128::from(least) * SECOND - bucket.level;
        if missing > 0 {
            return Err(now + self.time_for(missing));
        }
        let taken = (bucket.level / SECOND).min(wanted as i128);
        bucket.level -= taken * SECOND;
        Ok(taken as usize)
    }

    /// How many bytes may be moved now.
    fn left(&self, way: Way, now: Instant) -> usize {
        (self.bucket(way, now).level / SECOND).try_into().unwrap_or(0)
    }

    /// Takes what has been moved already.
    fn charge(&self, way: Way, bytes: usize) {
        self.bucket(way, Instant::now()).level -= bytes as i128 * SECOND;
    }

    fn give_back(&self, way: Way, bytes: usize) {
        self.bucket(way, Instant::now()).level += bytes as i128 * SECOND;
    }

    fn bucket(&self, way: Way, now: Instant) -> MutexGuard<'_, Bucket> {
        let mut bucket = self.buckets[way as usize].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let since = now.saturating_duration_since(bucket.at).as_nanos();
        let come = i128::from(self.bytes_per_second).saturating_mul(since.try_into().unwrap_or(i128::MAX));
        bucket.level = bucket.level.saturating_add(come).min(most(self.bytes_per_second));
        bucket.at = bucket.at.max(now);
        bucket
    }

    fn time_for(&self, missing: i128) -> Duration {
        let nanoseconds = missing / i128::from(self.bytes_per_second) + 1;
        Duration::from_nanos(nanoseconds.try_into().unwrap_or(u64::MAX))
    }
}

fn most(bytes_per_second: u64) -> i128 {
    i128::from((bytes_per_second / BURSTS).max(1)) * SECOND
}

/// One connection's way through both.
pub struct Gate {
    traffic: Arc<Traffic>,
    way: Way,
    wait: Option<Pin<Box<Sleep>>>,
}

impl Gate {
    pub fn new(traffic: Arc<Traffic>, way: Way) -> Self {
        Gate { traffic, way, wait: None }
    }

    /// Takes up to `wanted` bytes, and at least one of what isn't nothing.
    pub fn poll_take(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<Result<usize, Spent>> {
        let traffic = self.traffic.clone();
        if wanted == 0 {
            return Poll::Ready(Ok(0));
        }
        let mut taken = wanted;
        if let Some(rate) = &traffic.rate {
            taken = loop {
                ready!(self.poll_wait(cx));
                match rate.take(self.way, wanted, Instant::now()) {
                    Ok(taken) => break taken,
                    Err(then) => self.wait = Some(Box::pin(sleep_until(then))),
                }
            };
        }
        let Some(day) = &traffic.day else { return Poll::Ready(Ok(taken)) };
        let left = day.take(self.way, taken);
        if let Some(rate) = &traffic.rate {
            rate.give_back(self.way, taken - left.unwrap_or(0));
        }
        Poll::Ready(left)
    }

    /// Waits until something may be moved this second, and takes nothing.
    pub fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let traffic = self.traffic.clone();
        let Some(rate) = &traffic.rate else { return Poll::Ready(()) };
        loop {
            ready!(self.poll_wait(cx));
            match rate.take(self.way, 1, Instant::now()) {
                Ok(taken) => {
                    rate.give_back(self.way, taken);
                    return Poll::Ready(());
                }
                Err(then) => self.wait = Some(Box::pin(sleep_until(then))),
            }
        }
    }

    pub async fn open(&mut self) {
        std::future::poll_fn(|cx| self.poll_open(cx)).await;
    }

    /// How many of `wanted` bytes may be moved now, taking none.
    pub fn left(&self, wanted: usize) -> Result<usize, Spent> {
        let now = self.traffic.rate.as_ref().map_or(wanted, |rate| rate.left(self.way, Instant::now()).min(wanted));
        self.traffic.day.as_ref().map_or(Ok(now), |day| day.left(self.way, now))
    }

    /// Takes what has come already.
    pub fn charge(&self, bytes: usize) {
        self.charge_rate(bytes);
        if let Some(day) = &self.traffic.day {
            day.charge(self.way, bytes);
        }
    }

    /// Takes what is about to be moved, all of it, where the day has as much.
    pub fn pay(&self, bytes: usize) -> Result<(), Spent> {
        if let Some(day) = &self.traffic.day {
            day.take_all(self.way, bytes)?;
        }
        self.charge_rate(bytes);
        Ok(())
    }

    /// What was taken and not moved.
    pub fn give_back(&self, bytes: usize) {
        if let Some(rate) = &self.traffic.rate {
            rate.give_back(self.way, bytes);
        }
        if let Some(day) = &self.traffic.day {
            day.give_back(self.way, bytes);
        }
    }

    fn charge_rate(&self, bytes: usize) {
        if let Some(rate) = &self.traffic.rate {
            rate.charge(self.way, bytes);
        }
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(wait) = &mut self.wait {
            ready!(wait.as_mut().poll(cx));
            self.wait = None;
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_rate_and_an_eighth_of_a_second_at_once() {
        let rate = Rate::new(8000);
        let start = Instant::now();
        let mut moved = rate.take(Way::Out, 1 << 20, start).expect("it begins full");
        assert_eq!(moved, 1000);
        let mut now = start;
        while now < start + Duration::from_secs(10) {
            match rate.take(Way::Out, 1 << 20, now) {
                Ok(more) => moved += more,
                Err(then) => now = then,
            }
        }
        assert!((80_800..=81_000).contains(&moved), "{moved} bytes in 10 s");
        assert_eq!(rate.take(Way::In, 10, now), Ok(10), "the other way has a bucket of its own");
    }

    #[test]
    fn what_was_moved_beyond_it_is_waited_for() {
        let rate = Rate::new(1000);
        rate.charge(Way::In, 1125);
        let now = Instant::now();
        let then = rate.take(Way::In, 100, now).expect_err("more was moved than there was");
        let wait = then - now;
        assert!((Duration::from_millis(900)..Duration::from_millis(1100)).contains(&wait), "{wait:?}");
        assert_eq!(rate.left(Way::In, now), 0);
        assert_eq!(rate.take(Way::In, 10, then), Ok(10));
    }

    #[test]
    fn the_slowest_rate_moves_a_byte_at_a_time() {
        let rate = Rate::new(1);
        let start = Instant::now();
        assert_eq!(rate.take(Way::Out, 100, start), Ok(1));
        let then = rate.take(Way::Out, 100, start).expect_err("it is dry");
        assert!(then > start + Duration::from_millis(990));
        assert_eq!(rate.take(Way::Out, 100, then), Ok(1));
    }
}
