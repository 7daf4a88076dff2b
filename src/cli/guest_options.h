// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `berth run` and `berth call` are told in the same words: what the guest gets, and how the run is
// reported.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/name_options.h"
#include "cli/verb.h"
#include "host/asked_policy.h"
#include "host/vouching.h"

namespace berth::cli {

struct GuestOptions {
  host::AskedPolicy policy;
  host::AskedTrust trust;
  NameOptions names;     // how MODULE is found
  std::string activity;  // where what it tells its owner goes: a file, or "-"; empty: nowhere
  bool json = false;
  bool report = false;
  bool quiet = false;
  bool no_cache = false;
  bool portable = false;
  std::vector<std::string> guards_off;  // only in builds with test switches
  bool shared = false;                  // the same
  std::string module;

  Style style() const {
    return json ? Style::kJson : Style::kText;
  }
};

/// What is asked for: grants and limits.
void add_policy_options(CLI::App& app, host::AskedPolicy& policy);
/// Whom to trust.
void add_trust_options(CLI::App& app, host::AskedTrust& trust);

/// Adds them all but MODULE. `options` outlives `app`.
void add_guest_options(CLI::App& app, GuestOptions& options);

}  // namespace berth::cli
