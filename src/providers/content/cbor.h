// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is looked at before CBOR is handed to its reader, which calls itself for each tag and for each piece
// of a string of indefinite length without telling anybody: foreign bytes would take the stack with them.
//
// Not what nests by arrays and maps: whoever listens to the reader bounds that. Pure; safe on any thread.

#include <string_view>

#include "base/result.h"

namespace berth::content {

/// All heads, one after the other. kInvalidArgument, which says where, for lengths that are indefinite or go
/// beyond the end, breaks, other tags than 42, and a 42 on something else than bytes: dag-cbor has none of
/// them.
Result<void> check_cbor_heads(std::string_view bytes);

}  // namespace berth::content
