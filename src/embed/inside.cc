// SPDX-License-Identifier: Apache-2.0
#include "embed/inside.h"

namespace berth::embed {
namespace {

thread_local const Inside* innermost = nullptr;

}  // namespace

Inside::Inside(const detail::Resources* of) : of_(of), outer_(innermost) {
  innermost = this;
}

Inside::~Inside() {
  innermost = outer_;
}

bool Inside::of(const detail::Resources& instance) {
  for (const Inside* at = innermost; at != nullptr; at = at->outer_) {
    if (at->of_ == &instance) return true;
  }
  return false;
}

bool Inside::any() {
  for (const Inside* at = innermost; at != nullptr; at = at->outer_) {
    if (at->of_ != nullptr) return true;
  }
  return false;
}

}  // namespace berth::embed
