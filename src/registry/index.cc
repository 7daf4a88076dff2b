// SPDX-License-Identifier: Apache-2.0
#include "registry/index.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>

#include "base/os/file.h"
#include "policy/policy.h"
#include "registry/name.h"

namespace berth::registry {
namespace {

namespace fs = std::filesystem;

constexpr int kVersion = 2;
constexpr int kPatience = 10'000;  // milliseconds, for another process
constexpr uint64_t kMostRecord = 1 << 20;
/// A folder that changed just now may change again within the same tick of its clock.
constexpr auto kSettled = std::chrono::seconds(2);

constexpr const char* kTables =
    "CREATE TABLE IF NOT EXISTS seen(file TEXT PRIMARY KEY, stamp INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS name(id INTEGER PRIMARY KEY, file TEXT UNIQUE, name TEXT, tag TEXT, module "
    "TEXT, yanked "
    "INTEGER, said TEXT, record TEXT);"
    "CREATE INDEX IF NOT EXISTS name_module ON name(module);"
    "CREATE TABLE IF NOT EXISTS module(id INTEGER PRIMARY KEY, digest TEXT UNIQUE, wrong TEXT, account TEXT, "
    "operator TEXT);"
    "CREATE TABLE IF NOT EXISTS interface(module INTEGER, exported INTEGER, name TEXT, version TEXT);"
    "CREATE INDEX IF NOT EXISTS interface_name ON interface(name, exported);"
    "CREATE INDEX IF NOT EXISTS interface_module ON interface(module);"
    "CREATE TABLE IF NOT EXISTS need(module INTEGER, capability TEXT);"
    "CREATE INDEX IF NOT EXISTS need_module ON need(module);"
    "CREATE TABLE IF NOT EXISTS vouched(module INTEGER, text TEXT);"
    "CREATE INDEX IF NOT EXISTS vouched_module ON vouched(module);"
    "CREATE TABLE IF NOT EXISTS folder(id INTEGER PRIMARY KEY, stamp INTEGER);";

std::unexpected<Error> base_error(sqlite3* base) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("the store's index: {}; removing index.db from the store's folder makes it "
                          "anew",
                          sqlite3_errmsg(base)));
}

/// One statement, with its values.
class Statement {
 public:
  Statement(sqlite3* base, const std::string& text) : base_(base) {
    sqlite3_prepare_v2(base, text.c_str(), static_cast<int>(text.size()), &statement_, nullptr);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() {
    sqlite3_finalize(statement_);
  }

  Statement& with(std::string_view text) {
    sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& with(int64_t number) {
    sqlite3_bind_int64(statement_, ++bound_, number);
    return *this;
  }
  /// False when there is no more row; an error also when it couldn't be prepared.
  Result<bool> row() {
    const int stepped = statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_);
    if (stepped == SQLITE_ROW) return true;
    if (stepped == SQLITE_DONE) return false;
    return base_error(base_);
  }
  Result<void> run() {
    std::ignore = BERTH_TRY(row());
    return {};
  }
  std::string text(int column) const {
    const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes == nullptr
               ? ""
               : std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
  }
  int64_t number(int column) const {
    return sqlite3_column_int64(statement_, column);
  }

 private:
  sqlite3* const base_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

Result<void> execute(sqlite3* base, const char* text) {
  if (sqlite3_exec(base, text, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return base_error(base);
}

/// When a file was last changed, in nanoseconds; 0 when it isn't there.
int64_t stamp_of(const fs::path& path) {
  std::error_code gone;
  const auto written = fs::last_write_time(path, gone);
  return gone ? 0 : std::chrono::duration_cast<std::chrono::nanoseconds>(written.time_since_epoch()).count();
}

bool is_settled(const fs::path& path) {
  std::error_code gone;
  const auto written = fs::last_write_time(path, gone);
  return !gone && fs::file_time_type::clock::now() - written > kSettled;
}

std::string tag_of(const Record& record) {
  const auto name = parse_name(record.name);
  const auto* const oci = name ? std::get_if<OciName>(&*name) : nullptr;
  return oci == nullptr ? "" : oci->tag;
}

/// What stands before the tag or the digest.
std::string_view repository_of(std::string_view name) {
  const size_t slash = name.rfind('/');
  return name.substr(0, name.find_first_of(":@#", slash == std::string_view::npos ? 0 : slash));
}

Version version_of(const Record& record) {
  return parse_version(tag_of(record)).value_or(Version());
}

/// What a person would look for beside the name.
std::string said_of(const Record& record) {
  std::string said;
  for (const char* const key : {"title", "description", "authors", "licenses", "source", "url"}) {
    const auto found = record.annotations.find(fmt::format("org.opencontainers.image.{}", key));
    if (found != record.annotations.end()) said += found->second + "\n";
  }
  return said;
}

/// `LIKE` with these characters as they are.
std::string like(std::string_view word) {
  std::string pattern = "%";
  for (const char c : word) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

Result<sqlite3*> open_base(const std::string& path) {
  sqlite3* base = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  if (sqlite3_open_v2(path.c_str(), &base, flags, nullptr) != SQLITE_OK) {
    auto error = base_error(base);
    sqlite3_close(base);
    return error;
  }
  sqlite3_busy_timeout(base, kPatience);
  // A kill leaves a journal that undoes what was half done. What a crash of the machine leaves may be spoilt:
  // then it is made anew.
  sqlite3_exec(base, "PRAGMA synchronous=OFF", nullptr, nullptr, nullptr);
  return base;
}

}  // namespace

Result<InterfaceName> parse_wanted(std::string_view text) {
  std::string plain(text);
  if (const size_t at = plain.find("@^"); at != std::string::npos) plain.erase(at + 1, 1);
  return parse_interface(plain);
}

Result<std::unique_ptr<Index>> Index::open(const Store& store) {
  const std::string path = store.folder() + "/index.db";
  for (const bool again : {false, true}) {
    auto base = open_base(path);
    if (base) {
      auto index = std::unique_ptr<Index>(new Index(&store, *base));
      if (index->make_tables()) return index;
    }
    std::error_code gone;
    if (!again) fs::remove(path, gone);
  }
  auto index = std::unique_ptr<Index>(new Index(&store, BERTH_TRY(open_base(":memory:"))));
  BERTH_TRY_VOID(index->make_tables());
  return index;
}

Result<std::unique_ptr<Index>> Index::of(const std::vector<Listed>& modules) {
  auto index = std::unique_ptr<Index>(new Index(nullptr, BERTH_TRY(open_base(":memory:"))));
  BERTH_TRY_VOID(index->make_tables());
  BERTH_TRY_VOID(execute(index->base_, "BEGIN"));
  for (const Listed& one : modules) {
    BERTH_TRY_VOID(index->add_name(one.record.name, one.record));
    if (!BERTH_TRY(index->knows(one.record.module)))
      BERTH_TRY_VOID(index->add_module(one.record.module, one.facts));
  }
  BERTH_TRY_VOID(execute(index->base_, "COMMIT"));
  return index;
}

Index::~Index() {
  sqlite3_close(base_);
}

Result<void> Index::make_tables() {
  int64_t version = 0;
  {
    Statement asked(base_, "PRAGMA user_version");
    if (BERTH_TRY(asked.row())) version = asked.number(0);
  }
  if (version == kVersion) return {};
  if (version != 0) return fail(ErrorCode::kUnavailable, "the store's index is another berth's");
  BERTH_TRY_VOID(execute(base_, kTables));
  return execute(base_, fmt::format("PRAGMA user_version={}", kVersion).c_str());
}

Result<void> Index::replace(const std::string& file, int64_t stamp, const Describe& describe) {
  BERTH_TRY_VOID(Statement(base_, "DELETE FROM name WHERE file=?").with(file).run());
  BERTH_TRY_VOID(Statement(base_, "INSERT OR REPLACE INTO seen VALUES(?,?)").with(file).with(stamp).run());
  const auto text = read_file(fmt::format("{}/names/{}", store_->folder(), file), kMostRecord);
  const auto record = text ? read_record(*text) : std::unexpected(text.error());
  if (!record) return {};
  BERTH_TRY_VOID(add_name(file, *record));
  if (BERTH_TRY(knows(record->module))) return {};
  const auto facts = facts_of(*store_, record->module, describe);
  if (!facts) return {};
  return add_module(record->module, *facts);
}

Result<bool> Index::knows(const Digest& module) const {
  return Statement(base_, "SELECT 1 FROM module WHERE digest=?").with(module.hex()).row();
}

Result<void> Index::add_name(const std::string& file, const Record& record) {
  return Statement(base_, "INSERT INTO name(file,name,tag,module,yanked,said,record) VALUES(?,?,?,?,?,?,?)")
      .with(file)
      .with(record.name)
      .with(tag_of(record))
      .with(record.module.hex())
      .with(int64_t{record.yanked})
      .with(said_of(record))
      .with(write_record(record))
      .run();
}

Result<void> Index::add_module(const Digest& digest, const Facts& facts) {
  const Signer signer = facts.signer.value_or(Signer());
  BERTH_TRY_VOID(Statement(base_, "INSERT INTO module(digest,wrong,account,operator) VALUES(?,?,?,?)")
                     .with(digest.hex())
                     .with(facts.wrong)
                     .with(signer.account)
                     .with(signer.operator_key)
                     .run());
  const int64_t module = sqlite3_last_insert_rowid(base_);
  for (const bool exported : {false, true}) {
    for (const std::string& interface : exported ? facts.exports : facts.imports) {
      const size_t at = std::min(interface.find('@'), interface.size());
      BERTH_TRY_VOID(Statement(base_, "INSERT INTO interface VALUES(?,?,?,?)")
                         .with(module)
                         .with(int64_t{exported})
                         .with(std::string_view(interface).substr(0, at))
                         .with(std::string_view(interface).substr(std::min(at + 1, interface.size())))
                         .run());
    }
  }
  for (const std::string& need : facts.needs)
    BERTH_TRY_VOID(Statement(base_, "INSERT INTO need VALUES(?,?)").with(module).with(need).run());
  for (const std::string& grant : signer.grants)
    BERTH_TRY_VOID(Statement(base_, "INSERT INTO vouched VALUES(?,?)").with(module).with(grant).run());
  return {};
}

Result<void> Index::bring_up_to_date(const Describe& describe, const std::function<void(size_t)>& progress) {
  const fs::path folder = store_->folder() + "/names";
  const int64_t stamp = stamp_of(folder);
  {
    Statement asked(base_, "SELECT stamp FROM folder WHERE id=1");
    if (BERTH_TRY(asked.row()) && asked.number(0) == stamp) return {};
  }
  const bool settled = is_settled(folder);
  BERTH_TRY_VOID(execute(base_, "BEGIN IMMEDIATE"));
  const auto work = [&]() -> Result<void> {
    std::map<std::string, int64_t> seen;
    Statement asked(base_, "SELECT file, stamp FROM seen");
    while (BERTH_TRY(asked.row())) seen.emplace(asked.text(0), asked.number(1));
    size_t looked_at = 0;
    std::error_code error;
    for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator();
         at.increment(error)) {
      const std::string file = at->path().filename().string();
      if (!file.ends_with(".json")) continue;
      if (progress) progress(++looked_at);
      const int64_t now = stamp_of(at->path());
      const auto known = seen.find(file);
      if (known == seen.end() || known->second != now) BERTH_TRY_VOID(replace(file, now, describe));
      if (known != seen.end()) seen.erase(known);
    }
    for (const auto& [file, ignored] : seen) {
      BERTH_TRY_VOID(Statement(base_, "DELETE FROM name WHERE file=?").with(file).run());
      BERTH_TRY_VOID(Statement(base_, "DELETE FROM seen WHERE file=?").with(file).run());
    }
    if (!seen.empty()) {
      for (const char* const table : {"interface", "need", "vouched"}) {
        const std::string text = fmt::format(
            "DELETE FROM {} WHERE module IN (SELECT id FROM module WHERE digest NOT IN (SELECT module FROM "
            "name))",
            table);
        BERTH_TRY_VOID(execute(base_, text.c_str()));
      }
      BERTH_TRY_VOID(execute(base_, "DELETE FROM module WHERE digest NOT IN (SELECT module FROM name)"));
    }
    return Statement(base_, "INSERT OR REPLACE INTO folder VALUES(1,?)").with(settled ? stamp : 0).run();
  };
  auto done = work();
  if (done) return execute(base_, "COMMIT");
  sqlite3_exec(base_, "ROLLBACK", nullptr, nullptr, nullptr);
  return done;
}

namespace {

/// The modules that have an interface which stands for the wanted one; their ids as SQL takes a list.
Result<std::string> modules_with(sqlite3* base, const InterfaceName& wanted, bool exported) {
  Statement asked(base, "SELECT module, version FROM interface WHERE name=? AND exported=?");
  asked.with(wanted.name).with(int64_t{exported});
  std::vector<int64_t> ids;
  while (BERTH_TRY(asked.row())) {
    const std::string text = asked.text(1);
    const auto version = text.empty() ? Version() : parse_version(text);
    if (version && stands_for({.name = wanted.name, .version = *version}, wanted))
      ids.push_back(asked.number(0));
  }
  return fmt::format("module.id IN ({})", fmt::join(ids, ","));
}

/// Whether what a module's token vouches for lies within these grants, as far as they are of capabilities
/// that it needs. Nobody vouches for one that has no token.
Result<bool> vouched_within(sqlite3* base, const Digest& module, const std::vector<policy::Grant>& most) {
  std::set<std::string> needs;
  Statement needed(base, "SELECT capability FROM need JOIN module ON module.id=need.module WHERE digest=?");
  needed.with(module.hex());
  while (BERTH_TRY(needed.row())) needs.insert(needed.text(0));
  std::erase_if(needs, [&](const std::string& need) {
    return std::ranges::none_of(
        most, [&](const policy::Grant& grant) { return capability_name(grant.capability) == need; });
  });
  if (needs.empty()) return true;
  Statement is_signed(base, "SELECT 1 FROM module WHERE digest=? AND account<>''");
  if (!BERTH_TRY(is_signed.with(module.hex()).row())) return false;
  policy::Policy vouched;
  Statement asked(base, "SELECT text FROM vouched JOIN module ON module.id=vouched.module WHERE digest=?");
  asked.with(module.hex());
  while (BERTH_TRY(asked.row())) {
    auto grant = policy::parse_grant(asked.text(0), "token", policy::Role::kOwner);
    if (!grant) return false;
    if (needs.contains(std::string(capability_name(grant->capability))))
      vouched.grants.push_back(*std::move(grant));
  }
  return intersect(vouched, policy::Bounds{.grants = most}).cuts.empty();
}

}  // namespace

Result<std::vector<Record>> Index::search(const Query& query) const {
  std::vector<std::string> conditions{"1"};
  std::vector<std::string> values;
  if (!query.yanked) conditions.emplace_back("name.yanked=0");
  for (const std::string& word : query.words) {
    conditions.emplace_back("(name.name LIKE ? ESCAPE '\\' OR name.said LIKE ? ESCAPE '\\')");
    values.insert(values.end(), 2, like(word));
  }
  for (const InterfaceName& wanted : query.exports)
    conditions.push_back(BERTH_TRY(modules_with(base_, wanted, true)));
  for (const InterfaceName& wanted : query.imports)
    conditions.push_back(BERTH_TRY(modules_with(base_, wanted, false)));
  if (query.needs_only) {
    std::string marks;
    for (const std::string& need : *query.needs_only) {
      marks += marks.empty() ? "?" : ",?";
      values.push_back(need);
    }
    conditions.push_back(
        fmt::format("module.wrong='' AND NOT EXISTS (SELECT 1 FROM need WHERE need.module=module.id AND "
                    "capability NOT IN ({}))",
                    marks));
  }
  if (query.signer) {
    conditions.emplace_back("? IN (module.account, module.operator)");
    values.push_back(*query.signer);
  }
  Statement asked(
      base_,
      fmt::format("SELECT name.record FROM name LEFT JOIN module ON module.digest=name.module WHERE {}",
                  fmt::join(conditions, " AND ")));
  for (const std::string& value : values) asked.with(value);
  std::vector<Record> found;
  while (BERTH_TRY(asked.row())) {
    auto record = read_record(asked.text(0));
    if (!record || (query.tag && !tag_fits(tag_of(*record), *query.tag))) continue;
    if (!query.within.empty() && !BERTH_TRY(vouched_within(base_, record->module, query.within))) continue;
    found.push_back(*std::move(record));
  }
  std::ranges::sort(found, [](const Record& left, const Record& right) {
    const auto repositories = repository_of(left.name) <=> repository_of(right.name);
    if (repositories != 0) return repositories < 0;
    const auto versions = compare(version_of(left), version_of(right));
    return versions != 0 ? versions > 0 : left.name < right.name;
  });
  return found;
}

}  // namespace berth::registry
