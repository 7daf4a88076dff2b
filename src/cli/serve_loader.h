// SPDX-License-Identifier: Apache-2.0
#pragma once
// New versions of what a server serves. Behind its second wall the server can neither read a module nor
// compile one, nor make machine code executable. So a process is forked before the wall goes up: it looks at
// the files when it is asked to, or when it sees that they have changed, compiles what is new and hands it
// over in memory that the server may run and can't write to (os/code_memory.h). What becomes of it the server
// decides.
//
// Main thread only, but for `Found`, which is made on a thread of its own.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "base/os/code_memory.h"
#include "base/os/companion.h"
#include "cli/serve_modules.h"
#include "cli/serve_tls.h"
#include "engine/engine.h"

namespace berth::cli {

/// A compiled version of a module.
struct FoundVersion {
  std::string path;                   // of the module
  std::optional<std::string> policy;  // its own file
  std::string name;
  Digest digest;
  engine::EngineKind kind;
  engine::Needs needs;
  uint64_t offset = 0;  // in the memory for code
  uint64_t bytes = 0;
  std::string token;                         // that was held against it; empty: it has none
  std::map<std::string, std::string> texts;  // of the files that its policy was read from
};

/// What a look at the files has brought.
struct Found {
  bool asked = false;                // by the server, not by the files
  std::vector<std::string> refused;  // what can't be taken, and why
  std::vector<FoundVersion> versions;
  std::optional<std::string> site;  // the site file's text
  std::optional<TlsTexts> tls;      // a new certificate and its key
};

class ServeLoader {
 public:
  struct Task {
    AskedSite site;
    GuestOptions options;
    UserFolders folders;
    TlsOptions tls;
    bool watch = false;
  };

  /// Forks. Before the engine is made, and before anything is opened that only the server is to have.
  static Result<std::unique_ptr<ServeLoader>> start(const Task& task);
  ServeLoader(const ServeLoader&) = delete;
  ServeLoader& operator=(const ServeLoader&) = delete;
  ~ServeLoader();

  /// Hands over what is found, on a thread that is started here, behind the wall; nothing when the process
  /// has ended.
  void listen(std::function<void(std::optional<Found>)> on_found);

  /// Looks at the files now. False when the process has ended.
  bool look() const;

  /// The image of a version.
  std::string_view code(const FoundVersion& version) const {
    return memory_.at(version.offset, version.bytes);
  }
  /// Nobody runs it any more. When it wasn't taken, it is found again when the server asks.
  void release(const FoundVersion& version, bool taken) const;

 private:
  ServeLoader(CodeMemory memory, Channel channel)
      : memory_(std::move(memory)), channel_(std::move(channel)) {}

  CodeMemory memory_;
  Channel channel_;
  std::thread listener_;
};

}  // namespace berth::cli
