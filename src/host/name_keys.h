// SPDX-License-Identifier: Apache-2.0
#pragma once
// Opens the keys of the user's that a policy lets a module publish names with. Blocks; any thread.

#include <memory>

#include "base/os/user.h"
#include "base/result.h"
#include "policy/policy.h"
#include "providers/content/name_keys.h"

namespace berth::host {

/// Those of `content publish ipns://KEY`; null where there is no such rule. kInvalidArgument for a key that
/// has a passphrase, since nobody could be asked for it, and for a rule that names any key; kNotFound and
/// kDenied as Keyring::open.
Result<std::shared_ptr<const content::NameKeys>> name_keys(const policy::Policy& policy,
                                                           const UserFolders& folders);

}  // namespace berth::host
