// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is said of a guest's run when it has ended: to a person, or as JSON. Main thread only.

#include <string>
#include <string_view>

#include "cli/guest_options.h"
#include "cli/guest_run.h"
#include "host/command.h"

namespace berth::cli {

/// One JSON object on one line. `more` are members of it: "" or ",\"name\":value".
std::string report_text(const host::CommandReport& report, const GuestOptions& options, const Ready& ready,
                        std::string_view more);

/// On standard error: what was denied, which limits were met or are near, how it ended, and what it used
/// where that is asked for.
void say_report(const host::CommandReport& report, const GuestOptions& options, const Ready& ready);

}  // namespace berth::cli
