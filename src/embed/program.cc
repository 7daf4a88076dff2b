// SPDX-License-Identifier: Apache-2.0
#include "embed/program.h"

#include <fmt/format.h>

#include <exception>
#include <string>
#include <utility>

#include "embed/import_name.h"

namespace berth::embed {
namespace {

/// The function that names an import most exactly, the last of those.
std::shared_ptr<const detail::HostFunction> find(const HostFunctions& given, std::string_view wanted) {
  std::shared_ptr<const detail::HostFunction> best;
  std::optional<unsigned> best_rank;
  for (const auto& function : given) {
    const auto rank = named_by(function->name(), wanted);
    if (!rank || (best_rank && *best_rank < *rank)) continue;
    best = function;
    best_rank = rank;
  }
  return best;
}

}  // namespace

Result<HostFunctions> find_imports(const Imports& given, std::span<const Described> wanted,
                                   std::string_view module) {
  HostFunctions found;
  std::string wrong;
  const auto say = [&](const Described& import, std::string_view what) {
    wrong += fmt::format("\n  '{}' {}\n    module:  {}", import.name, what, to_wit(import.type));
  };
  for (const Described& import : wanted) {
    auto function = find(given.functions(), import.name);
    if (!function) {
      say(import, "isn't given");
    } else if (import.async) {
      say(import, "is an async function, which can't be given yet");
    } else if (!fits(function->type(), import.type)) {
      say(import, "has other types");
      wrong += "\n    program: " + to_wit(function->type());
    }
    found.push_back(std::move(function));
  }
  if (wrong.empty()) return found;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("'{}' imports what the program doesn't give it (Imports::function){}", module, wrong));
}

bool Program::call(size_t function, std::span<const uint64_t> words, Answer& answer) noexcept {
  const detail::HostFunction& called = *functions_[function];
  reply_.clear();
  try {
    try {
      called.call(detail::Reader(words), reply_);
    } catch (const std::exception& thrown) {
      reply_.fail(thrown.what());
    } catch (...) {
      reply_.fail("it threw what is no std::exception");
    }
    if (!reply_.failed()) {
      answer = {.words = reply_.words().words(), .held = reply_.holds(), .failure = {}};
      return true;
    }
    failure_ = fmt::format("the program's function '{}' failed: {}", called.name(), reply_.failure());
    answer.failure = failure_;
  } catch (...) {
    answer.failure = "a function of the program failed, and there is no memory to say how";
  }
  return false;
}

void Program::release() noexcept {
  reply_.clear();
}

}  // namespace berth::embed
