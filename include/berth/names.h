// SPDX-License-Identifier: Apache-2.0
#pragma once
// How modules are found by their names: "oci://registry.example/shop/rule:1.2", "https://…", "sha256:…".
// What was pulled once stays in the user's store, as `berth pull` leaves it.

#include <string>

namespace berth {

/// When servers are asked: for what the store doesn't have, always, never.
enum class Pull { kMissing, kAlways, kNever };

struct NameOptions {
  Pull pull = Pull::kMissing;
  std::string lock_file{};  // a berth.lock: names stand for what it says, and no others are taken (kDenied)
  std::string ca_file{};    // certificates to trust, in PEM, instead of this machine's
  bool plain_http = false;  // speaks plain HTTP with registries, also those of other machines
};

}  // namespace berth
