// SPDX-License-Identifier: Apache-2.0
//! The one epoch ticker of the process. While a guest runs it advances the epoch of every engine each period; when none
//! runs it sleeps without a timer, so a host at rest never wakes.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

/// How often a running guest is looked at: the grain of cpu.time and of the deadline in guest code.
pub const PERIOD: Duration = Duration::from_millis(4);
/// The same where guests answer requests: whoever waits for a lane waits for the rest of another's turn.
pub const BRIEF_PERIOD: Duration = Duration::from_millis(1);

/// How many guests run is counted in several places, so that threads don't wait for each other's count.
const COUNTS: usize = 16;

#[derive(Default)]
#[repr(align(128))]
struct Count(AtomicUsize);

thread_local! {
    /// Which of the counts is this thread's; others may have the same.
    static COUNT: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed) % COUNTS
    };
}

pub struct Ticker {
    shared: Arc<Shared>,
}

struct Shared {
    period: Duration,
    running: [Count; COUNTS],
    asleep: AtomicBool,
    stop: AtomicBool,
    ticks: Arc<AtomicU64>,
    thread: OnceLock<Thread>,
    tick: Box<dyn Fn() -> Duration + Send + Sync>,
}

impl Ticker {
    /// `tick` advances the epochs, and gives how long it may be until the next; a period at most.
    pub fn new(period: Duration, tick: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Ticker {
            shared: Arc::new(Shared {
                period,
                running: Default::default(),
                asleep: AtomicBool::new(false),
                stop: AtomicBool::new(false),
                ticks: Arc::default(),
                thread: OnceLock::new(),
                tick: Box::new(tick),
            }),
        }
    }

    /// How many ticks there were.
    pub fn ticks(&self) -> Arc<AtomicU64> {
        self.shared.ticks.clone()
    }

    /// Ticks until the returned value is dropped.
    pub fn run(&self) -> Running<'_> {
        let shared = &self.shared;
        let running = Running(&shared.running[COUNT.with(|count| *count)].0);
        running.0.fetch_add(1, Ordering::SeqCst);
        let thread = shared.thread.get_or_init(|| {
            let shared = shared.clone();
            let body = move || shared.body();
            let spawned = std::thread::Builder::new().name("berth-tick".into()).stack_size(64 << 10).spawn(body);
            spawned.expect("the system gives the host one thread to keep time with").thread().clone()
        });
        if shared.asleep.load(Ordering::SeqCst) {
            thread.unpark();
        }
        running
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.shared.thread.get() {
            thread.unpark();
        }
    }
}

impl Shared {
    /// A guest doesn't move to another thread while it runs.
    fn none_runs(&self) -> bool {
        self.running.iter().all(|count| count.0.load(Ordering::SeqCst) == 0)
    }

    fn body(&self) {
        let mut period = self.period;
        while !self.stop.load(Ordering::SeqCst) {
            if self.none_runs() {
                self.asleep.store(true, Ordering::SeqCst);
                // Looked at again after saying so, or a guest that starts just now would be missed.
                if self.none_runs() {
                    std::thread::park();
                }
                self.asleep.store(false, Ordering::SeqCst);
                continue;
            }
            std::thread::sleep(period);
            period = (self.tick)().min(self.period);
            self.ticks.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A guest that runs on some thread now.
pub struct Running<'a>(&'a AtomicUsize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
