// SPDX-License-Identifier: Apache-2.0
#include "engine/activity.h"

#include <utility>

#include "berth_engine.h"
#include "engine/abi_values.h"
#include "engine/fiber_stack.h"

namespace berth::engine {
namespace {

extern "C" int32_t berth_on_tell(void* context, int32_t kind, berth_slice message,
                                 berth_slice* words) noexcept {
  const FiberStack stack;
  // What the engine is told stays until it asks again here.
  static thread_local std::string told;
  auto refused = static_cast<ActivityKeeper*>(context)->tell(static_cast<ActivityKind>(kind), view(message));
  if (!refused) return 0;
  told = std::move(refused->words);
  *words = slice(told);
  return static_cast<int32_t>(refused->why);
}

}  // namespace

berth_activity activity_abi(ActivityKeeper* keeper) {
  return {.tell = berth_on_tell, .context = keeper};
}

}  // namespace berth::engine
