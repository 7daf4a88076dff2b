// SPDX-License-Identifier: Apache-2.0
// Fetches each path of its arguments (CID/NAME) over berth:content, by the bindings in C, and tells its owner
// how fast that went.

#include "check.h"

#include <chrono>
#include <cstdio>
#include <string>

namespace {

using Clock = std::chrono::steady_clock;

/// What is lent to a call.
check_string_t lent(const std::string& text) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())), text.size()};
}

double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::string why(berth_content_types_error_t& error) {
  std::string words(reinterpret_cast<const char*>(error.val.denied.ptr), error.val.denied.len);
  berth_content_types_error_free(&error);
  return words;
}

/// Reads it to its end; false and the reason where there is none.
bool check(const std::string& cid, std::string& said) {
  const auto begun = Clock::now();
  check_string_t path = lent(cid);
  berth_content_fetch_own_reading_t reading;
  berth_content_types_error_t error;
  if (!berth_content_fetch_open(&path, nullptr, &reading, &error)) {
    said = why(error);
    return false;
  }
  const auto borrowed = berth_content_fetch_borrow_reading(reading);
  wasi_io_streams_own_input_stream_t body;
  if (!berth_content_fetch_method_reading_body(borrowed, &body)) __builtin_trap();
  size_t bytes = 0;
  Clock::duration first{0};
  check_list_u8_t piece;
  wasi_io_streams_stream_error_t ended;
  const auto stream = wasi_io_streams_borrow_input_stream(body);
  while (wasi_io_streams_method_input_stream_blocking_read(stream, 65536, &piece, &ended)) {
    if (bytes == 0) first = Clock::now() - begun;
    bytes += piece.len;
    check_list_u8_free(&piece);
  }
  wasi_io_streams_stream_error_free(&ended);
  const double whole = milliseconds(Clock::now() - begun);
  wasi_io_streams_input_stream_drop_own(body);
  const bool failed = berth_content_fetch_method_reading_failure(borrowed, &error);
  berth_content_fetch_reading_drop_own(reading);
  if (failed) {
    said = why(error);
    return false;
  }
  char line[200];
  std::snprintf(line, sizeof line, "%zu bytes at %.1f MB/s, the first after %.0f ms", bytes,
                static_cast<double>(bytes) / whole / 1000, milliseconds(first));
  said = line;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string said;
    const bool whole = check(argv[i], said);
    const std::string line = std::string(argv[i]) + ": " + said;
    check_string_t told = lent(line);
    berth_activity_activity_refusal_t refusal;
    bool heard = whole ? berth_activity_activity_info(&told, &refusal)
                       : berth_activity_activity_error(&told, &refusal);
    if (heard && whole) heard = berth_activity_activity_job_completed(&refusal);
    if (heard) continue;
    // Nobody hears of it otherwise.
    std::fprintf(stderr, "check-cpp: %.*s\n", static_cast<int>(refusal.val.denied.len),
                 reinterpret_cast<const char*>(refusal.val.denied.ptr));
    berth_activity_activity_refusal_free(&refusal);
  }
}
