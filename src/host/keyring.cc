// SPDX-License-Identifier: Apache-2.0
#include "host/keyring.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "base/leading_number.h"
#include "base/os/file.h"
#include "base/text_codes.h"
#include "claims/sealed.h"
#include "claims/sections.h"
#include "policy/nearest.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;
using claims::PublicKey;
using claims::Sealed;
using claims::Seed;

constexpr uint64_t kLargestKey = 4 << 10;
constexpr size_t kLongestName = 64;
constexpr std::string_view kKey = ".nk";
constexpr std::string_view kToken = ".jwt";
constexpr std::string_view kSealed = "berth sealed key 1";

Result<void> check_name(const std::string& name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool fits =
      !name.empty() && name.size() <= kLongestName && letter(name.front()) &&
      std::ranges::all_of(name, [&](char c) { return letter(c) || std::string_view("._-").contains(c); });
  if (fits) return {};
  return fail(ErrorCode::kInvalidArgument,
              "a key's name has letters, digits and, behind the first, '.', '_' and '-', at most 64 in all");
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

/// A file of lines with a word and its value.
std::string sealed_text(const PublicKey& key, const Sealed& sealed) {
  return fmt::format("{}\npublic {}\nsalt {}\nnonce {}\noperations {}\nmemory {}\nbox {}\n", kSealed,
                     key.text(), to_base64url(sealed.salt), to_base64url(sealed.nonce), sealed.operations,
                     sealed.memory_bytes, to_base64url(sealed.box));
}

struct SealedFile {
  PublicKey key;
  Sealed sealed;
};

Result<SealedFile> read_sealed(std::string_view text) {
  std::map<std::string_view, std::string_view> values;
  while (!text.empty()) {
    const std::string_view line = first_line(text);
    const size_t space = std::min(line.find(' '), line.size());
    values[line.substr(0, space)] = line.substr(std::min(space + 1, line.size()));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  const auto bytes = [&](const char* name) { return from_base64url(values[name]).value_or(""); };
  return SealedFile{.key = BERTH_TRY(claims::parse_public_key(values["public"])),
                    .sealed = {.salt = bytes("salt"),
                               .nonce = bytes("nonce"),
                               .operations = leading_number<uint64_t>(values["operations"]).value_or(0),
                               .memory_bytes = leading_number<uint64_t>(values["memory"]).value_or(0),
                               .box = bytes("box")}};
}

std::unexpected<Error> about(const std::string& path, const Error& error) {
  return fail(error.code, fmt::format("the key '{}': {}", path, error.message));
}

}  // namespace

std::string Keyring::path_of(const std::string& name, std::string_view ending) const {
  return fmt::format("{}/{}{}", folder_, name, ending);
}

Result<std::string> Keyring::read(const std::string& name) const {
  BERTH_TRY_VOID(check_name(name));
  const std::string path = path_of(name, kKey);
  std::error_code error;
  const fs::perms open_to_others = fs::perms::group_all | fs::perms::others_all;
  const fs::file_status status = fs::symlink_status(path, error);
  if (fs::exists(status) &&
      (!fs::is_regular_file(status) || (status.permissions() & open_to_others) != fs::perms::none)) {
    return fail(ErrorCode::kDenied,
                fmt::format("the key '{}' is open to other users: run 'chmod 600 {}', and make a new one if "
                            "somebody may have read it",
                            path, path));
  }
  auto text = read_file(path, kLargestKey);
  if (text || text.error().code != ErrorCode::kNotFound) return text;
  std::vector<std::string> names;
  if (const auto all = list()) {
    for (const KeyEntry& entry : *all) names.push_back(entry.name);
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  return fail(ErrorCode::kNotFound, fmt::format("there is no key '{}'{}", name,
                                                names.empty() ? ": 'berth keys new account NAME' makes one"
                                                              : policy::did_you_mean(name, known)));
}

Result<KeyEntry> Keyring::find(const std::string& name) const {
  std::string text = BERTH_TRY(read(name));
  std::error_code error;
  KeyEntry entry{.name = name,
                 .key = {},
                 .sealed = first_line(text) == kSealed,
                 .vouched = fs::exists(path_of(name, kToken), error),
                 .path = path_of(name, kKey)};
  if (entry.sealed) {
    const auto sealed = read_sealed(text);
    if (!sealed) return about(entry.path, sealed.error());
    entry.key = sealed->key;
    return entry;
  }
  const auto seed = Seed::parse(first_line(text));
  claims::wipe(text);
  if (!seed) return about(entry.path, seed.error());
  entry.key = seed->public_key();
  return entry;
}

Result<std::vector<KeyEntry>> Keyring::list() const {
  std::vector<KeyEntry> entries;
  std::error_code error;
  for (auto at = fs::directory_iterator(folder_, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (at->path().extension() != kKey) continue;
    // One that can't be read doesn't hide the others.
    if (auto entry = find(at->path().stem().string())) entries.push_back(*std::move(entry));
  }
  std::ranges::sort(entries, {}, &KeyEntry::name);
  return entries;
}

Result<KeyEntry> Keyring::add(const std::string& name, const Seed& seed,
                              const std::optional<std::string>& passphrase) const {
  BERTH_TRY_VOID(check_name(name));
  BERTH_TRY_VOID(make_private_folder(folder_));
  std::string text = seed.text();
  if (passphrase) {
    std::array<std::byte, 40> random{};
    random_bytes(random);
    const Sealed sealed = BERTH_TRY(claims::seal(text, *passphrase, random));
    claims::wipe(text);
    text = sealed_text(seed.public_key(), sealed);
  } else {
    text += '\n';
  }
  const std::string_view part = text;
  const auto written = write_new_file(path_of(name, kKey), {&part, 1}, 0600, Durability::kSynced);
  claims::wipe(text);
  if (!written && written.error().code == ErrorCode::kInvalidArgument) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("there is a key '{}' already, and none is written over: give another name", name));
  }
  if (!written) return std::unexpected(written.error());
  return find(name);
}

Result<Seed> Keyring::open(const std::string& name, const AskPassphrase& ask) const {
  std::string text = BERTH_TRY(read(name));
  const std::string path = path_of(name, kKey);
  if (first_line(text) != kSealed) {
    auto seed = Seed::parse(first_line(text));
    claims::wipe(text);
    if (!seed) return about(path, seed.error());
    return seed;
  }
  const auto file = read_sealed(text);
  if (!file) return about(path, file.error());
  std::string passphrase = BERTH_TRY(ask(name));
  auto secret = claims::unseal(file->sealed, passphrase);
  claims::wipe(passphrase);
  if (!secret) return about(path, secret.error());
  auto seed = Seed::parse(*secret);
  claims::wipe(*secret);
  if (!seed) return about(path, seed.error());
  if (seed->public_key() != file->key)
    return fail(ErrorCode::kDenied, fmt::format("the key '{}' is sealed under another key's name", path));
  return seed;
}

Result<std::optional<std::string>> Keyring::token(const std::string& name) const {
  auto text = read_file(path_of(name, kToken), claims::kLargestToken);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  return std::string(first_line(*text));
}

Result<std::string> Keyring::keep_token(const std::string& name, std::string_view token) const {
  BERTH_TRY_VOID(make_private_folder(folder_));
  std::string path = path_of(name, kToken);
  const std::string_view parts[] = {token, "\n"};
  BERTH_TRY_VOID(write_file(path, parts, 0600, Durability::kSynced));
  return path;
}

}  // namespace berth::host
