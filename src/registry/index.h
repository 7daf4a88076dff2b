// SPDX-License-Identifier: Apache-2.0
#pragma once
// Finding modules by what they are called, import and export, and by who signed them: a table of all of them
// in SQLite.
//
// That of the store is made from its files and says nothing that they don't: it is brought up to date when
// the folder of names has changed, made anew when it is spoilt, and held in memory where it can't be written.
// That of what registries list lives in memory.
// One thread; other processes may have the same one.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/interface_name.h"
#include "base/result.h"
#include "policy/grant.h"
#include "registry/facts.h"
#include "registry/store.h"

struct sqlite3;

namespace berth::registry {

struct Query {
  std::vector<std::string> words;      // each in the name, or in what the manifest says of it
  std::optional<std::string> tag;      // exactly this, or a version that stands for it: "^1.2"
  std::vector<InterfaceName> exports;  // each is exported, by a version that stands for it
  std::vector<InterfaceName> imports;  // each is imported
  std::optional<std::vector<std::string>> needs_only;  // no capability but these
  std::vector<policy::Grant> within;  // and of theirs no more than this, by the module's token
  std::optional<std::string> signer;  // the key of its account, or of that one's operator
  bool yanked = false;                // those too
};

/// A module, and what is known of it.
struct Listed {
  Record record;
  Facts facts;
};

/// "shop:price/rule@^1.2" as "shop:price/rule@1.2" is: `^` says what is meant anyway.
Result<InterfaceName> parse_wanted(std::string_view text);

class Index {
 public:
  static Result<std::unique_ptr<Index>> open(const Store& store);
  static Result<std::unique_ptr<Index>> of(const std::vector<Listed>& modules);
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;
  ~Index();

  /// As the store's files are now. `describe` is asked for modules that nobody has read yet; `progress` hears
  /// how many names were looked at.
  Result<void> bring_up_to_date(const Describe& describe, const std::function<void(size_t)>& progress = {});

  /// By name, and of one repository the highest version first.
  Result<std::vector<Record>> search(const Query& query) const;

 private:
  Index(const Store* store, sqlite3* base) : store_(store), base_(base) {}
  Result<void> make_tables();
  Result<void> replace(const std::string& file, int64_t stamp, const Describe& describe);
  Result<bool> knows(const Digest& module) const;
  Result<void> add_name(const std::string& file, const Record& record);
  Result<void> add_module(const Digest& module, const Facts& facts);

  const Store* const store_;  // none: it is of no store
  sqlite3* const base_;
};

}  // namespace berth::registry
