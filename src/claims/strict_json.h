// SPDX-License-Identifier: Apache-2.0
#pragma once
// JSON as a token may hold it: UTF-8, each member once, nested no deeper than `kDeepest`. Lenient readers
// differ in which of two equal members they take, and so in what was vouched for.
//
// Pure; safe on any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace berth::claims {

class Json {
 public:
  static constexpr size_t kDeepest = 8;
  static constexpr size_t kMostMembers = 256;  // of one object

  using List = std::vector<Json>;
  using Members = std::vector<std::pair<std::string, Json>>;
  /// Numbers that aren't whole, or are below zero or above 2^64 - 1: no claim is one.
  struct OtherNumber {};
  using Value = std::variant<std::monostate, bool, uint64_t, OtherNumber, std::string, List, Members>;

  /// Refusals: kUtf8, kJson, kNesting, kDuplicate, kTooLarge.
  static Result<Json> parse(std::string_view text);

  Json() = default;
  explicit Json(Value value) : value_(std::move(value)) {}
  const Value& value() const {
    return value_;
  }
  Value& value() {
    return value_;
  }

 private:
  Value value_;
};

/// An object's members, taken one by one by name; what is wrong with one names it.
class Members {
 public:
  /// kType: `value` is no object; `what` names it.
  static Result<Members> of(const Json& value, std::string_view what);

  /// Refusals: kMissing, kType, kNumber. Of a `find_`, absence is nothing; null counts as absent.
  Result<std::string> text(std::string_view name) const;
  Result<std::string> find_text(std::string_view name) const;  // "" where there is none
  Result<std::optional<uint64_t>> find_number(std::string_view name) const;
  Result<std::optional<std::vector<std::string>>> find_texts(std::string_view name) const;
  const Json* find(std::string_view name) const;

  const Json::Members& all() const {
    return *members_;
  }

 private:
  Members(const Json::Members& members, std::string_view what) : members_(&members), what_(what) {}
  std::unexpected<Error> wrong_type(std::string_view name, std::string_view wanted) const;

  const Json::Members* members_;
  std::string what_;
};

}  // namespace berth::claims
