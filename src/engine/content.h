// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a guest asks of content by its hash, and who answers. An ask is a job: what its path leads to, and
// bytes in pieces, which are made as they are taken. The engine translates; nothing here decides.
//
// All of it is called on the engine's threads, some on guests' fibers: must not block. A job may outlive its
// call by a moment, and whoever began it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/live.h"

struct berth_content;

namespace berth::engine {

/// The texts are the guest's own.
struct ContentAsk {
  enum class Verb { kOpen = 1, kList, kStat, kBlock, kCar, kAdd, kFolder, kPin, kUnpin, kName };

  Verb verb = Verb::kOpen;
  std::string_view target;  // a path, a CID or a key; of a granted folder the grant's own
  std::string_view more;    // of a name where it leads to; of kFolder names and CIDs in turn, a NUL behind
                            // each; of a granted folder the CID of the
                            // directory from which the way leads, empty for the folder itself, a NUL, the way
  uint64_t offset = 0;
  uint64_t length = UINT64_MAX;  // all
  bool folder = false;           // the target is a folder that a grant of files shows
  bool follow = false;           // of a folder: a symlink at the end of the way is followed
};

/// The numbers are the ABI's.
struct ContentFault {
  enum class Why { kNotFound = 1, kDenied, kInvalid, kTooLarge, kUnavailable, kLimit };

  Why why = Why::kUnavailable;
  std::string words;
};

/// The numbers are the ABI's.
struct ContentFound {
  enum class Kind { kFile = 1, kDirectory, kSymlink, kOther };

  Kind kind = Kind::kFile;
  uint64_t size = 0;
  std::string cid;
  std::string link;
  std::string_view media_type{};  // of a file whose name says it
};

class ContentJob {
 public:
  enum class Taken { kLater, kPiece, kEnd };

  ContentJob() = default;
  ContentJob(const ContentJob&) = delete;
  ContentJob& operator=(const ContentJob&) = delete;
  virtual ~ContentJob() = default;

  /// Nothing while it isn't known; what is told stays until the job goes.
  virtual std::expected<const ContentFound*, ContentFault> found() noexcept = 0;
  /// The piece is there until the next call.
  virtual std::expected<Taken, ContentFault> take(std::string_view& piece) noexcept = 0;
  virtual std::optional<ContentFault> write(std::string_view bytes) noexcept = 0;
  virtual void finish() noexcept = 0;
  /// Nobody asks any more: the last call.
  virtual void end() noexcept = 0;
};

class ContentSource {
 public:
  virtual ~ContentSource() = default;
  /// `waiter` is woken when the job may have more. Null where there is no memory.
  virtual std::shared_ptr<ContentJob> begin(const ContentAsk& ask,
                                            std::unique_ptr<Waiter> waiter) noexcept = 0;
};

/// As the ABI takes it.
berth_content content_abi(ContentSource* source);

}  // namespace berth::engine
