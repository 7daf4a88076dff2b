// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a module of the store imports and exports, written down beside it once it was read: facts/HEX.json.
// Made anew from the module where it is missing.
//
// Blocks on files, and on the process that reads modules. Any thread.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "claims/signed_module.h"
#include "registry/store.h"

namespace berth::registry {

/// Whose word a token is, and for what: keys as text, grants in their notation.
struct Signer {
  std::string account;
  std::string operator_key;  // whose word about the account is in it; empty: nobody's
  std::vector<std::string> grants;

  bool operator==(const Signer&) const = default;
};

Signer signer_of(const claims::Chain& chain);

struct Facts {
  bool component = true;
  std::vector<std::string> imports;  // "wasi:cli/stdin@0.2.6"; of a core module "module name"
  std::vector<std::string> exports;
  std::vector<std::string> needs;  // the capabilities that the imports amount to: "http.out"
  std::string wrong;               // why it can't be read; empty: it can
  std::optional<Signer> signer;    // by its token

  bool operator==(const Facts&) const = default;
};

/// Reads a module that nobody trusts: in a process of its own.
using Describe = std::function<Facts(std::string_view module_bytes)>;

std::string write_facts(const Facts& facts);
std::optional<Facts> read_facts(std::string_view json);

/// Those that are written down, or are now; nothing when the module isn't there whole.
std::optional<Facts> facts_of(const Store& store, const Digest& module, const Describe& describe);

}  // namespace berth::registry
