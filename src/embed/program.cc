// SPDX-License-Identifier: Apache-2.0
#include "embed/program.h"

#include <fmt/format.h>

#include <algorithm>
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

/// Calls it for each type in a type, and for itself.
template <class T, class F>
void each_type(T& type, F&& what) {
  what(type);
  for (auto& part : type.parts) {
    for (auto& inner : part.types) each_type(inner, what);
  }
}

template <class T, class F>
void each_type_of(T& function, F&& what) {
  for (auto& part : function.parameters) {
    for (auto& type : part.types) each_type(type, what);
  }
  if (function.result) each_type(*function.result, what);
}

template <class T, class F>
void each_resource_of(T& function, F&& what) {
  each_type_of(function, [&](auto& type) {
    if (type.kind == Type::Kind::kOwn || type.kind == Type::Kind::kBorrow) what(type);
  });
}

/// Whether the function's values may go without C++ types.
bool may_be_dynamic(const FunctionType& type) {
  bool may = true;
  each_type_of(type, [&](const Type& inner) {
    if (inner.kind == Type::Kind::kOther) may = false;
  });
  each_resource_of(type, [&](const Type&) { may = false; });
  return may;
}

}  // namespace

void name_resources(FunctionType& type, const FunctionType& beside, const ResourceNames& names) {
  each_resource_of(type, [&](Type& resource) {
    for (const auto& [of, name] : names) {
      if (resource.resource != nullptr && of == resource.resource) resource.name = name;
    }
    each_resource_of(beside, [&, given = resource.name](const Type& known) {
      if (named_by(given, known.name)) resource.name = known.name;
    });
  });
}

bool has_values(const FunctionType& type, const ResourceNames& of_program) {
  bool has = true;
  each_type_of(type, [&](const Type& inner) {
    if (inner.kind == Type::Kind::kOther) has = false;
  });
  each_resource_of(type, [&](const Type& resource) {
    for (const auto& [of, name] : of_program) {
      if (named_by(name, resource.name)) has = false;
    }
  });
  return has;
}

Result<HostFunctions> find_imports(const Imports& given, const Wanted& wanted, std::string_view module) {
  HostFunctions found;
  std::string wrong;
  const auto say = [&](const Described& import, std::string_view what) {
    wrong += fmt::format("\n  '{}' {}\n    module:  {}", import.name, what, to_wit(import.type));
  };
  for (const std::string& resource : wanted.resources) {
    const bool bound = std::ranges::any_of(
        given.resources(), [&](const auto& known) { return named_by(known.second, resource).has_value(); });
    if (!bound) wrong += fmt::format("\n  '{}' isn't given: it is a resource (Imports::resource)", resource);
  }
  for (const Described& import : wanted.functions) {
    auto function = find(given.functions(), import.name);
    FunctionType type = function ? function->type() : FunctionType();
    name_resources(type, import.type, given.resources());
    if (!function) {
      say(import, "isn't given");
    } else if (import.async) {
      say(import, "is an async function, which can't be given yet");
    } else if (function->dynamic() && !may_be_dynamic(import.type)) {
      say(import, "has values that only a function with C++ types takes");
    } else if (!fits(type, import.type) || (function->dynamic() && !fits(import.type, type))) {
      say(import, "has other types");
      wrong += "\n    program: " + to_wit(type);
    }
    found.push_back(std::move(function));
  }
  if (wrong.empty()) return found;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("'{}' imports what the program doesn't give it (Imports::function){}", module, wrong));
}

template <class F>
bool Program::answer_with(Answer& answer, F&& ask) noexcept {
  try {
    try {
      ask();
    } catch (const std::exception& thrown) {
      reply_.fail(thrown.what());
    } catch (...) {
      reply_.fail("it threw what is no std::exception");
    }
    if (reply_.words().refused() != nullptr) reply_.fail(reply_.words().refused());
    if (!reply_.failed()) {
      reply_.words().delivered();
      answer = {.words = reply_.words().words(),
                .held = reply_.holds(),
                .later = pending_ != nullptr,
                .failure = {}};
      return true;
    }
    pending_.reset();
    failure_ =
        fmt::format("the program's function '{}' failed: {}", functions_[called_]->name(), reply_.failure());
    answer.failure = failure_;
  } catch (...) {
    answer.failure = "a function of the program failed, and there is no memory to say how";
  }
  return false;
}

bool Program::call(size_t function, std::span<const uint64_t> words, Answer& answer) noexcept {
  reply_.clear();
  called_ = function;
  return answer_with(answer, [&] {
    functions_[function]->call(detail::Reader(words, resources_), reply_);
    if (!answers_later_) return;
    pending_ = reply_.pending();
    if (pending_) pending_->set_wake([waiter = waiter_] { waiter->wake(); });
  });
}

bool Program::collect(Answer& answer) noexcept {
  return answer_with(answer, [&] {
    if (pending_ && pending_->collect(reply_)) pending_.reset();
  });
}

void Program::release() noexcept {
  reply_.clear();
}

void Program::drop(uint32_t resource) noexcept {
  resources_.drop(resource);
}

}  // namespace berth::embed
