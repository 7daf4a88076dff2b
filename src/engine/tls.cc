// SPDX-License-Identifier: Apache-2.0
#include "engine/tls.h"

#include "engine/abi_values.h"

namespace berth::engine {

Result<std::unique_ptr<Tls>> Tls::create(std::string_view chain, std::string_view key) {
  OwnedBytes error;
  berth_tls* tls = nullptr;
  const int32_t code = berth_tls_new(slice(chain), slice(key), &tls, error.out());
  if (code != 0) return abi_error(code, error);
  return std::unique_ptr<Tls>(new Tls(tls));
}

Tls::~Tls() {
  berth_tls_free(tls_);
}

Result<void> Tls::change(std::string_view chain, std::string_view key) {
  OwnedBytes error;
  const int32_t code = berth_tls_change(tls_, slice(chain), slice(key), error.out());
  if (code != 0) return abi_error(code, error);
  return {};
}

}  // namespace berth::engine
