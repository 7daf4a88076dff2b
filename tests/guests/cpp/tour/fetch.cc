// SPDX-License-Identifier: Apache-2.0
// A GET by `wasi:http`.

#include <array>

#include "text.h"
#include "tour_steps.h"

namespace {

constexpr uint64_t kReadBytes = 64 << 10;

/// In the WIT's order, in lower case.
constexpr std::array kErrors{"dns-timeout",
                             "dns-error",
                             "destination-not-found",
                             "destination-unavailable",
                             "destination-ip-prohibited",
                             "destination-ip-unroutable",
                             "connection-refused",
                             "connection-terminated",
                             "connection-timeout",
                             "connection-read-timeout",
                             "connection-write-timeout",
                             "connection-limit-reached",
                             "tls-protocol-error",
                             "tls-certificate-error",
                             "tls-alert-received",
                             "http-request-denied",
                             "http-request-length-required",
                             "http-request-body-size",
                             "http-request-method-invalid",
                             "http-request-uri-invalid",
                             "http-request-uri-too-long",
                             "http-request-header-section-size",
                             "http-request-header-size",
                             "http-request-trailer-section-size",
                             "http-request-trailer-size",
                             "http-response-incomplete",
                             "http-response-header-section-size",
                             "http-response-header-size",
                             "http-response-body-size",
                             "http-response-trailer-section-size",
                             "http-response-trailer-size",
                             "http-response-transfer-coding",
                             "http-response-content-coding",
                             "http-response-timeout",
                             "http-upgrade-failed",
                             "http-protocol-error",
                             "loop-detected",
                             "configuration-error",
                             "internal-error"};

Told http_error(const wasi_http_types_error_code_t& code) {
  return error(code.tag < kErrors.size() ? kErrors[code.tag] : "unknown");
}

bool fill(wasi_http_types_borrow_outgoing_request_t request, std::string_view scheme,
          std::string_view authority, std::string_view path) {
  wasi_http_types_scheme_t named{};
  named.tag = scheme == "http"    ? WASI_HTTP_TYPES_SCHEME_HTTP
              : scheme == "https" ? WASI_HTTP_TYPES_SCHEME_HTTPS
                                  : WASI_HTTP_TYPES_SCHEME_OTHER;
  if (named.tag == WASI_HTTP_TYPES_SCHEME_OTHER) named.val.other = lent(scheme);
  tour_string_t host = lent(authority);
  tour_string_t target = lent(path);
  return wasi_http_types_method_outgoing_request_set_scheme(request, &named) &&
         wasi_http_types_method_outgoing_request_set_authority(request, &host) &&
         wasi_http_types_method_outgoing_request_set_path_with_query(request, &target);
}

Told read_answer(wasi_http_types_own_incoming_response_t response) {
  auto borrowed = wasi_http_types_borrow_incoming_response(response);
  unsigned status = wasi_http_types_method_incoming_response_status(borrowed);
  wasi_http_types_own_incoming_body_t body{};
  wasi_http_types_own_input_stream_t stream{};
  if (!wasi_http_types_method_incoming_response_consume(borrowed, &body) ||
      !wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body), &stream)) {
    return error("body taken twice");
  }
  auto reading = wasi_io_streams_borrow_input_stream(stream);
  size_t bytes = 0;
  for (;;) {
    tour_list_u8_t part{};
    wasi_io_streams_stream_error_t failure{};
    if (wasi_io_streams_method_input_stream_blocking_read(reading, kReadBytes, &part, &failure)) {
      bytes += part.len;
      tour_list_u8_free(&part);
      continue;
    }
    if (failure.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED) break;
    wasi_http_types_error_code_t code{};
    auto cause = wasi_io_error_borrow_error(failure.val.last_operation_failed);
    return wasi_http_types_http_error_code(cause, &code) ? http_error(code) : error("unknown");
  }
  return {.words = std::to_string(status) + ", " + std::to_string(bytes) + " bytes"};
}

}  // namespace

Told fetch(std::string_view url) {
  size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return error("no scheme in the URL");
  std::string_view rest = url.substr(scheme_end + 3);
  size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view path = slash == rest.size() ? "/" : rest.substr(slash);

  auto request = wasi_http_types_constructor_outgoing_request(wasi_http_types_constructor_fields());
  auto borrowed = wasi_http_types_borrow_outgoing_request(request);
  if (!fill(borrowed, url.substr(0, scheme_end), rest.substr(0, slash), path))
    return error("the URL was refused");
  wasi_http_types_own_outgoing_body_t body{};
  if (!wasi_http_types_method_outgoing_request_body(borrowed, &body)) return error("no body to finish");

  wasi_http_types_own_future_incoming_response_t future{};
  wasi_http_types_error_code_t code{};
  if (!wasi_http_outgoing_handler_handle(request, nullptr, &future, &code)) return http_error(code);
  if (!wasi_http_types_static_outgoing_body_finish(body, nullptr, &code)) return http_error(code);
  auto waiting = wasi_http_types_borrow_future_incoming_response(future);
  auto ready = wasi_http_types_method_future_incoming_response_subscribe(waiting);
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
  wasi_io_poll_pollable_drop_own(ready);

  wasi_http_types_result_result_own_incoming_response_error_code_void_t answer{};
  if (!wasi_http_types_method_future_incoming_response_get(waiting, &answer) || answer.is_err)
    return error("no answer");
  if (answer.val.ok.is_err) return http_error(answer.val.ok.val.err);
  return read_answer(answer.val.ok.val.ok);
}
