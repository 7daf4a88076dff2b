// SPDX-License-Identifier: Apache-2.0
#pragma once
// Asking a server that a name leads to, and those that it sends us to. Whatever such a server answers:
//
// - of a redirect the credentials go along to the same scheme, host and port alone;
// - from TLS no redirect leads to plain HTTP, whatever is asked for;
// - a server on a public address leads to no special one: this machine, the local network, a metadata
// service;
// - plain HTTP is spoken with this machine alone, unless it is asked for;
// - an answer is bounded in bytes, in time, and in how slowly it may come; a compressed one isn't taken;
// - what fails for a while (no connection, 429, 5xx) is tried again, later each time, and not for ever; but
// a body that streams is sent once.
//
// Blocks its thread. One thread at a time, but for stopping it.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/client.h"

namespace berth::web {

struct WebOptions {
  bool plain_http = false;     // also with other machines
  std::string roots;           // certificates to trust, in PEM, instead of this machine's
  std::string public_address;  // for tests: taken for a public one
  bool only_public = false;    // somebody else named the server: it has to be at a public address itself
  int tries = 5;
  std::chrono::nanoseconds span = std::chrono::seconds(20);  // in which so much has to come
  uint64_t least_bytes = 1024;
};

struct WebAsk {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string authorization = {};  // goes to the same scheme, host and port alone
  std::string_view body = {};
  /// A body that streams, instead: its next piece, there until the next call; empty at the end. An error ends
  /// the request, and is its answer. Such a request is made once, whatever fails.
  std::function<Result<std::string_view>()> next = {};
  bool once = false;              // never tried again, whatever fails
  uint64_t most_bytes = 1 << 20;  // of the body of an answer that isn't an error
  std::chrono::nanoseconds most_time = std::chrono::minutes(1);
  /// Gets such a body instead of the answer; asked before whether it is wanted. False: no more of it.
  std::function<Result<void>(const engine::AnswerHead&)> head = {};
  std::function<Result<void>(std::string_view)> bytes = {};
};

struct WebAnswer {
  uint16_t status = 0;
  std::map<std::string, std::string> headers;        // names in lower case; of several the first
  std::map<std::string, std::string> trailers = {};  // what stands behind the body
  std::string body;                                  // of an error 64 KiB at most
  std::string url;                                   // who answered

  std::string header(const std::string& name) const;
};

class Web {
 public:
  /// `home` is a URL at the server that the name leads to.
  static Result<std::unique_ptr<Web>> create(const std::string& home, WebOptions options);

  /// The answer, whatever its status, but for redirects of GET and HEAD, which are followed. kUnavailable:
  /// there is none, kDenied: it leads where it mustn't, kLimit: it is too long. Messages name the host, and
  /// never credentials.
  Result<WebAnswer> ask(const WebAsk& ask);

  /// Ends that with kCancelled, and all that is asked later. Any thread.
  void stop() const;
  /// Whether the server that the name leads to answered from a special address; false while it hasn't.
  bool is_home_special() const {
    return home_special_.value_or(false);
  }

 private:
  Web(std::unique_ptr<engine::Client> client, std::string home, WebOptions options);
  Result<WebAnswer> once(const WebAsk& ask, const std::string& url, bool with_credentials);
  Result<WebAnswer> through_redirects(const WebAsk& ask);
  Result<void> check_scheme(const std::string& url, bool from_tls) const;
  bool may_reach(const std::string& authority, std::string_view address) const;
  bool is_special(std::string_view address) const;

  const std::unique_ptr<engine::Client> client_;
  const std::string home_;  // its authority
  const WebOptions options_;
  const std::stop_source stopped_;
  std::optional<bool> home_special_;  // known with its first answer
};

/// "https://h:1" of "https://h:1/a?b", and "h:1"; empty where it is no such URL.
std::string origin_of(std::string_view url);
std::string authority_of(std::string_view url);

/// Where `location` leads from `base`, by RFC 3986 as far as servers use it; empty where it leads nowhere.
std::string resolve_url(std::string_view base, std::string_view location);

/// Whether a host, perhaps with a port, is always this machine: localhost, 127.0.0.0/8 or ::1.
bool is_loopback(std::string_view host);

/// What is shown of a URL: its query may be a secret.
std::string shown(std::string_view url);

}  // namespace berth::web
