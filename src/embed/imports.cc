// SPDX-License-Identifier: Apache-2.0
#include "berth/imports.h"

namespace berth {

const std::vector<std::shared_ptr<const detail::HostFunction>>& Imports::functions() const {
  static const Functions kNone;
  return given_ ? given_->functions : kNone;
}

const std::vector<std::pair<const void*, std::string>>& Imports::resources() const {
  static const std::vector<std::pair<const void*, std::string>> kNone;
  return given_ ? given_->resources : kNone;
}

// Copies share what they have, and know nothing of what comes later.

void Imports::add(std::shared_ptr<const detail::HostFunction> function) {
  auto more = given_ ? std::make_shared<Given>(*given_) : std::make_shared<Given>();
  more->functions.push_back(std::move(function));
  given_ = std::move(more);
}

void Imports::add_resource(const void* of, std::string name) {
  auto more = given_ ? std::make_shared<Given>(*given_) : std::make_shared<Given>();
  more->resources.emplace_back(of, std::move(name));
  given_ = std::move(more);
}

}  // namespace berth
