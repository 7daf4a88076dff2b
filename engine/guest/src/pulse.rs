// SPDX-License-Identifier: Apache-2.0
//! What the tick, the lane and the canceller know of one call: whether its guest runs, for how long it has, and whether it
//! should go on.

use crate::call::Outcome;
use crate::lane_clock::{self, Began};
use crate::limits::{GuardsOff, Limit, Meter};
use crate::pause;
use crate::quick_clock::now_ns;
use crate::ticker::PERIOD;
use berth_doors::os::process_cpu_ns;
use berth_doors::share::Drawing;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed},
};
use std::time::Duration;
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

/// A moment that doesn't come, and CPU time that nobody uses up.
pub(crate) const NEVER: u64 = u64::MAX;

/// What the tick, the lane and the canceller share of one call.
pub(crate) struct Pulse {
    pub(crate) meter: Meter,
    pub(crate) drawing: Option<Arc<Drawing>>,
    /// On the monotonic clock; [`NEVER`] is none.
    pub(crate) deadline_ns: AtomicU64,
    /// What the guest may have used of the CPU in all; [`NEVER`] is no bound.
    pub(crate) cpu_allowed_ns: AtomicU64,
    /// The lane's clocks when the guest was last polled.
    pub(crate) polled_at: AtomicU64,
    pub(crate) polled_cpu: AtomicU64,
    /// The process's CPU clock then, for a guest that has the process for itself.
    pub(crate) process_polled_at: AtomicU64,
    /// How often the guest was polled, twice, and one more while it is.
    pub(crate) polls: AtomicU64,
    pub(crate) cancelled: AtomicBool,
    /// The guest was interrupted in its code, and has more to do.
    pub(crate) interrupted: AtomicBool,
    pub(crate) wake: Notify,
    pub(crate) alone: bool,
    pub(crate) guards_off: GuardsOff,
}

/// A limit of 0 is none.
fn allowed(before: u64, limit: u64) -> u64 {
    if limit == 0 { NEVER } else { before.saturating_add(limit) }
}

impl Pulse {
    /// From now on the guest has what its meter gives for one call: so much CPU time, and until its deadline.
    pub(crate) fn begin(&self) {
        self.cpu_allowed_ns.store(allowed(self.meter.cpu_used_ns.load(Relaxed), self.meter.cpu_limit_ns), Relaxed);
        self.deadline_ns.store(allowed(now_ns(), self.meter.wall_limit_ns), Relaxed);
    }

    /// The same, for one call more beside those that go on.
    pub(crate) fn begin_another(&self) {
        self.cpu_allowed_ns.store(allowed(self.cpu_allowed_ns.load(Relaxed), self.meter.cpu_limit_ns), Relaxed);
        self.deadline_ns.store(allowed(now_ns(), self.meter.wall_limit_ns), Relaxed);
    }

    /// No call goes on, so nothing has to end.
    pub(crate) fn rest(&self) {
        self.cpu_allowed_ns.store(NEVER, Relaxed);
        self.deadline_ns.store(NEVER, Relaxed);
    }

    /// How long the guest has left; nothing where it has no deadline.
    pub(crate) fn left(&self) -> Option<Duration> {
        match self.deadline_ns.load(Relaxed) {
            NEVER => None,
            deadline => Some(Duration::from_nanos(deadline.saturating_sub(now_ns()))),
        }
    }

    /// Called on the lane's thread only, while the guest is polled.
    pub(crate) fn cpu_now(&self) -> u64 {
        let began = Began { at: self.polled_at.load(Relaxed), cpu: self.polled_cpu.load(Relaxed) };
        self.meter.cpu_used_ns.load(Relaxed) + lane_clock::so_far(began)
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
        rest.min(self.left().unwrap_or(rest)).clamp(SHORTEST_LOOK, LONGEST_LOOK)
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
        self.end_at(now_ns(), cpu_used_ns)
    }

    /// The same, at a time on the monotonic clock.
    pub(crate) fn end_at(&self, now_ns: u64, cpu_used_ns: u64) -> Option<End> {
        if self.cancelled.load(Relaxed) {
            return Some(End::Cancelled);
        }
        if cpu_used_ns > self.cpu_allowed_ns.load(Relaxed) && !self.guards_off.has(GuardsOff::CPU_TIME) {
            return Some(End::Limit(Limit::CpuTime));
        }
        let over = now_ns >= self.deadline_ns.load(Relaxed) && !self.guards_off.has(GuardsOff::WALL);
        over.then_some(End::Limit(Limit::Wall))
    }
}
