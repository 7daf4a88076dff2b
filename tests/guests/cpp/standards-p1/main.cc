// SPDX-License-Identifier: Apache-2.0
// Asks the host every question of WASI preview 1 that has a documented answer.
//
// `standards-p1 CASE…` runs the named cases, `all` those that can share a process, `--list` prints each name
// with what it needs after a tab. What follows `--` is for the cases to look at. A case prints `ok NAME` or
// `FAIL NAME: expected X got Y`; any failure makes the exit status 1, an unknown name makes it 2.

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "check.h"
#include "fixture.h"

namespace {

const char* word(Need need) {
  switch (need) {
    case Need::kNothing:
      return "nothing";
    case Need::kBerth:
      return "berth";
    case Need::kAlone:
      return "alone";
  }
}

Cases all_cases() {
  Cases all;
  for (const auto& room : {file_cases, folder_cases, path_cases, descriptor_cases, permission_cases,
                           clock_cases, poll_cases, socket_cases, command_line_cases}) {
    for (Case& one : room()) all.push_back(std::move(one));
  }
  return all;
}

/// Runs one case and says how it went.
bool passes(const Case& one) {
  const Outcome mismatch = one.run();
  close_opened();
  if (mismatch) {
    std::printf("FAIL %s: expected %s got %s\n", one.name.c_str(), mismatch->expected.c_str(),
                mismatch->got.c_str());
  } else {
    std::printf("ok %s\n", one.name.c_str());
  }
  std::fflush(stdout);
  return !mismatch;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const std::vector<std::string> given(arguments + 1, arguments + argument_count);
  const std::vector<std::string> wanted(given.begin(), std::find(given.begin(), given.end(), "--"));
  const Cases cases = all_cases();
  if (wanted.empty()) {
    std::fprintf(stderr, "usage: standards-p1 --list | all | CASE… [-- ARGUMENT…]\n");
    return 2;
  }
  if (wanted[0] == "--list") {
    for (const Case& one : cases) std::printf("%s\t%s\n", one.name.c_str(), word(one.need));
    return 0;
  }
  const bool all = wanted[0] == "all";
  for (const std::string& name : wanted) {
    if (!all && std::none_of(cases.begin(), cases.end(), [&](const Case& one) { return one.name == name; })) {
      std::fprintf(stderr, "standards-p1: no case is called %s\n", name.c_str());
      return 2;
    }
  }
  int failed = 0;
  for (const Case& one : cases) {
    const bool runs =
        all ? one.need != Need::kAlone : std::find(wanted.begin(), wanted.end(), one.name) != wanted.end();
    if (runs && !passes(one)) failed = 1;
  }
  return failed;
}
