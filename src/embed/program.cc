// SPDX-License-Identifier: Apache-2.0
#include "embed/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "embed/import_name.h"
#include "embed/inside.h"

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

bool has_streams(const FunctionType& type) {
  bool has = false;
  each_type_of(type, [&](const Type& inner) {
    if (inner.kind == Type::Kind::kStream || inner.kind == Type::Kind::kFuture) has = true;
  });
  return has;
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

namespace {

/// What `ask` wrote to the reply, or what it threw, as an answer of a function; `pending`: what it waits for.
template <class F>
bool answer_with(engine::Program::Answer& answer, std::string& failure, detail::Reply& reply,
                 std::shared_ptr<detail::Pending>& pending, const detail::HostFunction& function,
                 F&& ask) noexcept {
  try {
    try {
      ask();
    } catch (const std::exception& thrown) {
      reply.fail(thrown.what());
    } catch (...) {
      reply.fail("it threw what is no std::exception");
    }
    if (reply.words().refused() != nullptr) reply.fail(reply.words().refused());
    if (!reply.failed()) {
      reply.words().delivered();
      answer = {
          .words = reply.words().words(), .held = reply.holds(), .later = pending != nullptr, .failure = {}};
      return true;
    }
    pending.reset();
    failure = fmt::format("the program's function '{}' failed: {}", function.name(), reply.failure());
    answer.failure = failure;
  } catch (...) {
    answer.failure = "a function of the program failed, and there is no memory to say how";
  }
  return false;
}

}  // namespace

bool Program::call(size_t function, std::span<const uint64_t> words, Answer& answer) noexcept {
  reply_.clear();
  called_ = function;
  return answer_with(answer, failure_, reply_, pending_, *functions_[function], [&] {
    if (const auto* const instance = waits()) {
      const Inside inside(instance);
      functions_[function]->call(detail::Reader(words, resources_), reply_);
    } else {
      functions_[function]->call(detail::Reader(words, resources_), reply_);
    }
    if (!answers_later_) return;
    pending_ = reply_.pending();
    if (pending_) pending_->set_wake([waiter = waiter_] { waiter->wake(); });
  });
}

bool Program::collect(Answer& answer) noexcept {
  return answer_with(answer, failure_, reply_, pending_, *functions_[called_], [&] {
    if (pending_ && pending_->collect(reply_)) pending_.reset();
  });
}

/// One call of a function that is async in WIT, with an answer of its own.
class Program::BegunCall final : public Begun {
 public:
  BegunCall(Program& program, size_t function) : program_(program), function_(function) {}

  void call(std::span<const uint64_t> words, std::unique_ptr<engine::Waiter> waiter) {
    const Inside inside(program_.waits());
    called_ = [&]() noexcept {
      return answer_with(answer_, failure_, reply_, pending_, function(), [&] {
        function().call(detail::Reader(words, program_.resources_), reply_);
        pending_ = reply_.pending();
        if (!pending_) return;
        pending_->set_wake([waiter = std::shared_ptr<engine::Waiter>(std::move(waiter))] { waiter->wake(); });
      });
    }();
  }

  bool poll(Answer& answer) noexcept override {
    if (pending_) {
      called_ = answer_with(answer_, failure_, reply_, pending_, function(), [&] {
        if (pending_->collect(reply_)) pending_.reset();
      });
    }
    answer = answer_;
    return called_;
  }

 private:
  const detail::HostFunction& function() const {
    return *program_.functions_[function_];
  }

  Program& program_;
  const size_t function_;
  detail::Reply reply_{program_.resources_};
  std::shared_ptr<detail::Pending> pending_;
  std::string failure_;
  Answer answer_;
  bool called_ = false;
};

std::unique_ptr<engine::Program::Begun> Program::begin(size_t function, std::span<const uint64_t> words,
                                                       std::unique_ptr<engine::Waiter> waiter) noexcept try {
  auto begun = std::make_unique<BegunCall>(*this, function);
  begun->call(words, std::move(waiter));
  return begun;
} catch (const std::bad_alloc&) {
  return nullptr;
}

std::unique_ptr<engine::Sink> Program::sink(uint64_t word, std::unique_ptr<engine::Waiter> waiter) noexcept {
  auto channel = resources_.expected(word);
  return channel ? streams_.read(std::move(channel), resources_, std::move(waiter)) : nullptr;
}

std::unique_ptr<engine::Source> Program::source(uint64_t word,
                                                std::unique_ptr<engine::Waiter> waiter) noexcept {
  auto channel = reinterpret_cast<detail::ReaderEnd*>(word)->claim();  // NOLINT(performance-no-int-to-ptr)
  return channel ? streams_.write(std::move(channel), resources_, std::move(waiter)) : nullptr;
}

void Program::release() noexcept {
  reply_.clear();
}

void Program::drop(uint32_t resource) noexcept {
  resources_.drop(resource);
}

}  // namespace berth::embed
