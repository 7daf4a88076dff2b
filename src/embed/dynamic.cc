// SPDX-License-Identifier: Apache-2.0
// Functions whose values have no C++ types: the module's, and the program's.

#include "berth/dynamic.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/result.h"
#include "berth/imports.h"
#include "embed/value_words.h"

namespace berth {
namespace {

/// A result on its way out of its words.
struct TakenValue {
  const FunctionType& type;
  std::optional<Result<Value>> value{};

  static bool take(void* to, detail::Reader from) noexcept try {
    auto& taken = *static_cast<TakenValue*>(to);
    taken.value.emplace(taken.type.result ? embed::ValueReader(from).take(*taken.type.result) : Value());
    return true;
  } catch (...) {
    return false;
  }
};

Result<void> put_all(detail::Writer& to, std::span<const Value> values, const FunctionType& type) {
  if (values.size() != type.parameters.size()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} arguments are wanted, found {}: {}", type.parameters.size(), values.size(),
                            to_wit(type)));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const Type::Part& parameter = type.parameters[i];
    auto written = embed::put(to, values[i], parameter.types.at(0));
    if (written) continue;
    Error error = std::move(written).error();
    error.message = fmt::format("argument {} '{}'{}{}", i + 1, parameter.name,
                                error.message.starts_with('.') || error.message.starts_with('[') ? "" : ": ",
                                error.message);
    return std::unexpected(std::move(error));
  }
  return {};
}

/// A function of the program. What it gives is kept until its words have been read.
class DynamicHostFunction final : public detail::HostFunction {
 public:
  DynamicHostFunction(std::string name, FunctionType type, DynamicCallable callable)
      : HostFunction(std::move(name), std::move(type)), callable_(std::move(callable)) {}

  bool dynamic() const override {
    return true;
  }

  void call(detail::Reader from, detail::Reply& to) const override {
    embed::ValueReader reader(from);
    std::vector<Value> arguments;
    arguments.reserve(type().parameters.size());
    for (const Type::Part& parameter : type().parameters) {
      auto argument = reader.take(parameter.types.at(0));
      if (!argument) return to.fail(std::move(argument).error().message);
      arguments.push_back(*std::move(argument));
    }
    auto given = callable_(arguments);
    if (!given) return to.fail(std::move(given).error().message);
    const Value& value = to.hold(*std::move(given));
    if (!type().result) {
      if (value != Value()) to.fail("it has no result: wanted (), found " + to_text(value));
      return;
    }
    if (auto written = embed::put(to.words(), value, *type().result); !written) {
      to.fail("its result: " + std::move(written).error().message);
    }
  }

 private:
  const DynamicCallable callable_;
};

}  // namespace

DynamicFunction::DynamicFunction(std::shared_ptr<Instance> instance, size_t number, FunctionType type)
    : instance_(std::move(instance)),
      number_(number),
      type_(std::make_shared<const FunctionType>(std::move(type))) {}

Result<Value> DynamicFunction::operator()(std::span<const Value> arguments) const {
  detail::Writer words(instance_->resources());
  BERTH_TRY_VOID(put_all(words, arguments, *type_));
  TakenValue taken{.type = *type_};
  BERTH_TRY_VOID(instance_->call(number_, words.words(), TakenValue::take, &taken));
  words.delivered();
  return std::move(*taken.value);
}

Call<Value> DynamicFunction::start(std::vector<Value> arguments) const {
  auto call = [function = *this, kept = std::move(arguments)] { return function(kept); };
  auto started = std::make_shared<detail::StartedBy<Value, decltype(call)>>(instance_, std::move(call));
  instance_->start(started);
  return Call<Value>(std::move(started));
}

Imports& Imports::function(std::string name, FunctionType type, DynamicCallable callable) {
  add(std::make_shared<const DynamicHostFunction>(std::move(name), std::move(type), std::move(callable)));
  return *this;
}

}  // namespace berth
