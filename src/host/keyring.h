// SPDX-License-Identifier: Apache-2.0
#pragma once
// A user's keys: a folder of theirs (0700) with a file for each (NAME.nk, 0600), which holds a seed as NATS's
// own tools keep it, or one sealed with a passphrase; and beside an account's key the operator's token about
// it (NAME.jwt), where there is one.
//
// A key is never written over. Blocks; any thread, any number of processes.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/os/user.h"
#include "base/result.h"
#include "claims/nkey.h"

namespace berth::host {

struct KeyEntry {
  std::string name;
  claims::PublicKey key;
  bool sealed = false;   // with a passphrase
  bool vouched = false;  // an operator's token lies beside it
  std::string path;
};

/// Asks for a key's passphrase.
using AskPassphrase = std::function<Result<std::string>(const std::string& name)>;

class Keyring {
 public:
  explicit Keyring(const UserFolders& folders) : folder_(folders.config + "/keys") {}

  /// By their names.
  Result<std::vector<KeyEntry>> list() const;
  /// kNotFound names those that there are.
  Result<KeyEntry> find(const std::string& name) const;

  /// kInvalidArgument where a key has that name, or it is none: `[A-Za-z0-9][A-Za-z0-9._-]*`, 64 at most.
  Result<KeyEntry> add(const std::string& name, const claims::Seed& seed,
                       const std::optional<std::string>& passphrase) const;

  /// kDenied for another passphrase, and for a file that others can read.
  Result<claims::Seed> open(const std::string& name, const AskPassphrase& ask) const;

  /// The operator's token about an account; nothing where there is none.
  Result<std::optional<std::string>> token(const std::string& name) const;
  Result<std::string> keep_token(const std::string& name, std::string_view token) const;

  const std::string& folder() const {
    return folder_;
  }

 private:
  std::string path_of(const std::string& name, std::string_view ending) const;
  Result<std::string> read(const std::string& name) const;

  const std::string folder_;
};

}  // namespace berth::host
