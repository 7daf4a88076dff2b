// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a server asks for before it answers: the header WWW-Authenticate of RFC 9110, of which registries use
// Basic and Bearer. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

namespace berth::registry {

struct Challenge {
  enum class Scheme { kBasic, kBearer };

  Scheme scheme = Scheme::kBasic;
  std::string realm;  // of Bearer: where tokens are
  std::string service;
  std::string scope;
};

/// The first challenge of a scheme that is known; nothing when there is none, or it can't be read.
std::optional<Challenge> parse_challenge(std::string_view header);

}  // namespace berth::registry
