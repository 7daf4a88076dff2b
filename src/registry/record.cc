// SPDX-License-Identifier: Apache-2.0
#include "registry/record.h"

#include "registry/name.h"
#include "web/foreign_json.h"

namespace berth::registry {
namespace {

using nlohmann::json;

constexpr size_t kDeepest = 8;

template <class T>
T member(const json& object, const char* name, bool (json::*is)() const noexcept) {
  const auto found = object.find(name);
  return found != object.end() && ((*found).*is)() ? found->get<T>() : T();
}

}  // namespace

std::string write_record(const Record& record) {
  json whole = {{"name", record.name},
                {"module", record.module.text()},
                {"size", record.size},
                {"pulled", record.pulled},
                {"pinned", record.pinned},
                {"yanked", record.yanked},
                {"annotations", record.annotations}};
  if (record.manifest) whole["manifest"] = record.manifest->text();
  return whole.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Record> read_record(std::string_view text) {
  const json whole = web::parse_shallow(text, kDeepest);
  if (!whole.is_object()) return fail(ErrorCode::kInvalidArgument, "it is no JSON object");
  Record record{.name = web::text_of(whole, "name"),
                .manifest = parse_digest(web::text_of(whole, "manifest")),
                .size = member<uint64_t>(whole, "size", &json::is_number_unsigned),
                .pulled = member<int64_t>(whole, "pulled", &json::is_number_integer),
                .pinned = member<bool>(whole, "pinned", &json::is_boolean),
                .yanked = member<bool>(whole, "yanked", &json::is_boolean)};
  const auto module = parse_digest(web::text_of(whole, "module"));
  const auto name = parse_name(record.name);
  if (!module || !name || std::holds_alternative<FileName>(*name) || to_text(*name) != record.name)
    return fail(ErrorCode::kInvalidArgument, "it names no module");
  record.module = *module;
  if (const auto notes = whole.find("annotations"); notes != whole.end() && notes->is_object()) {
    for (const auto& [key, value] : notes->items()) {
      if (value.is_string()) record.annotations.emplace(key, value.get<std::string>());
    }
  }
  return record;
}

}  // namespace berth::registry
