// SPDX-License-Identifier: Apache-2.0
// Counts the bytes of content, read to their end, over the bindings in C.

#include <cstring>

#include "content_reader.h"

namespace {

const char* name_of(const berth_content_types_error_t& error) {
  static const char* const kNames[] = {"not-found", "denied", "invalid", "too-large", "unavailable", "limit"};
  return kNames[error.tag];
}

}  // namespace

extern "C" bool exports_content_reader_count(content_reader_string_t* path, uint64_t* count,
                                             content_reader_string_t* why) {
  const auto refuse = [&](berth_content_types_error_t& error) {
    content_reader_string_dup(why, name_of(error));
    berth_content_types_error_free(&error);
    return false;
  };
  berth_content_fetch_own_reading_t reading;
  berth_content_types_error_t error;
  if (!berth_content_fetch_open(path, nullptr, &reading, &error)) return refuse(error);
  const auto borrowed = berth_content_fetch_borrow_reading(reading);
  wasi_io_streams_own_input_stream_t body;
  if (!berth_content_fetch_method_reading_body(borrowed, &body)) __builtin_trap();
  *count = 0;
  for (;;) {
    content_reader_list_u8_t piece;
    wasi_io_streams_stream_error_t ended;
    if (!wasi_io_streams_method_input_stream_blocking_read(wasi_io_streams_borrow_input_stream(body), 65536,
                                                           &piece, &ended)) {
      wasi_io_streams_stream_error_free(&ended);
      break;
    }
    *count += piece.len;
    content_reader_list_u8_free(&piece);
  }
  wasi_io_streams_input_stream_drop_own(body);
  const bool failed = berth_content_fetch_method_reading_failure(borrowed, &error);
  berth_content_fetch_reading_drop_own(reading);
  return failed ? refuse(error) : true;
}
