// SPDX-License-Identifier: Apache-2.0
#pragma once
// A directory as a page for browsers, a line for each entry; nothing of it runs.
//
// One thread.

#include <string>
#include <string_view>

#include "base/result.h"
#include "providers/content/tree.h"

namespace berth::serve {

/// The page's header `Content-Security-Policy`.
inline constexpr std::string_view kListingPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// `path` is the directory's own, as it was asked for, with a slash at its end.
Result<void> write_listing(content::BlockSource& blocks, const content::Node& directory,
                           const std::string& path, const content::WriteAll& write);

}  // namespace berth::serve
