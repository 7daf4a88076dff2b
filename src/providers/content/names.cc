// SPDX-License-Identifier: Apache-2.0
#include "providers/content/names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/os/file.h"
#include "base/os/thread.h"
#include "base/unix_time.h"
#include "policy/printable.h"

namespace berth::content {
namespace {

constexpr int kMostNames = 4;  // that lead to another
constexpr std::string_view kRecordType = "application/vnd.ipfs.ipns-record";

/// The newer: a higher number, and of the same the one that is valid for longer.
bool is_newer(const IpnsRecord& one, const IpnsRecord& other) {
  return std::tie(one.sequence, one.valid_until) > std::tie(other.sequence, other.valid_until);
}

Result<std::string> record_of(Gateway& gateway, const Cid& name) {
  auto line = BERTH_TRY(gateway.line());
  const web::WebAnswer answer = BERTH_TRY(
      line->ask({.url = fmt::format("{}/ipns/{}?format=ipns-record", gateway.url(), name.text(Base::kBase36)),
                 .headers = {{"accept", std::string(kRecordType)}},
                 .most_bytes = kMostRecord}));
  if (answer.status == 404)
    return fail(ErrorCode::kNotFound, fmt::format("{} answers 404", web::shown(gateway.url())));
  if (answer.status != 200)
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} answers {}", web::shown(gateway.url()), answer.status));
  gateway.rest(std::move(line));
  return answer.body;
}

/// What one of several said.
struct Said {
  std::string who;
  Result<std::string> record = fail(ErrorCode::kCancelled, "it wasn't asked");
};

}  // namespace

std::string names_folder(const UserFolders& folders) {
  return folders.state + "/ipns";
}

bool is_name_path(std::string_view text) {
  return text.starts_with("ipns://") || text.starts_with("/ipns/");
}

Result<NamePath> parse_name_path(std::string_view text) {
  text.remove_prefix(text.starts_with("ipns://") ? 7 : 6);
  const std::string_view first = text.substr(0, text.find('/'));
  NamePath path;
  auto name = Cid::parse(first);
  // As peers were written before there were CIDs: the key's hash alone.
  if (const auto bytes = name ? Result<std::string>(fail(ErrorCode::kInvalidArgument, ""))
                              : from_multibase("z" + std::string(first))) {
    std::string_view rest = *bytes;
    if (auto hash = take_multihash(rest); hash && rest.empty())
      name = Cid::v1(Codec::kLibp2pKey, *std::move(hash));
  }
  if (!name && first.find('.') != std::string_view::npos)
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} is a name of DNS, which isn't looked up: write what its _dnslink says",
                            policy::quoted(first)));
  if (!name)
    return fail(name.error().code,
                fmt::format("{} is no name of IPNS: {}", policy::quoted(first), name.error().message));
  BERTH_TRY(ipns_key(*name));
  path.name = *std::move(name);
  text.remove_prefix(first.size());
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::string_view one = text.substr(0, text.find('/'));
    if (!one.empty()) path.names.emplace_back(one);
    text.remove_prefix(one.size());
  }
  return path;
}

std::string Names::path_of(const Cid& name) const {
  return fmt::format("{}/{}", options_.folder, name.text(Base::kBase36));
}

std::optional<Names::Found> Names::kept(const Cid& name, int64_t now) const {
  auto bytes = berth::read_file(path_of(name), kMostRecord);
  if (!bytes) return std::nullopt;
  auto record = read_ipns(*bytes, name, now);
  if (!record) return std::nullopt;
  return Found{.bytes = *std::move(bytes), .record = *std::move(record)};
}

/// While it lives no other process keeps a record.
Result<LockedFile> Names::alone() const {
  BERTH_TRY_VOID(make_private_folder(options_.folder));
  auto locked = BERTH_TRY(LockedFile::make(options_.folder + "/lock", LockedFile::Wait::kYes));
  return *std::move(locked);
}

/// Not over a newer one. Whoever calls is `alone`.
Result<void> Names::keep(const Cid& name, std::string_view record) const {
  const auto before = kept(name, 0);
  const IpnsRecord now = BERTH_TRY(read_ipns(record, name, 0));
  if (before && !is_newer(now, before->record)) return {};
  return write_file(path_of(name), std::array{record}, 0600, Durability::kSynced);
}

/// All at once. `now` 0 takes records whose time is over as well.
Names::Answers Names::ask(const Cid& name, int64_t now) const {
  std::vector<std::shared_ptr<Gateway>> gateways;
  if (options_.gateways != nullptr) gateways = options_.gateways->ranked();
  std::vector<Said> said(options_.routers.size() + gateways.size());
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < said.size(); ++i) {
      auto thread = start_thread([&, i] {
        Said& mine = said[i];
        if (i >= options_.routers.size()) {
          Gateway& gateway = *gateways[i - options_.routers.size()];
          mine = {.who = gateway.url(), .record = record_of(gateway, name)};
          return;
        }
        mine.who = options_.routers[i];
        auto router = Router::create(mine.who, options_.web);
        mine.record = router ? (*router)->record(name) : std::unexpected(router.error());
      });
      if (thread) {
        threads.push_back(*std::move(thread));
      } else {
        said[i] = {.who = "nobody was asked", .record = std::unexpected(thread.error())};
      }
    }
  }
  Answers answers;
  for (size_t i = 0; i < said.size(); ++i) {
    Said& one = said[i];
    const size_t a_router = i < options_.routers.size() ? 1 : 0;
    if (!one.record) {
      const ErrorCode code = one.record.error().code;
      // A router that keeps no names at all has none of this one.
      if (code == ErrorCode::kUnsupported) answers.routers += a_router;
      if (code == ErrorCode::kNotFound) {
        ++answers.answered;
        answers.routers += a_router;
      }
      answers.said.push_back(fmt::format("{}: {}", one.who, one.record.error().message));
      continue;
    }
    auto record = read_ipns(*one.record, name, now);
    if (!record) {
      answers.said.push_back(fmt::format("{}: its record isn't good: {}", one.who, record.error().message));
      continue;
    }
    ++answers.answered;
    answers.routers += a_router;
    answers.found.push_back({.bytes = *std::move(one.record), .record = *std::move(record)});
  }
  return answers;
}

Result<IpnsRecord> Names::resolve(const Cid& name) const {
  const int64_t now = unix_seconds();
  Answers answers = ask(name, now);
  auto before = kept(name, 0);
  std::optional<Found> best;
  for (Found& one : answers.found) {
    if (!best || is_newer(one.record, best->record)) best = std::move(one);
  }
  if (before && (!best || is_newer(before->record, best->record))) {
    // An older one than was seen already leads back: the one that is kept counts, while it is valid.
    auto still = kept(name, now);
    if (!still)
      return fail(
          ErrorCode::kDenied,
          fmt::format("the name {}: its newest record (number {}) is over, and nobody gives a newer one",
                      name.text(Base::kBase36), before->record.sequence));
    best = std::move(still);
  }
  if (!best)
    return fail(answers.answered > 0 ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                fmt::format("nobody says where the name {} leads to{}{}; --router URL or content.toml names "
                            "others to ask",
                            name.text(Base::kBase36), answers.said.empty() ? "" : ": ",
                            fmt::join(answers.said, "; ")));
  const auto alone = BERTH_TRY(this->alone());
  BERTH_TRY_VOID(keep(name, best->bytes));
  return best->record;
}

Result<IpnsRecord> Names::bring(const Cid& name, std::string_view record) const {
  BERTH_TRY(read_ipns(record, name, unix_seconds()));
  const auto alone = BERTH_TRY(this->alone());
  BERTH_TRY_VOID(keep(name, record));
  const std::string newest = BERTH_TRY(berth::read_file(path_of(name), kMostRecord));
  return read_ipns(newest, name, 0);
}

Result<ContentPath> Names::resolve(const NamePath& path) const {
  NamePath at = path;
  for (int i = 0; i < kMostNames; ++i) {
    const IpnsRecord record = BERTH_TRY(resolve(at.name));
    if (!is_name_path(record.value)) {
      ContentPath content = BERTH_TRY(parse_path(record.value));
      content.names.insert(content.names.end(), at.names.begin(), at.names.end());
      return content;
    }
    NamePath next = BERTH_TRY(parse_name_path(record.value));
    next.names.insert(next.names.end(), at.names.begin(), at.names.end());
    at = std::move(next);
  }
  return fail(ErrorCode::kInvalidArgument, fmt::format("the name {} leads through more than {} names",
                                                       path.name.text(Base::kBase36), kMostNames));
}

Result<Names::Published> Names::publish(std::string_view value, const std::array<uint8_t, 32>& public_key,
                                        const Sign& sign, std::chrono::seconds lifetime,
                                        std::chrono::seconds ttl) const {
  Published published{.name = ipns_name(public_key)};
  if (options_.routers.empty())
    return fail(ErrorCode::kInvalidArgument,
                "there is no router to publish to: name one with --router URL or in content.toml");
  const Answers answers = ask(published.name, 0);
  // Two that publish at once take two numbers.
  std::optional<LockedFile> alone = BERTH_TRY(this->alone());
  const auto before = kept(published.name, 0);
  // One that doesn't answer may have one; after a record, its number tells which is newer.
  if (!before && answers.found.empty() && answers.routers < options_.routers.size())
    return fail(ErrorCode::kUnavailable,
                fmt::format("not each router says what the name {} had before, so it could lead back: {}",
                            published.name.text(Base::kBase36), fmt::join(answers.said, "; ")));
  uint64_t sequence = before ? before->record.sequence : 0;
  for (const Found& one : answers.found) sequence = std::max(sequence, one.record.sequence);
  if (sequence == UINT64_MAX)
    return fail(ErrorCode::kLimit, "the name's last record has the highest number that there is");
  const bool is_first = !before && answers.found.empty();
  published.record = {.value = std::string(value),
                      .valid_until = ipns_time(unix_seconds() + lifetime.count()),
                      .sequence = is_first ? 0 : sequence + 1,
                      .ttl_nanoseconds = static_cast<uint64_t>(ttl.count()) * 1'000'000'000};
  const std::string record = make_ipns(published.record, sign);
  // First here: what was published is never told with that number again.
  BERTH_TRY_VOID(keep(published.name, record));
  alone.reset();
  for (const std::string& url : options_.routers) {
    const auto router = Router::create(url, options_.web);
    const auto put = router ? (*router)->put_record(published.name, record) : std::unexpected(router.error());
    if (put) {
      published.taken.push_back(url);
    } else {
      published.refused.emplace_back(url, put.error().message);
    }
  }
  if (!published.taken.empty()) return published;
  std::vector<std::string> why;
  for (const auto& [url, said] : published.refused) why.push_back(fmt::format("{}: {}", url, said));
  return fail(ErrorCode::kUnavailable, fmt::format("no router takes it: {}", fmt::join(why, "; ")));
}

}  // namespace berth::content
