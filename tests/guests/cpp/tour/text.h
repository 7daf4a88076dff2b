// SPDX-License-Identifier: Apache-2.0
#pragma once
// Between C++'s strings and those of the bindings.

#include <string_view>

#include "tour.h"

/// Borrows the text: an import reads it during the call.
inline tour_string_t lent(std::string_view text) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())), text.size()};
}
