// SPDX-License-Identifier: Apache-2.0
#pragma once
// gzip, by zlib. Pure; safe on any thread.

#include <string>
#include <string_view>

namespace berth::otlp {

/// Empty when it can't be had: there is no memory for it.
std::string gzipped(std::string_view bytes);

}  // namespace berth::otlp
