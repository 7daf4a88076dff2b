// SPDX-License-Identifier: Apache-2.0
#include "claims/strict_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "claims/refusal.h"
#include "policy/printable.h"

namespace berth::claims {
namespace {

/// Makes a value of a reader's events, and stops it where more is said than may be.
class Builder {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  std::optional<Error> wrong;
  Json root;

  // The names are the reader's.
  bool null() {
    return put(std::monostate());
  }
  bool boolean(bool value) {
    return put(value);
  }
  bool number_integer(number_integer_t) {
    return put(Json::OtherNumber());
  }
  bool number_unsigned(number_unsigned_t value) {
    return put(uint64_t{value});
  }
  bool number_float(number_float_t, const string_t&) {
    return put(Json::OtherNumber());
  }
  bool string(string_t& value) {
    return put(std::move(value));
  }
  bool binary(binary_t&) {
    return false;
  }
  bool start_object(size_t) {
    return open(Json::Members());
  }
  bool start_array(size_t) {
    return open(Json::List());
  }
  bool end_object() {
    open_.pop_back();
    return true;
  }
  bool end_array() {
    open_.pop_back();
    return true;
  }
  bool key(string_t& name) {
    auto& members = std::get<Json::Members>(open_.back()->value());
    if (members.size() == Json::kMostMembers) {
      return stop(
          refuse(Refusal::kTooLarge, fmt::format("an object has more than {} members", Json::kMostMembers)));
    }
    const bool known = std::ranges::any_of(members, [&](const auto& member) { return member.first == name; });
    if (known) {
      return stop(refuse(Refusal::kDuplicate, fmt::format("{} stands twice", policy::quoted(name))));
    }
    members.emplace_back(std::move(name), Json());
    return true;
  }
  bool parse_error(size_t at, const std::string&, const nlohmann::json::exception& error) {
    constexpr int kTooLargeANumber = 406;
    if (error.id == kTooLargeANumber) return stop(refuse(Refusal::kNumber, "a number is out of range"));
    return stop(refuse(Refusal::kJson, fmt::format("it is no JSON from byte {} on", at)));
  }

 private:
  bool stop(std::unexpected<Error> error) {
    wrong = std::move(error).error();
    return false;
  }

  Json* place(Json value) {
    if (open_.empty()) {
      root = std::move(value);
      return &root;
    }
    if (auto* const list = std::get_if<Json::List>(&open_.back()->value())) {
      return &list->emplace_back(std::move(value));
    }
    Json& member = std::get<Json::Members>(open_.back()->value()).back().second;
    member = std::move(value);
    return &member;
  }

  bool put(Json::Value value) {
    place(Json(std::move(value)));
    return true;
  }

  // What is open stays where it is: a list or an object grows only while nothing in it is open.
  bool open(Json::Value value) {
    if (open_.size() == Json::kDeepest) {
      return stop(refuse(Refusal::kNesting, fmt::format("it is nested more than {} deep", Json::kDeepest)));
    }
    open_.push_back(place(Json(std::move(value))));
    return true;
  }

  std::vector<Json*> open_;
};

}  // namespace

Result<Json> Json::parse(std::string_view text) {
  if (!policy::is_utf8(text)) return refuse(Refusal::kUtf8, "its JSON isn't UTF-8");
  Builder builder;
  const bool read = nlohmann::json::sax_parse(text, &builder);
  if (builder.wrong) return std::unexpected(*std::move(builder.wrong));
  if (!read) return refuse(Refusal::kJson, "it is no JSON");
  return std::move(builder.root);
}

Result<Members> Members::of(const Json& value, std::string_view what) {
  const auto* const members = std::get_if<Json::Members>(&value.value());
  if (members == nullptr) return refuse(Refusal::kType, fmt::format("{} is no object", what));
  return Members(*members, what);
}

const Json* Members::find(std::string_view name) const {
  const auto found = std::ranges::find(*members_, name, &std::pair<std::string, Json>::first);
  if (found == members_->end() || std::holds_alternative<std::monostate>(found->second.value()))
    return nullptr;
  return &found->second;
}

std::unexpected<Error> Members::wrong_type(std::string_view name, std::string_view wanted) const {
  return refuse(Refusal::kType, fmt::format("'{}' of {} is no {}", name, what_, wanted));
}

Result<std::string> Members::find_text(std::string_view name) const {
  const Json* const found = find(name);
  if (found == nullptr) return "";
  const auto* const text = std::get_if<std::string>(&found->value());
  if (text == nullptr) return wrong_type(name, "text");
  return *text;
}

Result<std::string> Members::text(std::string_view name) const {
  if (find(name) == nullptr) return refuse(Refusal::kMissing, fmt::format("{} has no '{}'", what_, name));
  return find_text(name);
}

Result<std::optional<uint64_t>> Members::find_number(std::string_view name) const {
  const Json* const found = find(name);
  if (found == nullptr) return std::nullopt;
  if (std::holds_alternative<Json::OtherNumber>(found->value())) {
    return refuse(Refusal::kNumber, fmt::format("'{}' of {} is out of range", name, what_));
  }
  const auto* const number = std::get_if<uint64_t>(&found->value());
  if (number == nullptr) return wrong_type(name, "number");
  return *number;
}

Result<std::optional<std::vector<std::string>>> Members::find_texts(std::string_view name) const {
  const Json* const found = find(name);
  if (found == nullptr) return std::nullopt;
  const auto* const list = std::get_if<Json::List>(&found->value());
  if (list == nullptr) return wrong_type(name, "list of texts");
  std::vector<std::string> texts;
  for (const Json& item : *list) {
    const auto* const text = std::get_if<std::string>(&item.value());
    if (text == nullptr) return wrong_type(name, "list of texts");
    texts.push_back(*text);
  }
  return texts;
}

}  // namespace berth::claims
