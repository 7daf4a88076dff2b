// SPDX-License-Identifier: Apache-2.0
#pragma once
// What was counted, as a collector of OpenTelemetry reads it. Pure; safe on any thread.

#include <string>
#include <vector>

#include "otlp/message.h"
#include "serve/metrics.h"

namespace berth::serve {

/// Records for a request, counted since this process began.
std::string metric_records(const std::vector<Family>& families, otlp::Time since, otlp::Time now);

}  // namespace berth::serve
