// SPDX-License-Identifier: Apache-2.0
// Counters over HTTP: POST /NAME adds one, GET /NAME says how many. Each answers with the number on a line.
//
// A counter is a file in /data that grows by a byte, so its length is the number. Appending is one step for
// the file system: two requests at once, each in an instance of its own, don't lose one of the two.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "api.h"

namespace {

constexpr size_t kLongestName = 64;
constexpr size_t kMostAtOnce = 4096;  // bytes that a stream takes in one blocking write

struct Answer {
  uint16_t status;
  std::string text;
};

/// The bindings' string, which this side owns.
std::string take(api_string_t& text) {
  std::string taken(reinterpret_cast<const char*>(text.ptr), text.len);
  api_string_free(&text);
  return taken;
}

bool is_name(std::string_view text) {
  auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kLongestName && std::ranges::all_of(text, fits);
}

Answer failed(const std::string& what) {
  return {500, what + ": " + std::strerror(errno) + "\n"};
}

Answer number(off_t count) {
  return {200, std::to_string(count) + "\n"};
}

Answer add_one(const std::string& path) {
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (file < 0) return failed("opening the counter");
  struct stat found{};
  bool done = ::write(file, ".", 1) == 1 && ::fstat(file, &found) == 0;
  Answer answer = done ? number(found.st_size) : failed("counting");
  ::close(file);
  return answer;
}

Answer count(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) == 0) return number(found.st_size);
  return errno == ENOENT ? number(0) : failed("reading the counter");
}

Answer answer_to(const wasi_http_types_method_t& method, std::string_view target) {
  std::string_view name = target.substr(0, target.find('?'));
  name.remove_prefix(std::min<size_t>(1, name.size()));
  if (!is_name(name)) return {404, "a counter is asked for by its name, such as /visits\n"};
  std::string path = "/data/" + std::string(name);
  if (method.tag == WASI_HTTP_TYPES_METHOD_POST) return add_one(path);
  if (method.tag == WASI_HTTP_TYPES_METHOD_GET) return count(path);
  return {405, "a counter takes GET and POST\n"};
}

void append(wasi_http_types_own_fields_t fields, std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  wasi_http_types_field_name_t key{bytes(name), name.size()};
  wasi_http_types_field_value_t content{bytes(value), value.size()};
  wasi_http_types_header_error_t error{};
  wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &key, &content, &error);
}

void write_all(wasi_http_types_own_outgoing_body_t body, std::string_view text) {
  wasi_http_types_own_output_stream_t stream{};
  if (!wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream))
    return;
  while (!text.empty()) {
    std::string_view part = text.substr(0, kMostAtOnce);
    api_list_u8_t bytes{reinterpret_cast<uint8_t*>(const_cast<char*>(part.data())), part.size()};
    wasi_io_streams_stream_error_t error{};
    auto output = wasi_io_streams_borrow_output_stream(stream);
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(output, &bytes, &error)) break;
    text.remove_prefix(part.size());
  }
  wasi_io_streams_output_stream_drop_own(stream);  // before its body ends
}

void send(wasi_http_types_own_response_outparam_t out, const Answer& answer) {
  auto fields = wasi_http_types_constructor_fields();
  append(fields, "content-type", "text/plain; charset=utf-8");
  append(fields, "content-length", std::to_string(answer.text.size()));
  auto response = wasi_http_types_constructor_outgoing_response(fields);
  auto borrowed = wasi_http_types_borrow_outgoing_response(response);
  wasi_http_types_method_outgoing_response_set_status_code(borrowed, answer.status);
  wasi_http_types_own_outgoing_body_t body{};
  wasi_http_types_method_outgoing_response_body(borrowed, &body);
  wasi_http_types_result_own_outgoing_response_error_code_t result{};
  result.val.ok = response;
  wasi_http_types_static_response_outparam_set(out, &result);
  write_all(body, answer.text);
  wasi_http_types_error_code_t error{};
  wasi_http_types_static_outgoing_body_finish(body, nullptr, &error);
}

}  // namespace

void exports_wasi_http_incoming_handler_handle(wasi_http_types_own_incoming_request_t request,
                                               wasi_http_types_own_response_outparam_t out) {
  auto borrowed = wasi_http_types_borrow_incoming_request(request);
  wasi_http_types_method_t method{};
  wasi_http_types_method_incoming_request_method(borrowed, &method);
  api_string_t target{};
  bool named = wasi_http_types_method_incoming_request_path_with_query(borrowed, &target);
  Answer answer = answer_to(method, named ? take(target) : "/");
  wasi_http_types_method_free(&method);
  wasi_http_types_incoming_request_drop_own(request);
  send(out, answer);
}
