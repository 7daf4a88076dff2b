// SPDX-License-Identifier: Apache-2.0
#include "engine/wit.h"

#include "engine/abi_values.h"

namespace berth::engine {

Result<std::string> wit_world(const std::string& path, std::string_view name) {
  OwnedBytes world;
  OwnedBytes error;
  if (const int32_t code = berth_wit_world(slice(path), slice(name), world.out(), error.out()); code != 0) {
    return abi_error(code, error);
  }
  return std::string(world.view());
}

}  // namespace berth::engine
