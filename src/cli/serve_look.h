// SPDX-License-Identifier: Apache-2.0
#pragma once
// A server's files, looked at by the process beside it: which have changed, and what is in them now.
//
// Blocks. One thread.

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/os/code_memory.h"
#include "cli/serve_loader.h"
#include "engine/image_cache.h"

namespace berth::cli {

class Look {
 public:
  /// What is there now isn't new. `memory` outlives this.
  Look(const ServeLoader::Task& task, CodeMemory& memory);

  /// All that is new since it was last looked at. What couldn't be loaded is tried again, and what the server
  /// didn't take when it asks.
  Found at_files(bool asked);

  /// Whether a file has changed since the last time, and then has stayed as it is.
  bool settled_change();

  /// A version's image isn't needed any more.
  void release(uint64_t offset, bool was_taken);

 private:
  using Stamp = std::pair<std::filesystem::file_time_type, uintmax_t>;
  using Stamps = std::map<std::string, Stamp>;

  /// What a module is now, without having compiled it.
  struct Contents {
    std::string hash;
    std::map<std::string, std::string> texts;
    policy::Limits limits;
    std::string token;  // that was held against it
    // Until they are compiled: where the module was found, and the bytes that its token is about.
    std::optional<registry::Located> located;
    std::optional<registry::ModuleFile> file;

    void let_go() {
      located.reset();
      file.reset();
    }
    bool same_as(const Contents& other) const {
      return hash == other.hash && texts == other.texts;
    }
  };

  void look_at_tls(Found& found);
  Result<std::vector<serve::SiteModule>> modules(Found& found) const;
  Result<Contents> contents(const GuestOptions& options) const;
  Result<FoundVersion> version(const serve::SiteModule& module, const GuestOptions& options,
                               const Contents& contents);
  Stamps stamps() const;
  Result<uint64_t> room_for(uint64_t bytes) const;

  const ServeLoader::Task& task_;
  CodeMemory& memory_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::ImageCache> cache_;
  std::map<std::string, Contents> known_;  // by module and policy
  std::set<std::string> refused_;          // of those
  std::string known_tls_;                  // a hash of the certificate and its key
  struct Piece {
    uint64_t end = 0;
    std::string key;
  };
  std::map<uint64_t, Piece> taken_;  // of the memory, by where it begins
  std::vector<std::string> watched_;
  Stamps seen_;  // when the files were last looked at
  Stamps last_;  // when their stamps were
};

}  // namespace berth::cli
