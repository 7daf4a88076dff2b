// SPDX-License-Identifier: Apache-2.0
//! `wasi:clocks` and `wasi:random` 0.3.

use crate::check::{Case, case, equal, holds};
use crate::streams::{Seen, first};
use wasip3::clocks::{monotonic_clock, system_clock};
use wasip3::random::{insecure, insecure_seed, random};
use wasip3::wit_bindgen::block_on;

const MILLISECOND: u64 = 1_000_000;
const SECOND_IN_NANOSECONDS: u64 = 1_000_000_000;

pub fn cases() -> Vec<Case> {
    vec![
        case("monotonic-clock.now:ok", || {
            let times: Vec<u64> = (0..1000).map(|_| monotonic_clock::now()).collect();
            holds(times.windows(2).all(|pair| pair[0] <= pair[1]), "a clock that never goes back", "one that does")
        }),
        case("monotonic-clock.get-resolution:ok", || {
            let resolution = monotonic_clock::get_resolution();
            holds((1..=SECOND_IN_NANOSECONDS).contains(&resolution), "1 ns to 1 s", resolution)
        }),
        case("monotonic-clock.wait-for:ok", || {
            let start = monotonic_clock::now();
            block_on(monotonic_clock::wait_for(5 * MILLISECOND));
            let passed = monotonic_clock::now() - start;
            holds(passed >= 5 * MILLISECOND, "5 ms or more", passed)
        }),
        case("monotonic-clock.wait-for:ok:zero", || {
            block_on(monotonic_clock::wait_for(0));
            Ok(())
        }),
        case("monotonic-clock.wait-for:ok:longest", || {
            let seen = block_on(first(monotonic_clock::wait_for(u64::MAX), monotonic_clock::wait_for(MILLISECOND)));
            holds(matches!(seen, Seen::Second(())), "the shorter one first", "the longest")
        }),
        case("monotonic-clock.wait-until:ok", || {
            let when = monotonic_clock::now() + 5 * MILLISECOND;
            block_on(monotonic_clock::wait_until(when));
            let now = monotonic_clock::now();
            holds(now >= when, "the instant or later", (now, when))
        }),
        case("monotonic-clock.wait-until:ok:past", || {
            let start = monotonic_clock::now();
            block_on(monotonic_clock::wait_until(0));
            let passed = monotonic_clock::now() - start;
            holds(passed < 1000 * MILLISECOND, "no wait", passed)
        }),
        case("monotonic-clock.wait-until:ok:latest", || {
            let seen = block_on(first(monotonic_clock::wait_until(u64::MAX), monotonic_clock::wait_for(MILLISECOND)));
            holds(matches!(seen, Seen::Second(())), "the shorter one first", "the latest")
        }),
        case("system-clock.now:ok", || {
            let now = system_clock::now();
            holds(u64::from(now.nanoseconds) < SECOND_IN_NANOSECONDS, "less than a second", now.nanoseconds)?;
            holds(now.seconds > 1_700_000_000, "a time after this was written", now.seconds)
        }),
        case("system-clock.get-resolution:ok", || {
            let resolution = system_clock::get_resolution();
            holds((1..=SECOND_IN_NANOSECONDS).contains(&resolution), "1 ns to 1 s", resolution)
        }),
        case("random.get-random-bytes:ok", || {
            let (one, two) = (random::get_random_bytes(32), random::get_random_bytes(32));
            equal((one.len(), two.len()), (32, 32))?;
            holds(one != two, "different bytes", &one)
        }),
        case("random.get-random-bytes:ok:none", || equal(random::get_random_bytes(0), vec![])),
        case("random.get-random-bytes:ok:fewer-than-asked", || {
            let got = random::get_random_bytes(1 << 31).len();
            holds((1..1 << 31).contains(&got), "fewer", got)
        }),
        case("random.get-random-u64:ok", || {
            let numbers = [random::get_random_u64(), random::get_random_u64()];
            holds(numbers[0] != numbers[1], "different numbers", numbers)
        }),
        case("insecure.get-insecure-random-bytes:ok", || equal(insecure::get_insecure_random_bytes(32).len(), 32)),
        case("insecure.get-insecure-random-u64:ok", || {
            let numbers = [insecure::get_insecure_random_u64(), insecure::get_insecure_random_u64()];
            holds(numbers[0] != numbers[1], "different numbers", numbers)
        }),
        case("insecure-seed.get-insecure-seed:ok", || {
            equal(insecure_seed::get_insecure_seed(), insecure_seed::get_insecure_seed())
        }),
    ]
}
