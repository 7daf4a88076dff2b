// SPDX-License-Identifier: Apache-2.0
//! The one epoch ticker of the process. While a guest runs it advances the epoch of every engine each
//! [`PERIOD`]; when none runs it sleeps without a timer, so a host at rest never wakes.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

/// How often a running guest is looked at: the grain of cpu.time and of the deadline in guest code.
pub const PERIOD: Duration = Duration::from_millis(4);

pub struct Ticker {
    shared: Arc<Shared>,
}

struct Shared {
    running: AtomicUsize,
    asleep: AtomicBool,
    stop: AtomicBool,
    ticks: Arc<AtomicU64>,
    thread: OnceLock<Thread>,
    tick: Box<dyn Fn() -> Duration + Send + Sync>,
}

impl Ticker {
    /// `tick` advances the epochs, and gives how long it may be until the next.
    pub fn new(tick: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Ticker {
            shared: Arc::new(Shared {
                running: AtomicUsize::new(0),
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
    pub fn run(&self) -> Running {
        let shared = &self.shared;
        shared.running.fetch_add(1, Ordering::SeqCst);
        let thread = shared.thread.get_or_init(|| {
            let shared = shared.clone();
            let body = move || shared.body();
            let spawned = std::thread::Builder::new().name("berth-tick".into()).stack_size(64 << 10).spawn(body);
            spawned.expect("the system gives the host one thread to keep time with").thread().clone()
        });
        if shared.asleep.load(Ordering::SeqCst) {
            thread.unpark();
        }
        Running { shared: shared.clone() }
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
    fn body(&self) {
        let mut period = PERIOD;
        while !self.stop.load(Ordering::SeqCst) {
            if self.running.load(Ordering::SeqCst) == 0 {
                self.asleep.store(true, Ordering::SeqCst);
                // Looked at again after saying so, or a guest that starts just now would be missed.
                if self.running.load(Ordering::SeqCst) == 0 {
                    std::thread::park();
                }
                self.asleep.store(false, Ordering::SeqCst);
                continue;
            }
            std::thread::sleep(period);
            period = (self.tick)();
            self.ticks.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A guest that runs on some thread now.
pub struct Running {
    shared: Arc<Shared>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, Ordering::SeqCst);
    }
}
