// SPDX-License-Identifier: Apache-2.0
//! Time since some moment, for calls that take no longer than a few looks at the system's clock. Where the system keeps its own
//! time by the processor's counter, so does this: a look is then one instruction.
//!
//! Differences alone mean something: the counter isn't steered as the system's clock is (at most 0.05 %).

use berth_doors::os::monotonic_ns;

/// Nanoseconds.
#[inline]
pub(crate) fn now_ns() -> u64 {
    counter::now_ns().unwrap_or_else(monotonic_ns)
}

/// Measures the counter's rate. Called now and then until it is known.
pub(crate) use counter::measure;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod counter {
    use super::monotonic_ns;
    use std::arch::x86_64::_rdtsc;
    use std::sync::OnceLock;
    use std::sync::atomic::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    };

    /// Long enough for the two looks to be far apart, of which each is off by some tens of nanoseconds.
    const LONG_ENOUGH_NS: u64 = 50_000_000;
    /// Of the counter's ticks for a nanosecond and back: parts.
    const PARTS: u32 = 32;

    /// Nanoseconds a tick in parts; 0 until they are known.
    static RATE: AtomicU64 = AtomicU64::new(0);
    static COUNTER_THEN: AtomicU64 = AtomicU64::new(0);
    static TIME_THEN: AtomicU64 = AtomicU64::new(0);

    /// The counter and the system's clock at one moment.
    #[derive(Clone, Copy)]
    struct Look {
        counter: u64,
        ns: u64,
    }

    fn counter() -> u64 {
        // SAFETY: every processor of this architecture has it.
        unsafe { _rdtsc() }
    }

    /// The best of a few: whoever is interrupted in between sees moments that are apart.
    fn look() -> Look {
        let looks = (0..8).map(|_| {
            let before = counter();
            let ns = monotonic_ns();
            let after = counter();
            (after.wrapping_sub(before), Look { counter: before + after.wrapping_sub(before) / 2, ns })
        });
        let best = looks.min_by_key(|(apart, _)| *apart);
        best.expect("there are several").1
    }

    #[inline]
    pub fn now_ns() -> Option<u64> {
        let rate = RATE.load(Acquire);
        if rate == 0 {
            return None;
        }
        let passed = counter().saturating_sub(COUNTER_THEN.load(Relaxed));
        Some(TIME_THEN.load(Relaxed) + ((u128::from(passed) * u128::from(rate)) >> PARTS) as u64)
    }

    pub fn measure() {
        static FIRST: OnceLock<Option<Look>> = OnceLock::new();
        if RATE.load(Relaxed) != 0 {
            return;
        }
        let Some(first) = FIRST.get_or_init(|| is_the_systems().then(look)) else { return };
        let now = look();
        let (ticks, ns) = (now.counter.saturating_sub(first.counter), now.ns.saturating_sub(first.ns));
        if ns < LONG_ENOUGH_NS || ticks == 0 {
            return;
        }
        COUNTER_THEN.store(now.counter, Relaxed);
        TIME_THEN.store(now.ns, Relaxed);
        RATE.store(((u128::from(ns) << PARTS) / u128::from(ticks)) as u64, Release);
    }

    /// The system has found it to go on evenly, and alike on all processors.
    fn is_the_systems() -> bool {
        let source = std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
        source.is_ok_and(|name| name.trim() == "tsc")
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod counter {
    pub fn now_ns() -> Option<u64> {
        None
    }

    pub fn measure() {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn it_agrees_with_the_systems_clock() {
        measure();
        std::thread::sleep(Duration::from_millis(60));
        measure();
        let (began, ours) = (monotonic_ns(), now_ns());
        std::thread::sleep(Duration::from_millis(40));
        // Ours in between: it can't have passed more than the system's around it, nor less than what it slept.
        let ours = now_ns() - ours;
        let theirs = monotonic_ns() - began;
        assert!(ours >= 39_900_000 && ours <= theirs + theirs / 1000, "{ours} of {theirs}");
    }
}
