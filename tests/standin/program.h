// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a guest of the stand-in engine does: words instead of WebAssembly, a statement after the other, with
// ';' or a line's end between them.
//
//   exit N          ends with that status; so does the program's end, with 0
//   trap            traps
//   grow BYTES      draws from the budget, and ends with `limit: memory` when it refuses
//   knock PATH      asks to read a file that no grant covers; goes on, or exits with 1 when it stays refused
//   browse COUNT    asks to read /etc/0, /etc/1 and so on, as quickly as it can, and goes on
//   work MICROSECONDS   uses CPU time
//   spin            uses CPU time without end
//   nap             waits without end
//   again           starts over
//
// So that the rooms' own tests run too, WebAssembly text is taken for what its words suggest: "(memory" grows
// by a page, "(loop" spins, "unreachable" traps. Anything else is no module.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::standin {

enum class Verb { kExit, kTrap, kGrow, kKnock, kBrowse, kWork, kSpin, kNap, kAgain };

struct Statement {
  Verb verb = Verb::kExit;
  uint64_t number = 0;  // of exit, grow, browse and work
  std::string text;     // of knock
};

/// Nothing, if the bytes are no program.
std::optional<std::vector<Statement>> parse(std::string_view bytes);

}  // namespace berth::standin
