// SPDX-License-Identifier: Apache-2.0
#pragma once
// Modules that nobody trusts, read and compiled in a process of their own.
//
// A parser or a compiler that is fed by an enemy can take all memory, run for hours, or end its process:
// ten kilobytes of nested components do. So this program is run again as a worker, whose memory and CPU time
// the system limits, which can write no file, and which sees the module and nothing else. What it answers is
// an image or a description. It isn't a sandbox against a compiler that the module has taken over: an image
// is machine code and is run.
//
// Any thread; blocks.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace berth::engine {

/// The verb that makes this program a worker; what follows it is the worker's business.
inline constexpr std::string_view kWorkerVerb = "compile-worker";

struct CompileLimits {
  uint64_t memory_bytes = uint64_t{2} << 30;
  std::chrono::nanoseconds cpu_time = std::chrono::minutes(5);
};

class Compiler {
 public:
  /// `program` is a path to a program that hands `kWorkerVerb` to `serve_compiler`.
  Compiler(std::string program, CompileLimits limits) : program_(std::move(program)), limits_(limits) {}

  /// As `engine::compile`. kLimit: the limit's name, and how to raise it.
  Result<Image> compile(EngineKind kind, std::string_view module_bytes, uint64_t guards_off = 0) const;

  /// As `engine::describe`.
  Result<Description> describe(std::string_view module_bytes) const;

 private:
  Result<std::vector<std::string>> ask(const std::vector<std::string>& task, std::string_view bytes) const;

  const std::string program_;
  const CompileLimits limits_;
};

/// The worker: reads a module from standard input, answers on standard output, and returns the exit status.
/// `arguments` are those after the verb, three or more.
int serve_compiler(const std::vector<std::string>& arguments);

}  // namespace berth::engine
