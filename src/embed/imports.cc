// SPDX-License-Identifier: Apache-2.0
#include "berth/imports.h"

namespace berth {

const std::vector<std::shared_ptr<const detail::HostFunction>>& Imports::functions() const {
  static const Functions kNone;
  return functions_ ? *functions_ : kNone;
}

void Imports::add(std::shared_ptr<const detail::HostFunction> function) {
  // Copies share what they have, and know nothing of what comes later.
  auto more = std::make_shared<Functions>(functions());
  more->push_back(std::move(function));
  functions_ = std::move(more);
}

}  // namespace berth
