// SPDX-License-Identifier: Apache-2.0
#include "host/denial_log.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/os/file.h"

namespace berth::host {
namespace {

using nlohmann::json;

json to_json(const DenialRecord& record) {
  json denials = json::array();
  for (const Denial& denial : record.denials) {
    denials.push_back({{"capability", denial.capability},
                       {"operation", denial.operation},
                       {"target", denial.target},
                       {"method", denial.method},
                       {"rule", denial.rule},
                       {"suggestion", denial.suggestion},
                       {"line", denial.line},
                       {"count", denial.count},
                       {"probe", denial.probe},
                       {"party", policy::party_name(denial.party)}});
  }
  return {{"time", record.unix_seconds},
          {"module", record.module},
          {"digest", record.digest},
          {"unlisted", record.unlisted},
          {"denials", std::move(denials)}};
}

/// Nothing for a line that isn't a record; a member of the wrong kind is as good as absent.
std::optional<DenialRecord> from_line(std::string_view line) {
  const json value = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object() || !value.contains("denials") || !value["denials"].is_array()) return std::nullopt;
  const auto text = [](const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto number = [](const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
  };
  DenialRecord record{.unix_seconds = static_cast<int64_t>(number(value, "time")),
                      .module = text(value, "module"),
                      .digest = text(value, "digest"),
                      .denials = {},
                      .unlisted = number(value, "unlisted")};
  for (const json& entry : value["denials"]) {
    if (!entry.is_object()) continue;
    const auto probe = entry.find("probe");
    record.denials.push_back({.capability = text(entry, "capability"),
                              .operation = text(entry, "operation"),
                              .target = text(entry, "target"),
                              .method = text(entry, "method"),
                              .rule = text(entry, "rule"),
                              .suggestion = text(entry, "suggestion"),
                              .line = text(entry, "line"),
                              .count = number(entry, "count"),
                              .party = policy::party_named(text(entry, "party")),
                              .probe = probe != entry.end() && probe->is_boolean() && probe->get<bool>()});
  }
  return record;
}

Result<void> read_lines(const std::string& path, std::vector<DenialRecord>& records) {
  const auto text = read_file(path, 8 * DenialLog::kLargest);
  if (!text && text.error().code == ErrorCode::kNotFound) return {};
  if (!text) return std::unexpected(text.error());
  std::string_view rest = *text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (auto record = from_line(rest.substr(0, end))) records.push_back(std::move(*record));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

}  // namespace

Result<void> DenialLog::append(const DenialRecord& record) const {
  BERTH_TRY_VOID(make_private_folder(folder_));
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path(), error);
  if (!error && size > kLargest) std::filesystem::rename(path(), older_path(), error);
  // What a guest asked for may be any bytes: what isn't UTF-8 is replaced.
  return append_line(path(), to_json(record).dump(-1, ' ', false, json::error_handler_t::replace));
}

Result<std::vector<DenialRecord>> DenialLog::read() const {
  std::vector<DenialRecord> records;
  BERTH_TRY_VOID(read_lines(older_path(), records));
  BERTH_TRY_VOID(read_lines(path(), records));
  return records;
}

}  // namespace berth::host
