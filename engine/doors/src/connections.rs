// SPDX-License-Identifier: Apache-2.0
//! How many connections a module has open at once, and how many it opens a minute: all of its calls together.
//!
//! Whoever has something open on the network holds a [`Slot`]. What goes out is refused when there is none; what comes in
//! waits for one. The minute slides in steps of a second, and never lets through more than its count.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

pub struct Connections {
    slots: Option<Arc<Semaphore>>,
    minute: Option<Mutex<Minute>>,
    open: AtomicU64,
    peak: AtomicU64,
    refused: AtomicU64,
    refused_for_rate: AtomicU64,
    most_in_a_minute: AtomicU64,
}

/// What was used, and how often there was none left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    pub open: u64,
    pub peak: u64,
    pub refused: u64,
    /// Opened within a minute at most; only known where that is limited.
    pub most_in_a_minute: u64,
    pub refused_for_rate: u64,
}

/// Something that is open, until this goes.
pub struct Slot {
    connections: Arc<Connections>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Slot {
    fn new(connections: &Arc<Connections>, permit: Option<OwnedSemaphorePermit>) -> Self {
        let open = connections.open.fetch_add(1, Relaxed) + 1;
        connections.peak.fetch_max(open, Relaxed);
        Slot { connections: connections.clone(), _permit: permit }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.connections.open.fetch_sub(1, Relaxed);
    }
}

impl Connections {
    pub fn new(at_once: Option<u64>, a_minute: Option<u64>) -> Arc<Self> {
        let most = |count: u64| usize::try_from(count).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Arc::new(Connections {
            slots: at_once.map(|count| Arc::new(Semaphore::new(most(count)))),
            minute: a_minute.map(|count| Mutex::new(Minute::new(count, Instant::now()))),
            open: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            refused_for_rate: AtomicU64::new(0),
            most_in_a_minute: AtomicU64::new(0),
        })
    }

    pub fn try_slot(self: &Arc<Self>) -> Option<Slot> {
        match &self.slots {
            None => Some(Slot::new(self, None)),
            Some(slots) => slots.clone().try_acquire_owned().ok().map(|permit| Slot::new(self, Some(permit))),
        }
    }

    /// Waits for a slot, in turn.
    pub async fn slot(self: Arc<Self>) -> Slot {
        let permit = match &self.slots {
            None => None,
            Some(slots) => slots.clone().acquire_owned().await.ok(),
        };
        Slot::new(&self, permit)
    }

    /// Counts a connection that is about to be opened, if there may be one more this minute.
    pub fn try_open(&self) -> bool {
        let opened = self.open_at(Instant::now()).is_ok();
        if !opened {
            self.refuse_for_rate();
        }
        opened
    }

    /// Waits until there may be one more this minute, and counts it.
    pub async fn open(&self) {
        while let Err(then) = self.open_at(Instant::now()) {
            sleep_until(then).await;
        }
    }

    /// Whether there may be one more this minute; counts nothing.
    pub fn may_open(&self) -> bool {
        self.minute().is_none_or(|mut minute| minute.room(Instant::now()).is_ok())
    }

    pub fn refuse(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub fn refuse_for_rate(&self) {
        self.refused_for_rate.fetch_add(1, Relaxed);
    }

    pub fn used(&self) -> Used {
        Used {
            open: self.open.load(Relaxed),
            peak: self.peak.load(Relaxed),
            refused: self.refused.load(Relaxed),
            most_in_a_minute: self.most_in_a_minute.load(Relaxed),
            refused_for_rate: self.refused_for_rate.load(Relaxed),
        }
    }

    fn open_at(&self, now: Instant) -> Result<(), Instant> {
        let Some(mut minute) = self.minute() else { return Ok(()) };
        minute.room(now)?;
        self.most_in_a_minute.fetch_max(minute.add(now), Relaxed);
        Ok(())
    }

    fn minute(&self) -> Option<MutexGuard<'_, Minute>> {
        Some(self.minute.as_ref()?.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

/// What was opened in the last minute, by the second.
struct Minute {
    most: u64,
    count: u64,
    began: Instant,
    seconds: VecDeque<(u64, u64)>,
}

/// Whole seconds after which all of one second lies more than a minute back.
const OVER: u64 = 61;

impl Minute {
    fn new(most: u64, began: Instant) -> Self {
        Minute { most, count: 0, began, seconds: VecDeque::new() }
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_secs()
    }

    /// Whether there is room for one more, or when there will be.
    fn room(&mut self, now: Instant) -> Result<(), Instant> {
        let second = self.second(now);
        while self.seconds.front().is_some_and(|(oldest, _)| oldest + OVER <= second) {
            self.count -= self.seconds.pop_front().map_or(0, |(_, count)| count);
        }
        match self.seconds.front() {
            Some((oldest, _)) if self.count >= self.most => Err(self.began + Duration::from_secs(oldest + OVER)),
            _ => Ok(()),
        }
    }

    fn add(&mut self, now: Instant) -> u64 {
        let second = self.second(now);
        match self.seconds.back_mut() {
            Some((last, count)) if *last >= second => *count += 1,
            _ => self.seconds.push_back((second, 1)),
        }
        self.count += 1;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_has_more_than_its_count() {
        let start = Instant::now();
        let mut minute = Minute::new(10, start);
        let mut opened: VecDeque<Instant> = VecDeque::new();
        let (mut now, mut total) = (start, 0);
        while now < start + Duration::from_secs(600) {
            match minute.room(now) {
                Ok(()) => {
                    minute.add(now);
                    opened.push_back(now);
                    total += 1;
                    now += Duration::from_millis(137);
                }
                Err(then) => now = then,
            }
            while opened.front().is_some_and(|at| *at + Duration::from_secs(60) <= now) {
                opened.pop_front();
            }
            assert!(opened.len() <= 10, "{} within a minute", opened.len());
        }
        assert!(total >= 90, "{total} in ten minutes: it is not stricter than it has to be");
    }

    #[test]
    fn a_slot_that_goes_makes_room() {
        let connections = Connections::new(Some(2), None);
        let first = connections.try_slot();
        let _second = connections.try_slot().expect("there are two");
        assert!(connections.try_slot().is_none());
        drop(first);
        let _third = connections.try_slot().expect("one went");
        assert_eq!((connections.used().open, connections.used().peak), (2, 2));
    }

    #[test]
    fn without_a_limit_they_are_counted_only() {
        let connections = Connections::new(None, None);
        let slots: Vec<_> = (0..1000).filter_map(|_| connections.try_slot()).collect();
        assert!(connections.may_open() && connections.try_open());
        drop(slots);
        assert_eq!((connections.used().open, connections.used().peak), (0, 1000));
    }

    #[test]
    fn who_waits_gets_the_next_slot() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let connections = Connections::new(Some(1), None);
            let held = connections.try_slot();
            let waiting = tokio::spawn(connections.clone().slot());
            tokio::task::yield_now().await;
            assert!(!waiting.is_finished());
            drop(held);
            assert!(connections.try_slot().is_none(), "it is promised already");
            waiting.await.unwrap();
            assert!(connections.try_slot().is_some());
        });
    }
}
