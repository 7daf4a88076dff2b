// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <utility>

#include "berth/channel.h"
#include "berth/channel_ends.h"
#include "berth/instance.h"
#include "berth/resource.h"

namespace berth::detail {

uint32_t Resources::add(std::shared_ptr<void> object, const void* of) {
  const std::lock_guard lock(mutex_);
  auto number = static_cast<uint32_t>(places_.size());
  if (free_.empty()) {
    // Room to free it, so that freeing can't fail.
    if (free_.capacity() <= places_.size()) free_.reserve(2 * places_.size() + 8);
    places_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  places_[number] = {.object = std::move(object), .of = of};
  return number;
}

const Resources::Place& Resources::find(uint32_t number, const void* of) const {
  if (number >= places_.size() || places_[number].of != of) {
    throw std::invalid_argument("the module gave a resource of another class");
  }
  return places_[number];
}

Resources::Place Resources::free(uint32_t number) noexcept {
  free_.push_back(number);
  return std::exchange(places_[number], Place());
}

void* Resources::get(uint32_t number, const void* of) const {
  const std::lock_guard lock(mutex_);
  return find(number, of).object.get();
}

std::shared_ptr<void> Resources::take(uint32_t number, const void* of) {
  const std::lock_guard lock(mutex_);
  static_cast<void>(find(number, of));
  return free(number).object;
}

void Resources::drop(uint32_t number) noexcept {
  Place gone;  // destroyed when others may come here again: its destructor might
  const std::lock_guard lock(mutex_);
  if (number < places_.size() && places_[number].of != nullptr) gone = free(number);
}

size_t Resources::count() const {
  const std::lock_guard lock(mutex_);
  return places_.size() - free_.size();
}

void Resources::expect(uint64_t word, std::shared_ptr<Channel> channel) {
  const std::lock_guard lock(mutex_);
  expected_.insert_or_assign(word, std::move(channel));
}

std::shared_ptr<Channel> Resources::expected(uint64_t word) {
  const std::lock_guard lock(mutex_);
  const auto found = expected_.extract(word);
  return found.empty() ? nullptr : std::move(found.mapped());
}

Held::~Held() {
  if (given_back_) return;
  if (const auto instance = instance_.lock()) instance->drop(word_);
}

void Held::lend(Writer& to) const {
  const auto& instance = to.resources().instance();
  const bool same = !instance_.owner_before(instance) && !instance.owner_before(instance_);
  if (!same) return to.refuse("a resource goes back to the instance that gave it, and to no other");
  if (given_back_) return to.refuse("the program has given this resource back already");
  to.put(word_);
}

void Held::give_back(Writer& to, const std::shared_ptr<Held>& held) {
  const auto& instance = to.resources().instance();
  const bool same = !held->instance_.owner_before(instance) && !instance.owner_before(held->instance_);
  if (!same) return to.refuse("a resource goes back to the instance that gave it, and to no other");
  if (held->given_back_.exchange(true)) return to.refuse("the program has given this resource back already");
  to.give_back(held->word_, held);
}

void Writer::hand_over_all() noexcept {
  more_->handed_over.clear();
  more_->given_back.clear();
}

void Writer::let_go() noexcept {
  // Its destructors may come back here.
  const auto gone = std::exchange(more_, nullptr);
  data_ = usual_;
  room_ = kUsual;
  for (const uint32_t number : gone->handed_over) resources_.drop(number);
  for (const uint32_t number : gone->lent) resources_.drop(number);
  for (const auto& held : gone->given_back) held->given_back_ = false;
  for (const auto& end : gone->ends) {
    if (!end->claimed_) end->given_ = false;
  }
}

}  // namespace berth::detail
