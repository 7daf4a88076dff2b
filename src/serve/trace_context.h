// SPDX-License-Identifier: Apache-2.0
#pragma once
// The trace that a request belongs to, by the W3C's recommendation "Trace Context" of 2021.
//
// Pure; safe on any thread.

#include <string_view>

namespace berth::serve {

/// The trace's id in a header `traceparent`, 32 digits; empty when it isn't one that the recommendation
/// allows to use.
std::string_view trace_id(std::string_view traceparent);

}  // namespace berth::serve
