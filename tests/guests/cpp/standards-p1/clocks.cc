// SPDX-License-Identifier: Apache-2.0
// Clocks and random numbers.

#include <cstring>

#include "check.h"
#include "fixture.h"

namespace {

constexpr __wasi_clockid_t kNoClock{99};

Outcome resolves(__wasi_clockid_t clock) {
  __wasi_timestamp_t resolution;
  REQUIRE(answers(__wasi_clock_res_get(clock, &resolution), __WASI_ERRNO_SUCCESS));
  return holds(resolution >= 1 && resolution <= 1'000'000'000, "1 ns to 1 s", std::to_string(resolution));
}

Outcome never_goes_back() {
  __wasi_timestamp_t last = 0;
  for (int round = 0; round < 1000; ++round) {
    __wasi_timestamp_t now;
    REQUIRE(answers(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &now), __WASI_ERRNO_SUCCESS));
    REQUIRE(holds(now >= last, "a clock that never goes back", "one that does"));
    last = now;
  }
  return {};
}

Outcome fills_with_random() {
  uint8_t one[32] = {}, two[32] = {};
  REQUIRE(answers(__wasi_random_get(one, sizeof one), __WASI_ERRNO_SUCCESS));
  REQUIRE(answers(__wasi_random_get(two, sizeof two), __WASI_ERRNO_SUCCESS));
  return holds(std::memcmp(one, two, sizeof one) != 0, "different bytes", "the same");
}

}  // namespace

Cases clock_cases() {
  return {
      {"clock_res_get:ok", [] { return resolves(__WASI_CLOCKID_REALTIME); }},
      {"clock_res_get:ok:monotonic", [] { return resolves(__WASI_CLOCKID_MONOTONIC); }},
      {"clock_res_get:badf",
       [] {
         __wasi_timestamp_t resolution;
         return answers(__wasi_clock_res_get(kNoClock, &resolution), __WASI_ERRNO_BADF);
       }},
      {"clock_time_get:ok",
       [] {
         __wasi_timestamp_t now;
         REQUIRE(answers(__wasi_clock_time_get(__WASI_CLOCKID_REALTIME, 1, &now), __WASI_ERRNO_SUCCESS));
         return holds(now > 1'700'000'000'000'000'000, "a time after this was written", std::to_string(now));
       }},
      {"clock_time_get:ok:monotonic", never_goes_back},
      {"clock_time_get:badf",
       [] {
         __wasi_timestamp_t now;
         return answers(__wasi_clock_time_get(kNoClock, 1, &now), __WASI_ERRNO_BADF);
       }},
      {"random_get:ok", fills_with_random},
      {"random_get:ok:nothing", [] { return answers(__wasi_random_get(nullptr, 0), __WASI_ERRNO_SUCCESS); }},
      {"sched_yield:ok", [] { return answers(__wasi_sched_yield(), __WASI_ERRNO_SUCCESS); }},
  };
}
