// SPDX-License-Identifier: Apache-2.0
#pragma once
// Compiled modules kept on disk, so that the second start of a module compiles nothing.
//
// An image is machine code: whoever can choose its bytes runs code as this user. So the folder is 0700 and
// this user's, each entry carries a keyed hash over its name and all its bytes, the key is 0600, and nothing
// is mapped before the hash fits. What doesn't fit (cut off, foreign, altered, of another engine) is
// compiled again. Another process of the same user can read the key: it is outside of this threat model,
// since it could as well replace the binary.
//
// Entries are named by a fast hash of the module and the engine's compatibility number, and hold the module's
// digest, so that a start from here needn't compute it. The least recently used
// go when the folder outgrows its limit. Any thread; any number of processes at once.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "engine/engine.h"

namespace berth::engine {

class ImageCache {
 public:
  struct Entry {
    std::string path;
    std::string digest_hex;  // of the module; empty in an entry that is cut off, or an older berth's
    uint64_t size_bytes = 0;
    int64_t used_unix_seconds = 0;
  };

  /// Makes or checks the folder and the key. kDenied: another user could reach them.
  static Result<std::unique_ptr<ImageCache>> open(const std::string& folder, uint64_t limit_bytes);

  struct Found {
    std::unique_ptr<Module> module;
    Digest digest;  // of the module's bytes
  };

  /// The module with this `content_hash`, when its image is here and is authentic. Nothing otherwise.
  std::optional<Found> find(const Engine& engine, EngineKind kind, std::string_view content_hash);

  /// Keeps the image of a module that was just compiled.
  Result<void> keep(const Engine& engine, EngineKind kind, std::string_view module_bytes,
                    const Digest& digest, const Image& image);

  /// What is there, the most recently used first.
  std::vector<Entry> list() const;

  /// Removes every entry; returns how many.
  size_t clear();

  /// A hostile test's switch: maps entries unchecked. Ignored in a build without test switches.
  void trust_unchecked() {
    trust_unchecked_ = true;
  }

 private:
  ImageCache(std::string folder, std::string key, uint64_t limit_bytes)
      : folder_(std::move(folder)), key_(std::move(key)), limit_bytes_(limit_bytes) {}
  void make_room();

  const std::string folder_;
  const std::string key_;
  const uint64_t limit_bytes_;
  bool trust_unchecked_ = false;
};

}  // namespace berth::engine
