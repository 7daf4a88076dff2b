// SPDX-License-Identifier: Apache-2.0
#pragma once
// From a module's name to its file: one that is there, or one of the store, pulled first where that is
// wanted.
//
// Blocks on files and servers. Any thread; each call by itself.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "registry/lock_file.h"
#include "registry/module_file.h"
#include "registry/oci.h"
#include "registry/store.h"

namespace berth::registry {

/// Whether servers are asked: for what the store doesn't have, for everything, for nothing.
enum class Pull { kMissing, kAlways, kNever };
Result<Pull> parse_pull(std::string_view text);

struct OriginOptions {
  Pull pull = Pull::kMissing;
  std::optional<std::string> lock_file;  // names stand for what it says, and no others are taken
  std::string ca_file;                   // certificates to trust, in PEM, instead of this machine's
  bool pin = false;                      // stays when room is needed
  web::WebOptions web = {};              // `roots` are read from `ca_file`
  Transfer* transfer = nullptr;          // how far it is; perhaps nobody wants to know
  std::function<void(std::string_view)> told = {};  // what a person may want to know meanwhile
};

/// A module's file, which stays for as long as this lives.
struct Located {
  std::string path;
  std::string name;              // what a person calls it
  std::optional<Digest> digest;  // that its bytes have to have; none for a file
  std::optional<Record> record;  // of the name that it has in the store
  std::optional<Blob> held = {};
  bool fetched = false;  // bytes of it came just now
};

/// kNotFound, kDenied, kUnavailable, kInvalidModule or kLimit says what is wrong and what to do.
Result<Located> locate(const std::string& name, const OriginOptions& options);

/// Those for servers, with the certificates to trust. Blocks on their file.
Result<web::WebOptions> web_options(const OriginOptions& options);

/// A file by its path, whether or not it is there.
Located located_file(const std::string& path);

/// Its bytes. kInvalidModule when they aren't those that they have to be, and what to do; else as
/// `read_module`.
Result<ModuleFile> read_located(const Located& located);

}  // namespace berth::registry
