// SPDX-License-Identifier: Apache-2.0
#include "providers/content/car_out.h"

#include "providers/content/car.h"
#include "providers/content/walk.h"

namespace berth::content {

Result<CarWritten> write_car(BlockSource& source, const Cid& root, const WriteAll& write) {
  CarWritten written;
  BERTH_TRY_VOID(write(car_header({root})));
  const auto each = [&](const Cid& cid, std::string_view bytes) -> Result<void> {
    if (is_inline(cid)) return {};
    BERTH_TRY_VOID(write(car_section(cid, bytes.size())));
    ++written.blocks;
    written.block_bytes += bytes.size();
    return write(bytes);
  };
  BERTH_TRY_VOID(walk(source, root, {}, each));
  return written;
}

}  // namespace berth::content
