// SPDX-License-Identifier: Apache-2.0
#pragma once
// A module's function whose types the program learns at run time. Made by `Instance::function` (instance.h).

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "berth/call.h"
#include "berth/instance.h"
#include "berth/result.h"
#include "berth/type.h"
#include "berth/value.h"

namespace berth {

/// Keeps the instance. Copies are cheap. Calls follow the instance's rule: one at a time.
class DynamicFunction {
 public:
  /// The names and types of its parameters, and of its result if it gives one.
  const FunctionType& type() const {
    return *type_;
  }

  /// Calls it on this thread. kInvalidArgument, and nothing is called, when there are other than `type` has,
  /// with the part that differs: "argument 2 'order'.tags[0]: wanted string, found 7". Without a result it
  /// gives `Value()`. kUnsupported when the result has more than a million values (bytes don't count): the
  /// instance goes on. Other errors are those of `Function`.
  Result<Value> operator()(std::span<const Value> arguments) const;
  Result<Value> operator()(std::initializer_list<Value> arguments) const {
    return (*this)(std::span(arguments.begin(), arguments.size()));
  }
  Result<Value> operator()() const {
    return (*this)(std::span<const Value>());
  }

  /// Starts a call, and comes back at once (call.h).
  Call<Value> start(std::vector<Value> arguments) const;

 private:
  friend class Instance;
  DynamicFunction(std::shared_ptr<Instance> instance, size_t number, FunctionType type);

  std::shared_ptr<Instance> instance_;
  size_t number_;
  std::shared_ptr<const FunctionType> type_;  // shared by copies
};

}  // namespace berth
