// SPDX-License-Identifier: Apache-2.0
//! The time of a call that a program makes, and its end from outside: what the tick, whoever cancels and the calling thread
//! share. What a call uses of the CPU is known from its first tick on; what came before counts whole, but for what the thread
//! can't have used.

use crate::lane_clock::{self, Began};
use crate::limits::{GuardsOff, Limit, Meter};
use crate::pulse::{End, NEVER};
use crate::quick_clock::now_ns;
use berth_doors::os::thread_cpu_ns;
use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};
use tokio::runtime::{EnterGuard, Handle, Id};
use wasmtime::Result;

/// Ends a call from outside. Any thread.
#[derive(Clone)]
pub struct Canceller(pub(crate) Arc<Pace>);

/// What the tick knows of the call that goes on.
pub(crate) struct Pace {
    cpu_limit_ns: u64,
    wall_limit_ns: u64,
    cpu_used_ns: &'static AtomicU64,
    guards_off: GuardsOff,
    began: AtomicU64,
    /// What the thread's CPU clock said shortly before this call began.
    cpu_before: AtomicU64,
    /// The thread's CPU clock when this call began, as the first tick reckons it; [`NEVER`] before it.
    cpu_began: AtomicU64,
    cancelled: AtomicBool,
    /// The thread that waits on a fiber for the call.
    waiting: Mutex<Option<Thread>>,
}

struct Waiting<'a>(&'a Pace);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *self.0.waiting() = None;
    }
}

impl Pace {
    pub fn new(meter: &Meter, guards_off: GuardsOff) -> Arc<Self> {
        Arc::new(Pace {
            cpu_limit_ns: meter.cpu_limit_ns,
            wall_limit_ns: meter.wall_limit_ns,
            cpu_used_ns: meter.cpu_used_ns,
            guards_off,
            began: AtomicU64::new(0),
            cpu_before: AtomicU64::new(0),
            cpu_began: AtomicU64::new(NEVER),
            cancelled: AtomicBool::new(false),
            waiting: Mutex::default(),
        })
    }

    pub fn begin(&self) {
        let Began { at, cpu } = lane_clock::begin();
        self.cpu_before.store(cpu, Relaxed);
        self.cpu_began.store(NEVER, Relaxed);
        self.began.store(at, Relaxed);
    }

    fn wall(&self) -> u64 {
        now_ns().saturating_sub(self.began.load(Relaxed))
    }

    /// Why the call that goes on should not. On its thread.
    pub fn end(&self) -> Option<End> {
        if self.cancelled.load(Relaxed) {
            return Some(End::Cancelled);
        }
        let wall = self.wall();
        if self.wall_limit_ns != 0 && wall > self.wall_limit_ns && !self.guards_off.has(GuardsOff::WALL) {
            return Some(End::Limit(Limit::Wall));
        }
        let now = thread_cpu_ns();
        if self.cpu_began.load(Relaxed) == NEVER {
            // A function of the program may have slept: that is no time of the CPU.
            let began = now.saturating_sub(wall).max(self.cpu_before.load(Relaxed));
            self.cpu_began.store(began, Relaxed);
        }
        let used = now.saturating_sub(self.cpu_began.load(Relaxed));
        let over = self.cpu_limit_ns != 0 && used > self.cpu_limit_ns && !self.guards_off.has(GuardsOff::CPU_TIME);
        over.then_some(End::Limit(Limit::CpuTime))
    }

    /// How long the call has left, if there is a deadline.
    fn left(&self) -> Option<Duration> {
        let limited = self.wall_limit_ns != 0 && !self.guards_off.has(GuardsOff::WALL);
        // A little later than the limit, which is then behind.
        limited.then(|| Duration::from_nanos(self.wall_limit_ns.saturating_sub(self.wall()) + 1000))
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Thread>> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Whoever cancels the call wakes this thread, as long as the returned value is there.
    fn wait_on(&self, thread: Thread) -> Waiting<'_> {
        *self.waiting() = Some(thread);
        Waiting(self)
    }

    pub fn count(&self) {
        let used = match self.cpu_began.load(Relaxed) {
            NEVER => self.wall(),
            began => thread_cpu_ns().saturating_sub(began),
        };
        // Calls of an instance come one by one: nobody else writes it.
        self.cpu_used_ns.store(self.cpu_used_ns.load(Relaxed) + used, Relaxed);
    }
}

impl Canceller {
    /// Ends the call that goes on, soon, and all that come: an instance that was cancelled is over.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, SeqCst);
        if let Some(thread) = &*self.0.waiting() {
            thread.unpark();
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

thread_local! {
    /// The lane whose timers and sockets this thread's guests use: entered once and for all, as each entry is counted in
    /// what all threads share.
    static ENTERED: Cell<Option<Id>> = const { Cell::new(None) };
    static WAKER: Waker = Waker::from(Arc::new(Unpark(std::thread::current())));
}

/// As long as the returned value is there, if there is one.
fn enter(lane: &Handle) -> Option<EnterGuard<'_>> {
    match ENTERED.get() {
        Some(entered) if entered == lane.id() => None,
        Some(_) => Some(lane.enter()),
        None => {
            std::mem::forget(lane.enter());
            ENTERED.set(Some(lane.id()));
            None
        }
    }
}

/// Runs a guest's future on this thread to its end, or until it has waited longer than the call has. What it waits for is
/// looked after by the lane, or by the program.
pub(crate) fn wait_for<T>(
    lane: Option<&Handle>,
    pace: &Pace,
    future: Pin<&mut impl Future<Output = Result<T>>>,
) -> Result<T> {
    wait_until(lane, pace, None, future)
}

/// The same; the future is polled at `until`, too, and after it whenever this thread is woken.
pub(crate) fn wait_until<T>(
    lane: Option<&Handle>,
    pace: &Pace,
    until: Option<Instant>,
    future: Pin<&mut impl Future<Output = Result<T>>>,
) -> Result<T> {
    let _entered = lane.and_then(enter);
    WAKER.with(|waker| wait_with(waker, pace, until, future))
}

fn wait_with<T>(
    waker: &Waker,
    pace: &Pace,
    until: Option<Instant>,
    mut future: Pin<&mut impl Future<Output = Result<T>>>,
) -> Result<T> {
    let mut cx = Context::from_waker(waker);
    let mut waiting = None;
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
        waiting.get_or_insert_with(|| pace.wait_on(std::thread::current()));
        // Looked at before the first wait, too: from then on the CPU's clock counts.
        if let Some(end) = pace.end() {
            return Err(end.into());
        }
        let until = until.map(|until| until.saturating_duration_since(Instant::now()));
        match pace.left().into_iter().chain(until).min() {
            Some(left) => std::thread::park_timeout(left),
            None => std::thread::park(),
        }
    }
}
