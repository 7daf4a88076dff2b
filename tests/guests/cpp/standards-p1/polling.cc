// SPDX-License-Identifier: Apache-2.0
// Waiting: poll_oneoff over clocks and files.

#include "check.h"
#include "fixture.h"

namespace {

constexpr __wasi_timestamp_t kMillisecond = 1'000'000;
constexpr __wasi_timestamp_t kHour = 3600 * 1000 * kMillisecond;

__wasi_subscription_t timer(__wasi_userdata_t label, __wasi_timestamp_t timeout,
                            __wasi_subclockflags_t flags = 0,
                            __wasi_clockid_t clock = __WASI_CLOCKID_MONOTONIC) {
  __wasi_subscription_t subscription{};
  subscription.userdata = label;
  subscription.u.tag = __WASI_EVENTTYPE_CLOCK;
  subscription.u.u.clock.id = clock;
  subscription.u.u.clock.timeout = timeout;
  subscription.u.u.clock.flags = flags;
  return subscription;
}

__wasi_subscription_t file(__wasi_userdata_t label, Descriptor descriptor, __wasi_eventtype_t type) {
  __wasi_subscription_t subscription{};
  subscription.userdata = label;
  subscription.u.tag = type;
  subscription.u.u.fd_read.file_descriptor = descriptor;  // fd_write has the same shape
  return subscription;
}

__wasi_timestamp_t now() {
  __wasi_timestamp_t time;
  must(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &time), "clock_time_get");
  return time;
}

/// Polls and expects one event: its label and its error.
Outcome wakes(const std::vector<__wasi_subscription_t>& subscriptions, __wasi_userdata_t label,
              __wasi_errno_t error) {
  std::vector<__wasi_event_t> events(subscriptions.size());
  size_t count = 0;
  REQUIRE(answers(__wasi_poll_oneoff(subscriptions.data(), events.data(), subscriptions.size(), &count),
                  __WASI_ERRNO_SUCCESS));
  REQUIRE(equal(count, 1));
  REQUIRE(equal(events[0].userdata, label));
  return answers(events[0].error, error);
}

Outcome waits(__wasi_subscription_t subscription) {
  const __wasi_timestamp_t start = now();
  REQUIRE(wakes({subscription}, subscription.userdata, __WASI_ERRNO_SUCCESS));
  return holds(now() - start >= 5 * kMillisecond, "5 ms or more", std::to_string(now() - start));
}

}  // namespace

Cases poll_cases() {
  return {
      {"poll_oneoff:ok", [] { return waits(timer(7, 5 * kMillisecond)); }},
      {"poll_oneoff:ok:absolute",
       [] {
         return waits(timer(7, now() + 5 * kMillisecond, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME));
       }},
      {"poll_oneoff:ok:realtime",
       [] { return waits(timer(7, 5 * kMillisecond, 0, __WASI_CLOCKID_REALTIME)); }},
      {"poll_oneoff:ok:past",
       [] {
         return wakes({timer(7, 1, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME)}, 7,
                      __WASI_ERRNO_SUCCESS);
       }},
      {"poll_oneoff:ok:first-of-two",
       [] { return wakes({timer(1, kHour), timer(2, kMillisecond)}, 2, __WASI_ERRNO_SUCCESS); }},
      {"poll_oneoff:ok:file-read",
       [] {
         return wakes({timer(1, kHour), file(2, open(sandbox(), "file"), __WASI_EVENTTYPE_FD_READ)}, 2,
                      __WASI_ERRNO_SUCCESS);
       }},
      {"poll_oneoff:ok:file-write",
       [] {
         return wakes({timer(1, kHour), file(2, scratch_file(), __WASI_EVENTTYPE_FD_WRITE)}, 2,
                      __WASI_ERRNO_SUCCESS);
       }},
      {"poll_oneoff:ok:stdout",
       [] {
         return wakes({timer(1, kHour), file(2, 1, __WASI_EVENTTYPE_FD_WRITE)}, 2, __WASI_ERRNO_SUCCESS);
       }},
      {"poll_oneoff:badf",
       [] {
         const __wasi_subscription_t subscription = file(1, unopened(), __WASI_EVENTTYPE_FD_READ);
         __wasi_event_t event;
         size_t count;
         return answers(__wasi_poll_oneoff(&subscription, &event, 1, &count), __WASI_ERRNO_BADF);
       }},
      {"poll_oneoff:inval",
       [] {
         size_t count;
         return answers(__wasi_poll_oneoff(nullptr, nullptr, 0, &count), __WASI_ERRNO_INVAL);
       }},
      {"poll_oneoff:inval:clock",
       [] {
         const __wasi_subscription_t subscription = timer(1, 0, 0, __WASI_CLOCKID_PROCESS_CPUTIME_ID);
         __wasi_event_t event;
         size_t count;
         return answers(__wasi_poll_oneoff(&subscription, &event, 1, &count), __WASI_ERRNO_INVAL);
       }},
  };
}
