// SPDX-License-Identifier: Apache-2.0
// What a program needs that has modules of its own files alone: nothing of servers and of the store comes
// with it.
#include <fmt/format.h>

#include "registry/origin.h"

namespace berth::registry {

Located located_file(const std::string& path) {
  return {.path = path, .name = module_name(path), .digest = {}, .record = {}};
}

Result<ModuleFile> read_located(const Located& located) {
  ModuleFile file = BERTH_TRY(read_module(located.path));
  file.name = located.name;
  if (!located.digest) return file;
  if (const Digest digest = file.digest(); digest != *located.digest) {
    return fail(
        ErrorCode::kInvalidModule,
        fmt::format(
            "what the store has of '{}' is spoilt: its bytes are {}, and not {}; 'berth pull' with its name "
            "brings it again",
            located.name, digest.text(), located.digest->text()));
  }
  return file;
}

}  // namespace berth::registry
