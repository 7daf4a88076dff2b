// SPDX-License-Identifier: Apache-2.0
#pragma once
// The certificate that a server shows to clients who come by TLS, and its key. It can be exchanged while the
// server runs: connections keep what they began with.
//
// Any thread. Errors say what is wrong with the two, never what is in them.

#include <memory>
#include <string_view>

#include "base/result.h"

struct berth_tls;

namespace berth::engine {

class Tls {
 public:
  /// In PEM: a chain, the server's own certificate first, and its key without a passphrase.
  static Result<std::unique_ptr<Tls>> create(std::string_view chain, std::string_view key);
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;
  /// Servers that were started with it keep what they have.
  ~Tls();

  /// For connections that come from now on. After an error all is as before.
  Result<void> change(std::string_view chain, std::string_view key);

  const berth_tls* abi() const {
    return tls_;
  }

 private:
  explicit Tls(berth_tls* tls) : tls_(tls) {}

  berth_tls* const tls_;
};

}  // namespace berth::engine
