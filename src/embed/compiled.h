// SPDX-License-Identifier: Apache-2.0
#pragma once
// A compiled module as bytes that a program may keep. A sum over them tells damage from what was written; it
// tells nothing of who wrote it.
//
// Pure; any thread.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "engine/engine.h"

namespace berth::embed {

struct Compiled {
  engine::EngineKind kind;
  engine::Image image;
  Digest module;      // of what was compiled
  std::string token;  // that was held against it; empty: it has none
};

std::vector<std::byte> to_bytes(const Compiled& compiled);

/// kInvalidModule when it is no such thing, is damaged, or is of another version of berth.
Result<Compiled> read_compiled(std::string_view bytes);

}  // namespace berth::embed
