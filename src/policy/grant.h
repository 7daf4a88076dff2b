// SPDX-License-Identifier: Apache-2.0
#pragma once
// One opened door with its exact extent: `files ./data:/data:rw`. The notation is one line, the same on the
// command line, in policies, in claims and in messages: a capability, spaces, and an extent that runs to
// the end of the line. The header of each extent says how it is written.
//
// Control characters, invisible direction marks and bytes that are not UTF-8 are refused everywhere, so a
// grant can be shown to a person as it is.
//
// Pure; safe on any thread. This room never looks at a file or a name server.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "policy/activity.h"
#include "policy/capability.h"
#include "policy/content.h"
#include "policy/env.h"
#include "policy/files.h"
#include "policy/http_out.h"
#include "policy/named.h"
#include "policy/role.h"
#include "policy/socket.h"
#include "policy/stdio.h"
#include "policy/talk.h"

namespace berth::policy {

/// The alternative always is the one that belongs to the grant's capability.
using Extent = std::variant<FilesGrant, EnvGrant, StdioGrant, HttpOutGrant, HttpInGrant, SocketOutGrant,
                            SocketInGrant, DnsGrant, KeyvalueGrant, BlobstoreGrant, MessagingGrant,
                            SecretGrant, ContentGrant, P2pGrant, ActivityGrant>;

struct Grant {
  Capability capability = Capability::kFiles;
  Extent extent;
  std::string source;  // where it was written: "command line", "p.toml:4"

  bool operator==(const Grant&) const = default;
};

/// Reads one grant. The error names the part that is wrong and shows a right one.
Result<Grant> parse_grant(std::string_view text, std::string_view source, Role role = Role::kAsker);

/// The canonical line; `parse_grant` makes an equal grant of it.
std::string to_text(const Grant& grant);

/// Whether everything that `inner` opens is opened by `outer`.
bool contains(const Grant& outer, const Grant& inner);

/// What both open, where one grant says it; its source is that of `asked`. Never wider than either.
std::optional<Grant> narrow(const Grant& asked, const Grant& owner);

/// A right grant of that capability, to show to a person.
std::string_view example_of(Capability capability);

}  // namespace berth::policy
