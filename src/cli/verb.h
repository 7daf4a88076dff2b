// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the verbs share: how they are called, how they speak, what they find on this machine.
//
// Each verb is one file and one function that is handed the command line after its own name and gives the
// process's exit status. Results go to standard output; everything about them goes to standard error, one
// line each, begun with "berth: ". Main thread only.

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/os/user.h"
#include "base/result.h"

namespace berth::cli {

using Arguments = std::vector<std::string>;

int run_verb(const Arguments& arguments);
int call_verb(const Arguments& arguments);
int serve_verb(const Arguments& arguments);
int inspect_verb(const Arguments& arguments);
int keys_verb(const Arguments& arguments);
int sign_verb(const Arguments& arguments);
int bindgen_verb(const Arguments& arguments);
int pull_verb(const Arguments& arguments);
int push_verb(const Arguments& arguments);
int list_verb(const Arguments& arguments);
int show_verb(const Arguments& arguments);
int rm_verb(const Arguments& arguments);
int gc_verb(const Arguments& arguments);
int verify_verb(const Arguments& arguments);
int search_verb(const Arguments& arguments);
int yank_verb(const Arguments& arguments);
int why_verb(const Arguments& arguments);
int ps_verb(const Arguments& arguments);
int top_verb(const Arguments& arguments);
int cache_verb(const Arguments& arguments);
int content_verb(const Arguments& arguments);
int volume_verb(const Arguments& arguments);
int doctor_verb(const Arguments& arguments);

/// The path of this program, to run it again.
void note_program(std::string argv0);
std::string program(bool portable);

enum class Style { kText, kJson };
constexpr Style style_of(bool as_json) {
  return as_json ? Style::kJson : Style::kText;
}

/// Prints an error, as a line or as a JSON object, on standard error; returns its exit status.
int report(const Error& error, Style style);

/// What a verb ends with: its exit status, or its error, reported.
int finish(const Result<int>& status, Style style);

/// Prints "berth: " and a line on standard error.
void say(std::string_view line);

/// Prints whole lines on standard error, behind a line that the guest left unfinished. A reader who stops
/// reading is waited for, but not for ever.
void tell(std::string_view lines);

/// What stands last on standard error isn't a whole line.
void note_unfinished_line();

/// Prints to standard output; an output that can't be written is an exit status, not a crash.
int print(std::string_view text);
int print_json(const nlohmann::json& value);

/// Seconds since 1970 as "2026-11-21 03:27:45" of this machine's time zone.
std::string local_time(int64_t unix_seconds);

}  // namespace berth::cli
