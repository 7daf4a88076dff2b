// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names of IPNS: where they lead to, asked of routers and gateways, and leading them elsewhere. Of each name
// the newest record that was seen is kept (STATE/ipns), so that nobody can lead it back.
//
// Any number of processes; one thread at a time, which it blocks.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/os/locked_file.h"
#include "base/os/user.h"
#include "base/result.h"
#include "providers/content/gateways.h"
#include "providers/content/ipns.h"
#include "providers/content/routing.h"
#include "providers/content/tree.h"

namespace berth::content {

/// Unless something else is asked: how long a record holds, and for how long others may keep it.
inline constexpr std::chrono::hours kNameLifetime{48};
inline constexpr std::chrono::minutes kNameTtl{5};

/// Where this user's records are kept.
std::string names_folder(const UserFolders& folders);
/// A name, and names below what it leads to.
struct NamePath {
  Cid name;
  std::vector<std::string> names;
};
/// Whether a text is "ipns://…" or "/ipns/…".
bool is_name_path(std::string_view text);
/// kInvalidArgument; kUnsupported for names of DNS.
Result<NamePath> parse_name_path(std::string_view text);

struct NamesOptions {
  std::vector<std::string> routers;
  Gateways* gateways = nullptr;  // asked as well; null: none are
  web::WebOptions web = {};
  std::string folder;  // where records are kept; made with the first
};

class Names {
 public:
  explicit Names(NamesOptions options) : options_(std::move(options)) {}

  /// The newest record: of those that were given now, and of the one that is kept. kNotFound, kUnavailable
  /// that says what each said; kDenied where the newest is over.
  Result<IpnsRecord> resolve(const Cid& name) const;
  /// Keeps a record that somebody brings, unless a newer one is there already, and gives the newest.
  /// kInvalidArgument where the name's key didn't sign it, kDenied where its time is over.
  Result<IpnsRecord> bring(const Cid& name, std::string_view record) const;
  /// Through at most a few names, to content.
  Result<ContentPath> resolve(const NamePath& path) const;

  struct Published {
    Cid name;
    IpnsRecord record;
    std::vector<std::string> taken;                            // routers
    std::vector<std::pair<std::string, std::string>> refused;  // and why
  };
  /// Leads the name of a key, with which `sign` signs, to `value` ("/ipfs/CID"), with a higher sequence
  /// number than any that is known. kUnavailable where no router takes it, or where nobody has a record
  /// of the name and not each router says so: it could lead back.
  Result<Published> publish(std::string_view value, const std::array<uint8_t, 32>& public_key,
                            const Sign& sign, std::chrono::seconds lifetime, std::chrono::seconds ttl) const;

 private:
  struct Found {
    std::string bytes;
    IpnsRecord record;
  };
  struct Answers {
    std::vector<Found> found;
    std::vector<std::string> said;  // of those who gave none
    size_t answered = 0;            // that gave one, or said that there is none
    size_t routers = 0;             // of those
  };
  Answers ask(const Cid& name, int64_t now) const;
  std::optional<Found> kept(const Cid& name, int64_t now) const;
  Result<LockedFile> alone() const;
  Result<void> keep(const Cid& name, std::string_view record) const;
  std::string path_of(const Cid& name) const;

  const NamesOptions options_;
};

}  // namespace berth::content
