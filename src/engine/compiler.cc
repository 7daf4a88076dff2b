// SPDX-License-Identifier: Apache-2.0
#include "engine/compiler.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <new>

#include "base/error_table.h"
#include "base/fields.h"
#include "base/os/process.h"
#include "base/os/wall.h"
#include "base/units.h"
#include "engine/lines.h"

namespace berth::engine {
namespace {

// What the worker answers are fields. The first is an error's number, or 0.

std::chrono::seconds whole_seconds(std::chrono::nanoseconds time) {
  return std::chrono::ceil<std::chrono::seconds>(time);
}

bool mentions_memory(std::string_view text) {
  return text.find("memory allocation") != std::string_view::npos ||
         text.find("Cannot allocate memory") != std::string_view::npos ||
         text.find("os error 12") != std::string_view::npos;
}

std::unexpected<Error> out_of_memory(const CompileLimits& limits) {
  return fail(
      ErrorCode::kLimit,
      fmt::format("limit: compile.memory: compiling it takes more than {}; if you trust it, raise it with "
                  "--limit compile.memory={}",
                  format_bytes(limits.memory_bytes), exact_bytes(2 * limits.memory_bytes)));
}

std::unexpected<Error> out_of_time(const CompileLimits& limits) {
  const auto allowed = whole_seconds(limits.cpu_time);
  return fail(
      ErrorCode::kLimit,
      fmt::format("limit: compile.time: compiling it takes more than {} of CPU time; if you trust it, "
                  "raise it with --limit compile.time={}",
                  format_duration(allowed), exact_duration(2 * allowed)));
}

/// Why there is no answer.
std::unexpected<Error> worker_failure(const ChildResult& ended, const CompileLimits& limits) {
  if (mentions_memory(ended.errors)) return out_of_memory(limits);
  if (!ended.signal) {
    return fail(ErrorCode::kInternal, fmt::format("the compiler's process ended with {}", ended.exit_status));
  }
  if (*ended.signal == SIGXCPU) return out_of_time(limits);
  if (*ended.signal == SIGABRT || *ended.signal == SIGSEGV || *ended.signal == SIGBUS) {
    return fail(
        ErrorCode::kInvalidModule,
        "the compiler doesn't survive it: it nests deeper than any toolchain's module; nothing of it was "
        "run");
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("the compiler's process was ended by signal {}: try again", *ended.signal));
}

Fields answer(const std::vector<std::string>& task, std::string_view bytes) {
  const auto failed = [](const Error& error) {
    return Fields{std::to_string(error_row(error.code).abi), error.message};
  };
  if (task.size() == 1 && task[0] == "describe") {
    auto described = describe(bytes);
    if (!described) return failed(described.error());
    return {"0",
            std::to_string(static_cast<int>(described->form)),
            std::move(described->wit),
            join_lines(described->imports),
            join_lines(described->exports),
            join_lines(described->export_types),
            join_lines(described->export_notes)};
  }
  if (task.size() == 3 && task[0] == "compile") {
    const uint64_t bits = number_of(task[1]);
    auto image = compile({.fuel = (bits & 1) != 0, .alone = (bits & 2) != 0}, bytes, number_of(task[2]));
    if (!image) return failed(image.error());
    const Needs& needs = image->needs;
    const int needs_bits = (needs.concurrency ? 1 : 0) | (needs.error_contexts ? 2 : 0);
    return {"0", std::to_string(needs.instance_bytes), std::to_string(needs_bits), std::move(image->code)};
  }
  return failed({.code = ErrorCode::kInternal, .message = "the compiler's process doesn't know its task"});
}

std::string read_all(std::FILE* file) {
  std::string bytes;
  size_t got = 0;
  do {
    const size_t before = bytes.size();
    bytes.resize(before + (1 << 20));
    got = std::fread(bytes.data() + before, 1, 1 << 20, file);
    bytes.resize(before + got);
  } while (got > 0);
  return bytes;
}

}  // namespace

Result<std::vector<std::string>> Compiler::ask(const std::vector<std::string>& task,
                                               std::string_view bytes) const {
  std::vector<std::string> command{program_, std::string(kWorkerVerb), std::to_string(limits_.memory_bytes),
                                   std::to_string(whole_seconds(limits_.cpu_time).count())};
  command.insert(command.end(), task.begin(), task.end());
  const ChildResult ended = BERTH_TRY(run_child(command, bytes));
  auto fields = unpack(ended.output);
  if (ended.signal || ended.exit_status != 0 || !fields || fields->size() < 2) {
    return worker_failure(ended, limits_);
  }
  if (const uint64_t code = number_of(fields->front()); code != 0) {
    if (mentions_memory((*fields)[1])) return out_of_memory(limits_);
    return fail(error_code_from_abi(static_cast<int32_t>(code)).value_or(ErrorCode::kInternal), (*fields)[1]);
  }
  return *std::move(fields);
}

Result<Image> Compiler::compile(EngineKind kind, std::string_view module_bytes, uint64_t guards_off) const {
  const int bits = (kind.fuel ? 1 : 0) | (kind.alone ? 2 : 0);
  auto fields = BERTH_TRY(ask({"compile", std::to_string(bits), std::to_string(guards_off)}, module_bytes));
  if (fields.size() != 4) return fail(ErrorCode::kInternal, "the compiler's answer is cut off");
  const uint64_t needs_bits = number_of(fields[2]);
  return Image{.code = std::move(fields[3]),
               .needs = {.instance_bytes = number_of(fields[1]),
                         .concurrency = (needs_bits & 1) != 0,
                         .error_contexts = (needs_bits & 2) != 0}};
}

Result<Description> Compiler::describe(std::string_view module_bytes) const {
  auto fields = BERTH_TRY(ask({"describe"}, module_bytes));
  if (fields.size() != 7) return fail(ErrorCode::kInternal, "the compiler's answer is cut off");
  return Description{.form = static_cast<Form>(number_of(fields[1])),
                     .wit = std::move(fields[2]),
                     .imports = split_lines(fields[3]),
                     .exports = split_lines(fields[4]),
                     .export_types = split_lines(fields[5]),
                     .export_notes = split_lines(fields[6])};
}

int serve_compiler(const std::vector<std::string>& arguments) {
  Fields fields;
  try {
    limit_own_process({.memory_bytes = number_of(arguments.at(0)),
                       .cpu_time = std::chrono::seconds(number_of(arguments.at(1)))});
    // What is left open says how many processors there are to compile on.
    raise_wall({.readable = {"/proc/self/cgroup", "/proc/self/mountinfo", "/sys/fs/cgroup"}});
    fields = answer({arguments.begin() + 2, arguments.end()}, read_all(stdin));
  } catch (const std::bad_alloc&) {
    std::fputs("memory allocation failed\n", stderr);
    return 1;
  }
  const std::string packed = pack(fields);
  return std::fwrite(packed.data(), 1, packed.size(), stdout) == packed.size() && std::fflush(stdout) == 0
             ? 0
             : 1;
}

}  // namespace berth::engine
