// SPDX-License-Identifier: Apache-2.0
#pragma once
// A request as the access log shows it, for a person or for a program: a line each, whatever a client has
// sent.
//
// Data, and pure functions for any thread.

#include <chrono>
#include <cstdint>
#include <string>

namespace berth::serve {

struct AccessEntry {
  std::chrono::system_clock::time_point time;  // when its head had come
  std::string module;                          // empty: it went to none
  std::string method;
  std::string host;
  std::string path;  // with its query
  std::string peer;
  std::string trace_id;  // empty: none
  std::string span_id;   // that the request has there by berth's own telling; empty: none
  uint16_t status = 0;   // 499: the client went away before it got one
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  std::chrono::nanoseconds duration{0};  // until the last of the answer was handed on
  std::chrono::nanoseconds cpu_used{0};  // by the guest
  std::chrono::nanoseconds queued{0};
  std::string ending;    // of the guest: "exited", "trapped", "limited", "cancelled"…; empty: none was asked
  std::string limit;     // of "limited": "cpu-time"
  std::string reason;    // of "trapped" and "failed"
  uint64_t denials = 0;  // what its module was refused since another request ended; not in the log
};

/// Each ends with a newline, and has no other.
void append_json(std::string& text, const AccessEntry& entry);
void append_pretty(std::string& text, const AccessEntry& entry);

/// A line that says how many requests aren't in the log at this place.
void append_json_dropped(std::string& text, std::chrono::system_clock::time_point time, uint64_t dropped);
void append_pretty_dropped(std::string& text, uint64_t dropped);

}  // namespace berth::serve
