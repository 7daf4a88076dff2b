// SPDX-License-Identifier: Apache-2.0
#include "host/name_keys.h"

#include <fmt/format.h>

#include "host/keyring.h"
#include "policy/printable.h"

namespace berth::host {
namespace {

constexpr std::string_view kIpns = "ipns://";

Result<content::NameKey> open_key(const Keyring& ring, const std::string& name) {
  const KeyEntry entry = BERTH_TRY(ring.find(name));
  if (entry.sealed)
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the key '{}' has a passphrase, which nobody can be asked for while a module runs: "
                    "make one for this name with 'berth keys'",
                    name));
  const auto no_passphrase = [](const std::string&) -> Result<std::string> {
    return fail(ErrorCode::kInvalidArgument, "nobody is asked for a passphrase");
  };
  const claims::Seed seed = BERTH_TRY(ring.open(name, no_passphrase));
  return content::NameKey{.public_key = seed.public_key().bytes,
                          .sign = [seed](std::string_view text) { return seed.sign(text); }};
}

}  // namespace

Result<std::shared_ptr<const content::NameKeys>> name_keys(const policy::Policy& policy,
                                                           const UserFolders& folders) {
  std::shared_ptr<content::NameKeys> keys;
  const Keyring ring(folders);
  for (const policy::Grant& grant : policy.grants) {
    const auto* const content = std::get_if<policy::ContentGrant>(&grant.extent);
    if (content == nullptr) continue;
    for (const policy::ContentRule& rule : content->rules) {
      if (rule.verb != policy::ContentVerb::kPublish || !rule.what.starts_with(kIpns)) continue;
      const std::string name = rule.what.substr(kIpns.size());
      const auto about = [&](const Error& error) {
        return fail(error.code, fmt::format("the grant '{}': {}", policy::printable(policy::to_text(grant)),
                                            error.message));
      };
      if (name == "*")
        return about(
            {.code = ErrorCode::kInvalidArgument,
             .message = "a module publishes names by keys that are named: write 'publish ipns://KEY'"});
      auto key = open_key(ring, name);
      if (!key) return about(key.error());
      if (keys == nullptr) keys = std::make_shared<content::NameKeys>();
      keys->emplace(name, *std::move(key));
    }
  }
  return keys;
}

}  // namespace berth::host
