// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is behind the classes of berth/host.h, for the sources of this room alone.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/workers.h"
#include "berth/host.h"
#include "embed/calling.h"
#include "embed/exported.h"
#include "embed/exports.h"
#include "embed/granted.h"
#include "embed/program.h"
#include "embed/turns.h"
#include "engine/compiler.h"
#include "engine/engine.h"
#include "engine/live.h"
#include "registry/origin.h"

namespace berth {

struct BERTH_HIDDEN Host::Parts {
  std::unique_ptr<engine::Engine> engine;
  std::optional<engine::Compiler> compiler;
  embed::Owner owner;
  mutable content::SharedService content;
  engine::EngineKind kind;
  registry::OriginOptions names;
  std::unique_ptr<Workers> workers;

  Result<engine::Image> compile(std::string_view bytes) const;
};

struct BERTH_HIDDEN Module::Parts {
  std::shared_ptr<Host> host;
  std::string name;
  Digest digest;
  std::vector<policy::Bounds> claims;  // by its token
  std::unique_ptr<engine::Module> module;
  embed::Wanted imports;
  mutable embed::Exports exports;

  /// Errors name it.
  static Result<std::shared_ptr<Module>> open(std::shared_ptr<Host> host, const engine::Image& image,
                                              std::string name, const Digest& digest,
                                              std::vector<policy::Bounds> claims);
};

struct BERTH_HIDDEN Instance::Parts {
  std::shared_ptr<const Module> module;
  embed::Granted granted;
  std::unique_ptr<embed::Program> program;
  std::unique_ptr<engine::Live> live;
  std::unique_ptr<engine::Canceller> canceller;
  std::atomic<bool> busy = false;
  std::atomic<bool> over = false;  // a call has failed: no other is answered
  std::mutex dropping;
  std::atomic<bool> any_to_drop = false;
  Workers* workers = nullptr;  // the host's
  std::shared_ptr<embed::Turns> turns;
  std::vector<uint64_t> to_drop;  // resources of the module's that the program let go of

  /// kNotFound.
  Result<std::shared_ptr<const embed::Exported>> find(std::string_view name) const;
  /// Its number for calls. The types are known to fit.
  Result<size_t> bind(const embed::Exported& found);
  /// One call, whose result `calling` takes.
  Result<void> call(size_t function, std::span<const uint64_t> words, embed::Calling& calling);
  /// A call has ended, and why it failed if it did: others may come.
  void leave(const Error* failed) noexcept;
  /// Drops them, unless a call goes on, which does it at its end.
  void drop_pending() noexcept;
};

}  // namespace berth
