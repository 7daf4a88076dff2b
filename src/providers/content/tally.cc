// SPDX-License-Identifier: Apache-2.0
#include "providers/content/tally.h"

#include <algorithm>
#include <utility>

namespace berth::content {

Brought& Brought::operator+=(const Brought& more) {
  Tally all;
  for (const std::vector<Came>* const part : {&std::as_const(came), &more.came})
    for (const Came& one : *part) all.add(one);
  came = all.read().came;
  store_blocks += more.store_blocks;
  store_bytes += more.store_bytes;
  return *this;
}

double first_byte_seconds(const Came& came) {
  return came.answers > 0 ? came.first_byte_seconds / static_cast<double>(came.answers) : 0;
}

double bytes_per_second(const Came& came) {
  return came.seconds > 0 ? static_cast<double>(came.bytes) / came.seconds : 0;
}

void Tally::add(const Came& more) {
  const std::lock_guard guard(lock_);
  auto same = std::ranges::find(all_.came, more.from, &Came::from);
  if (same == all_.came.end()) {
    const bool named = all_.came.size() < kMostNames;
    if (!named) same = std::ranges::find(all_.came, kOthers, &Came::from);
    if (same == all_.came.end())
      same = all_.came.insert(all_.came.end(), {.from = named ? more.from : kOthers, .dropped = {}});
  }
  same->requests += more.requests;
  same->answers += more.answers;
  same->blocks += more.blocks;
  same->bytes += more.bytes;
  same->first_byte_seconds += more.first_byte_seconds;
  same->seconds += more.seconds;
  same->lies += more.lies;
  // A lie is what is told of it, or else what it did first.
  if (same->dropped.empty() || more.lies > 0) same->dropped = more.dropped;
}

void Tally::add_stored(uint64_t bytes) {
  const std::lock_guard guard(lock_);
  ++all_.store_blocks;
  all_.store_bytes += bytes;
}

Brought Tally::read() const {
  const std::lock_guard guard(lock_);
  return all_;
}

}  // namespace berth::content
