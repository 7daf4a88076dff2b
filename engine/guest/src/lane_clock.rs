// SPDX-License-Identifier: Apache-2.0
//! The CPU time of one poll of a guest, or of a call. The system's clock for that takes a system call, ten times as long as the time
//! of day, and most polls are over in microseconds: of those all that passed counts as CPU time. A longer one, amid which
//! its thread may have had to wait for a processor, is measured.

use crate::quick_clock::now_ns;
use berth_doors::os::thread_cpu_ns;
use std::cell::Cell;

/// A poll that took less than this counts whole.
const BRIEF_NS: u64 = 50_000;
/// How old the last look at the thread's CPU clock may be: what its thread did meanwhile for nobody may count to a guest that
/// had to wait for a processor.
const OLDEST_NS: u64 = 1_000_000;

/// The last look at this thread's CPU clock.
#[derive(Clone, Copy)]
struct Look {
    at: u64,
    cpu: u64,
    /// By brief polls since then.
    counted: u64,
}

thread_local! {
    static LAST: Cell<Look> = const { Cell::new(Look { at: 0, cpu: 0, counted: 0 }) };
}

/// When a poll began, on the clocks of its thread.
#[derive(Clone, Copy)]
pub(crate) struct Began {
    /// On the quick clock.
    pub at: u64,
    /// On the thread's CPU clock, or somewhat earlier.
    pub cpu: u64,
}

/// On the thread that polls.
pub(crate) fn begin() -> Began {
    let at = now_ns();
    let mut last = LAST.get();
    if at.saturating_sub(last.at) > OLDEST_NS {
        last = Look { at, cpu: thread_cpu_ns(), counted: 0 };
        LAST.set(last);
    }
    Began { at, cpu: last.cpu + last.counted }
}

/// On the same thread: what the poll used, and the time on the quick clock.
pub(crate) fn end(began: Began) -> (u64, u64) {
    let at = now_ns();
    let passed = at.saturating_sub(began.at);
    if passed < BRIEF_NS {
        let last = LAST.get();
        LAST.set(Look { counted: last.counted + passed, ..last });
        return (passed, at);
    }
    let cpu = thread_cpu_ns();
    LAST.set(Look { at, cpu, counted: 0 });
    (passed.min(cpu.saturating_sub(began.cpu)), at)
}

/// What it has used until now. On the same thread, while it goes on.
pub(crate) fn so_far(began: Began) -> u64 {
    now_ns().saturating_sub(began.at).min(thread_cpu_ns().saturating_sub(began.cpu))
}
