// SPDX-License-Identifier: Apache-2.0
#include "engine/content.h"

#include <utility>

#include "berth_engine.h"
#include "engine/abi_values.h"
#include "engine/fiber_stack.h"

namespace berth::engine {
namespace {

/// What the engine knows a job by.
struct Held {
  std::shared_ptr<ContentJob> job;
  ContentFault told;  // what the engine was told last
};

Held& held(void* ask) {
  return *static_cast<Held*>(ask);
}

extern "C" void* berth_on_content_begin(void* context, const berth_content_ask* ask,
                                        berth_waiter* waiter) noexcept try {
  auto owned = std::make_unique<Waiter>(waiter);
  auto made = std::make_unique<Held>();
  made->job = static_cast<ContentSource*>(context)->begin({.verb = static_cast<ContentAsk::Verb>(ask->verb),
                                                           .target = view(ask->target),
                                                           .more = view(ask->more),
                                                           .offset = ask->offset,
                                                           .length = ask->length,
                                                           .folder = ask->folder,
                                                           .follow = ask->follow},
                                                          std::move(owned));
  return made->job != nullptr ? made.release() : nullptr;
} catch (...) {
  return nullptr;  // out of memory
}

extern "C" int32_t berth_on_content_found(void* ask, berth_content_found* out) noexcept {
  const FiberStack stack;
  auto found = held(ask).job->found();
  if (!found) {
    held(ask).told = std::move(found.error());
    out->fault = static_cast<int32_t>(held(ask).told.why);
    out->words = slice(held(ask).told.words);
    return 2;
  }
  if (*found == nullptr) return 0;
  out->kind = static_cast<int32_t>((*found)->kind);
  out->size = (*found)->size;
  out->cid = slice((*found)->cid);
  out->link = slice((*found)->link);
  out->media_type = slice((*found)->media_type);
  return 1;
}

extern "C" int32_t berth_on_content_take(void* ask, berth_content_piece* out) noexcept {
  const FiberStack stack;
  std::string_view piece;
  auto taken = held(ask).job->take(piece);
  if (!taken) {
    held(ask).told = std::move(taken.error());
    out->fault = static_cast<int32_t>(held(ask).told.why);
    out->words = slice(held(ask).told.words);
    return 3;
  }
  if (*taken == ContentJob::Taken::kPiece) out->bytes = slice(piece);
  return static_cast<int32_t>(*taken);
}

extern "C" bool berth_on_content_write(void* ask, berth_slice bytes, berth_content_piece* out) noexcept {
  const FiberStack stack;
  auto failed = held(ask).job->write(view(bytes));
  if (!failed) return true;
  held(ask).told = *std::move(failed);
  out->fault = static_cast<int32_t>(held(ask).told.why);
  out->words = slice(held(ask).told.words);
  return false;
}

extern "C" void berth_on_content_finish(void* ask) noexcept {
  const FiberStack stack;
  held(ask).job->finish();
}

extern "C" void berth_on_content_end(void* ask) noexcept {
  const FiberStack stack;
  const std::unique_ptr<Held> last(static_cast<Held*>(ask));
  last->job->end();
}

}  // namespace

berth_content content_abi(ContentSource* source) {
  return {.begin = berth_on_content_begin,
          .found = berth_on_content_found,
          .take = berth_on_content_take,
          .write = berth_on_content_write,
          .finish = berth_on_content_finish,
          .end = berth_on_content_end,
          .context = source};
}

}  // namespace berth::engine
