// SPDX-License-Identifier: Apache-2.0
//! `wasi:clocks` and `wasi:random`.

use crate::check::{Case, case, equal, holds};
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::random::{insecure, insecure_seed, random};

const MILLISECOND: u64 = 1_000_000;
const SECOND_IN_NANOSECONDS: u32 = 1_000_000_000;

pub fn cases() -> Vec<Case> {
    vec![
        case("monotonic-clock.now:ok", || {
            let times: Vec<u64> = (0..1000).map(|_| monotonic_clock::now()).collect();
            holds(times.windows(2).all(|pair| pair[0] <= pair[1]), "a clock that never goes back", "one that does")
        }),
        case("monotonic-clock.resolution:ok", || {
            let resolution = monotonic_clock::resolution();
            holds((1..=u64::from(SECOND_IN_NANOSECONDS)).contains(&resolution), "1 ns to 1 s", resolution)
        }),
        case("monotonic-clock.subscribe-duration:ok", || {
            let start = monotonic_clock::now();
            monotonic_clock::subscribe_duration(5 * MILLISECOND).block();
            let passed = monotonic_clock::now() - start;
            holds(passed >= 5 * MILLISECOND, "5 ms or more", passed)
        }),
        case("monotonic-clock.subscribe-duration:ok:zero", || {
            let pollable = monotonic_clock::subscribe_duration(0);
            pollable.block();
            holds(pollable.ready(), "ready", "not ready")
        }),
        case("monotonic-clock.subscribe-duration:ok:longest", || {
            holds(!monotonic_clock::subscribe_duration(u64::MAX).ready(), "not ready", "ready")
        }),
        case("monotonic-clock.subscribe-instant:ok", || {
            let when = monotonic_clock::now() + 5 * MILLISECOND;
            monotonic_clock::subscribe_instant(when).block();
            let now = monotonic_clock::now();
            holds(now >= when, "the instant or later", (now, when))
        }),
        case("monotonic-clock.subscribe-instant:ok:past", || {
            let start = monotonic_clock::now();
            monotonic_clock::subscribe_instant(0).block();
            let passed = monotonic_clock::now() - start;
            holds(passed < 1000 * MILLISECOND, "no wait", passed)
        }),
        case("monotonic-clock.subscribe-instant:ok:latest", || {
            holds(!monotonic_clock::subscribe_instant(u64::MAX).ready(), "not ready", "ready")
        }),
        case("wall-clock.now:ok", || {
            let now = wall_clock::now();
            holds(now.nanoseconds < SECOND_IN_NANOSECONDS, "less than a second in nanoseconds", now.nanoseconds)?;
            holds(now.seconds > 1_700_000_000, "a time after this was written", now.seconds)
        }),
        case("wall-clock.resolution:ok", || {
            let resolution = wall_clock::resolution();
            holds(resolution.nanoseconds < SECOND_IN_NANOSECONDS, "less than a second in nanoseconds", resolution)?;
            holds(resolution.seconds > 0 || resolution.nanoseconds > 0, "some time", resolution)
        }),
        case("random.get-random-bytes:ok", || {
            let (one, two) = (random::get_random_bytes(32), random::get_random_bytes(32));
            equal((one.len(), two.len()), (32, 32))?;
            holds(one != two, "different bytes", &one)
        }),
        case("random.get-random-bytes:ok:none", || equal(random::get_random_bytes(0), vec![])),
        case("random.get-random-u64:ok", || {
            let numbers = [random::get_random_u64(), random::get_random_u64()];
            holds(numbers[0] != numbers[1], "different numbers", numbers)
        }),
        case("insecure.get-insecure-random-bytes:ok", || equal(insecure::get_insecure_random_bytes(32).len(), 32)),
        case("insecure.get-insecure-random-u64:ok", || {
            let numbers = [insecure::get_insecure_random_u64(), insecure::get_insecure_random_u64()];
            holds(numbers[0] != numbers[1], "different numbers", numbers)
        }),
        case("insecure-seed.insecure-seed:ok", || {
            equal(insecure_seed::insecure_seed(), insecure_seed::insecure_seed())
        }),
    ]
}
