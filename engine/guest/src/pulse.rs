// SPDX-License-Identifier: Apache-2.0
//! What the tick, the lane and the canceller know of one call: whether its guest runs, for how long it has, and whether it
//! should go on.

use crate::call::Outcome;
use crate::limits::{GuardsOff, Limit, Meter};
use crate::pause;
use crate::ticker::PERIOD;
use berth_doors::os::{process_cpu_ns, thread_cpu_ns};
use berth_doors::share::Drawing;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed},
};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long a guest that rests isn't looked at, and how briefly when its deadline is near.
const LONGEST_LOOK: Duration = Duration::from_millis(20);
const SHORTEST_LOOK: Duration = Duration::from_millis(1);

/// Why a call was ended from outside the guest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Limit(Limit),
    Cancelled,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for End {}

impl From<End> for Outcome {
    fn from(end: End) -> Self {
        match end {
            End::Limit(limit) => Outcome::Limited(limit),
            End::Cancelled => Outcome::Cancelled,
        }
    }
}

/// What the tick, the lane and the canceller share of one call.
pub(crate) struct Pulse {
    pub(crate) meter: Meter,
    pub(crate) drawing: Option<Arc<Drawing>>,
    pub(crate) deadline: Option<Instant>,
    /// The lane's CPU clock when the guest was last polled.
    pub(crate) polled_at: AtomicU64,
    /// The process's CPU clock then, for a guest that has the process for itself.
    pub(crate) process_polled_at: AtomicU64,
    /// How often the guest was polled, twice, and one more while it is.
    pub(crate) polls: AtomicU64,
    pub(crate) cancelled: AtomicBool,
    pub(crate) wake: Notify,
    pub(crate) alone: bool,
    pub(crate) guards_off: GuardsOff,
}

impl Pulse {
    /// Called on the lane's thread only, while the guest is polled.
    pub(crate) fn cpu_now(&self) -> u64 {
        let running = thread_cpu_ns().saturating_sub(self.polled_at.load(Relaxed));
        self.meter.cpu_used_ns.load(Relaxed) + running
    }

    /// The poll that is going on, and why it should not: for the tick's thread. All that the process does then is
    /// done for its one guest.
    pub(crate) fn overdue(&self) -> Option<(u64, End)> {
        let poll = self.polls.load(Acquire);
        if poll.is_multiple_of(2) {
            return None;
        }
        let running = process_cpu_ns().saturating_sub(self.process_polled_at.load(Relaxed));
        let end = self.end(self.meter.cpu_used_ns.load(Relaxed) + running)?;
        Some((poll, end))
    }

    /// For the tick's thread: makes a guest that isn't overdue rest, if it has to. Gives how long it needn't be looked
    /// at.
    pub(crate) fn hold(&self) -> Duration {
        let Some(rest) = self.drawing.as_ref().and_then(|drawing| drawing.rest()) else { return PERIOD };
        // Between two polls its gate is shut.
        if self.polls.load(Acquire).is_multiple_of(2) {
            return PERIOD;
        }
        pause::rest(rest);
        self.count_rest();
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        rest.min(left.unwrap_or(rest)).clamp(SHORTEST_LOOK, LONGEST_LOOK)
    }

    pub(crate) fn count_rest(&self) {
        self.meter.cpu_throttled_ns.fetch_add(pause::slept_ns(), Relaxed);
    }

    /// What the tick saw is what the report says.
    pub(crate) fn count_until_now(&self) {
        self.count_rest();
        let running = process_cpu_ns().saturating_sub(self.process_polled_at.load(Relaxed));
        self.meter.cpu_used_ns.fetch_add(running, Relaxed);
    }

    pub(crate) fn end(&self, cpu_used_ns: u64) -> Option<End> {
        if self.cancelled.load(Relaxed) {
            return Some(End::Cancelled);
        }
        let limit = self.meter.cpu_limit_ns;
        if limit != 0 && cpu_used_ns > limit && !self.guards_off.has(GuardsOff::CPU_TIME) {
            return Some(End::Limit(Limit::CpuTime));
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline && !self.guards_off.has(GuardsOff::WALL) => {
                Some(End::Limit(Limit::Wall))
            }
            _ => None,
        }
    }
}
