// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one instance is given: what its program asks for, within what the owner of this machine allows.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/os/user.h"
#include "base/result.h"
#include "berth/host.h"
#include "claims/trust.h"
#include "embed/keeper.h"
#include "host/lent.h"
#include "host/place.h"
#include "host/set_aside.h"
#include "policy/policy.h"
#include "providers/content/service.h"

namespace berth::embed {

/// Who this machine belongs to, as far as a program needs to know.
struct Owner {
  /// From this file, or from the user's own; kNotFound when the first isn't there.
  static Result<Owner> of(const std::string& file);

  /// An error where there is no home.
  Result<UserFolders> own_folders() const;

  policy::Bounds bounds;
  std::vector<claims::Trust> trusts;   // trust.toml beside that file, where there is one
  std::optional<UserFolders> folders;  // none without a home
};

/// A module that is to be instantiated.
struct Granting {
  const std::string& name;
  const Digest& digest;
  std::span<const policy::Bounds> claims = {};  // by its token
  content::SharedService& content;
  bool counts_fuel = false;
};

/// Outlives the instance. Moving it moves nothing that the instance was lent.
class Granted {
 public:
  /// Any thread; reads the policy's file.
  static Result<Granted> grant(const InstanceOptions& options, const Owner& owner, const Granting& module);

  Result<engine::Guest> guest();
  Keeper& keeper() {
    return *keeper_;
  }
  content::Brought brought() const {
    return lent_->brought->read();
  }

 private:
  host::SetAside aside_;
  std::unique_ptr<host::Place> place_;
  std::unique_ptr<host::Lent> lent_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<content::Asks> asks_;
  std::unique_ptr<activity::Activity> activity_;
  bool listened_to_ = false;
  bool counts_fuel_ = false;
};

}  // namespace berth::embed
