// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `berth inspect` shows of who vouches for a module: the chain, what it is about, until when, whether it
// would be taken here, and what the module needs beyond it. Main thread only.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "claims/trust.h"
#include "cli/needs.h"
#include "host/vouching.h"
#include "registry/module_file.h"

namespace berth::cli {

class SeenClaims {
 public:
  /// A token that wouldn't be taken is shown too, as far as its signature holds.
  SeenClaims(const registry::ModuleFile& file, std::vector<claims::Trust> trusts);

  std::string text(const Needs& needs) const;
  nlohmann::json json(const Needs& needs) const;

  /// What a run would get.
  Result<policy::Effective> effective(const host::AskedPolicy& asked, const UserFolders& folders) const;

 private:
  std::vector<std::string> beyond(const Needs& needs) const;

  const std::vector<claims::Trust> trusts_;
  std::optional<claims::Chain> chain_;
  std::vector<policy::Bounds> bounds_;
  std::optional<Error> refused_;
};

/// A policy as a file holds it, below what was cut from what was asked.
std::string effective_text(const policy::Effective& effective);
nlohmann::json effective_json(const policy::Effective& effective);

}  // namespace berth::cli
