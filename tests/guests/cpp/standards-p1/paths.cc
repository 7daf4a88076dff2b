// SPDX-License-Identifier: Apache-2.0
// What every function that takes a path answers to a path it can't walk.

#include "check.h"
#include "fixture.h"

namespace {

enum class Kind { kLook, kLookAtLink, kChange, kChangeLink, kCreate };

/// A function that takes a path; one that takes two appears once for each, with a side.
struct PathFunction {
  std::string name;
  std::string side;
  Kind kind;
  __wasi_errno_t (*call)(Descriptor base, const char* path);

  std::string case_name(const std::string& code, const std::string& variant) const {
    return name + ":" + code + (side.empty() ? "" : ":" + side) + (variant.empty() ? "" : ":" + variant);
  }
};

std::string victim() {
  const std::string name = fresh_name();
  new_file(sandbox(), name);
  return name;
}

const std::vector<PathFunction>& functions() {
  static const std::vector<PathFunction> all = {
      {"path_open", "", Kind::kLook,
       [](Descriptor base, const char* path) {
         Descriptor opened;
         return try_open(base, path, {}, opened);
       }},
      {"path_filestat_get", "", Kind::kLook,
       [](Descriptor base, const char* path) {
         __wasi_filestat_t status;
         return __wasi_path_filestat_get(base, kFollow, path, &status);
       }},
      {"path_readlink", "", Kind::kLookAtLink,
       [](Descriptor base, const char* path) {
         uint8_t buffer[256];
         size_t used;
         return __wasi_path_readlink(base, path, buffer, sizeof buffer, &used);
       }},
      {"path_filestat_set_times", "", Kind::kChange,
       [](Descriptor base, const char* path) {
         return __wasi_path_filestat_set_times(base, kFollow, path, 0, 0, __WASI_FSTFLAGS_MTIM_NOW);
       }},
      {"path_remove_directory", "", Kind::kChangeLink, __wasi_path_remove_directory},
      {"path_unlink_file", "", Kind::kChangeLink, __wasi_path_unlink_file},
      {"path_link", "old", Kind::kChangeLink,
       [](Descriptor base, const char* path) {
         return __wasi_path_link(base, kNoFollow, path, sandbox(), fresh_name().c_str());
       }},
      {"path_rename", "old", Kind::kChangeLink,
       [](Descriptor base, const char* path) {
         return __wasi_path_rename(base, path, sandbox(), fresh_name().c_str());
       }},
      {"path_create_directory", "", Kind::kCreate, __wasi_path_create_directory},
      {"path_symlink", "", Kind::kCreate,
       [](Descriptor base, const char* path) { return __wasi_path_symlink("file", base, path); }},
      {"path_link", "new", Kind::kCreate,
       [](Descriptor base, const char* path) {
         return __wasi_path_link(sandbox(), kNoFollow, victim().c_str(), base, path);
       }},
      {"path_rename", "new", Kind::kCreate,
       [](Descriptor base, const char* path) {
         return __wasi_path_rename(sandbox(), victim().c_str(), base, path);
       }},
  };
  return all;
}

Case answering(const PathFunction& function, __wasi_errno_t code, const std::string& variant,
               const std::string& path) {
  return {function.case_name(errno_name(code), variant),
          [&function, code, path] { return answers(function.call(sandbox(), path.c_str()), code); }};
}

void add_cases(const PathFunction& function, Cases& cases) {
  const auto add = [&](__wasi_errno_t code, const char* variant, const std::string& path) {
    cases.push_back(answering(function, code, variant, path));
  };
  add(__WASI_ERRNO_NOENT, "parent", "missing/any");
  add(__WASI_ERRNO_NOENT, "empty-path", "");
  add(__WASI_ERRNO_NOTDIR, "", "file/any");
  add(__WASI_ERRNO_LOOP, "parent", "loop-one/any");
  add(__WASI_ERRNO_NAMETOOLONG, "", std::string(256, 'n'));
  add(__WASI_ERRNO_ACCES, "", "locked/any");
  add(__WASI_ERRNO_PERM, "dots", "../any");
  add(__WASI_ERRNO_PERM, "dots-inside", "dir/../../any");
  add(__WASI_ERRNO_PERM, "absolute", "/etc/any");
  add(__WASI_ERRNO_PERM, "link-outside", "link-outside/any");
  add(__WASI_ERRNO_PERM, "link-absolute", "link-absolute/any");
  if (function.kind != Kind::kCreate) add(__WASI_ERRNO_NOENT, "", "missing");
  if (function.kind == Kind::kLook || function.kind == Kind::kChange) {
    add(__WASI_ERRNO_NOENT, "dangling-link", "dangling");
    add(__WASI_ERRNO_LOOP, "", "loop-one");
    add(__WASI_ERRNO_PERM, "link-outside-at-the-end", "link-outside");
    add(__WASI_ERRNO_PERM, "link-absolute-at-the-end", "link-absolute");
    add(__WASI_ERRNO_NOTDIR, "slash-at-the-end", "file/");
  }
  cases.push_back({function.case_name("badf", ""),
                   [&function] { return answers(function.call(unopened(), "any"), __WASI_ERRNO_BADF); }});
  cases.push_back({function.case_name("notdir", "base"), [&function] {
                     return answers(function.call(open(sandbox(), "file"), "any"), __WASI_ERRNO_NOTDIR);
                   }});
  if (function.side == "new") return;  // making the old file would take the closed number
  cases.push_back({function.case_name("badf", "closed"), [&function] {
                     const Descriptor folder = scratch();
                     must(__wasi_fd_close(folder), "fd_close");
                     return answers(function.call(folder, "any"), __WASI_ERRNO_BADF);
                   }});
}

// Grants are read-only, or stand for what isn't granted.
void add_permission_cases(const PathFunction& function, Cases& cases) {
  if (!function.side.empty()) return;  // those would cross from one grant to another
  const bool looks = function.kind == Kind::kLook || function.kind == Kind::kLookAtLink;
  if (!looks) {
    const char* path = function.kind == Kind::kCreate ? "new" : "file";
    cases.push_back(
        {function.case_name("perm", "readonly"),
         [&function, path] { return answers(function.call(readonly(), path), __WASI_ERRNO_PERM); },
         Need::kBerth});
  }
  const __wasi_errno_t code = looks ? __WASI_ERRNO_NOENT : __WASI_ERRNO_PERM;
  cases.push_back({function.case_name(errno_name(code), "phantom"),
                   [&function, code] { return answers(function.call(phantom(), "etc/passwd"), code); },
                   Need::kBerth});
}

}  // namespace

Cases path_cases() {
  Cases cases;
  for (const PathFunction& function : functions()) {
    add_cases(function, cases);
    add_permission_cases(function, cases);
  }
  return cases;
}
