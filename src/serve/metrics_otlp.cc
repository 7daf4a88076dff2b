// SPDX-License-Identifier: Apache-2.0
#include "serve/metrics_otlp.h"

#include <algorithm>
#include <array>
#include <deque>

#include "policy/printable.h"

namespace berth::serve {
namespace {

constexpr auto kBounds = [] {
  std::array<double, host::kDurationBounds.size()> seconds{};
  std::ranges::transform(host::kDurationBounds, seconds.begin(),
                         [](auto bound) { return std::chrono::duration<double>(bound).count(); });
  return seconds;
}();

/// What a label is called there.
std::string_view key_of(std::string_view label) {
  if (label == "module") return "berth.module";
  if (label == "code") return "berth.status_class";
  if (label == "limit") return "berth.limit";
  if (label == "kind") return "berth.activity.kind";
  if (label == "source") return "berth.content.source";
  if (label == "signal") return "berth.signal";
  return label;
}

otlp::Point point_of(const Sample& sample, std::deque<std::string>& texts) {
  otlp::Point point;
  for (const auto& [label, value] : sample.labels)
    point.attributes.push_back(
        {.key = key_of(label), .value = std::string_view(texts.emplace_back(policy::printable(value)))});
  if (const auto* whole = std::get_if<uint64_t>(&sample.value)) point.value = *whole;
  if (const auto* real = std::get_if<double>(&sample.value)) point.value = *real;
  if (const auto* durations = std::get_if<Durations>(&sample.value))
    point.value =
        otlp::Histogram{.bounds = kBounds, .counts = durations->counts, .sum = durations->sum_seconds};
  return point;
}

otlp::Metric::Kind kind_of(Family::Kind kind) {
  switch (kind) {
    case Family::Kind::kCounter:
      return otlp::Metric::Kind::kSum;
    case Family::Kind::kGauge:
      return otlp::Metric::Kind::kNow;
    case Family::Kind::kHistogram:
      return otlp::Metric::Kind::kHistogram;
  }
  return otlp::Metric::Kind::kNow;
}

}  // namespace

std::string metric_records(const std::vector<Family>& families, otlp::Time since, otlp::Time now) {
  std::string records;
  for (const Family& family : families) {
    if (family.otlp.empty()) continue;
    std::deque<std::string> texts;  // whose places stay
    std::vector<otlp::Point> points;
    for (const Sample& sample : family.samples) points.push_back(point_of(sample, texts));
    records += otlp::record_of(otlp::Metric{.name = family.otlp,
                                            .unit = family.unit,
                                            .description = family.help,
                                            .kind = kind_of(family.kind),
                                            .points = points},
                               since, now);
  }
  return records;
}

}  // namespace berth::serve
