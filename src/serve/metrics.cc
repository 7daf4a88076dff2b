// SPDX-License-Identifier: Apache-2.0
#include "serve/metrics.h"

#include <fmt/format.h>

#include <functional>
#include <iterator>

#include "engine/guest.h"
#include "host/command.h"
#include "policy/printable.h"

namespace berth::serve {
namespace {

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

double seconds(uint64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

/// As the format has it between double quotes.
std::string label_value(std::string_view text) {
  std::string escaped;
  for (const char c : policy::printable(text)) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// The text as it grows, a family after the other.
class Exposition {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  /// `labels` are whole: `code="2xx"`; `suffix` is of a histogram's parts.
  template <class Value>
  void sample(std::string_view labels, Value value, std::string_view suffix = "") {
    fmt::format_to(std::back_inserter(text_), "{}{}", name_, suffix);
    if (!labels.empty()) fmt::format_to(std::back_inserter(text_), "{{{}}}", labels);
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
  }

  std::string take() {
    return std::move(text_);
  }

 private:
  std::string name_;
  std::string text_;
};

/// A module, and the label that says which.
struct Labelled {
  const ModuleFigures& figures;
  std::string label;
};

using Modules = std::vector<Labelled>;

void add_requests(Exposition& out, const Modules& modules) {
  out.family("berth_http_requests_total", "counter", "Requests to a module that have ended, by status.");
  for (const Labelled& module : modules) {
    for (size_t i = 0; i < host::kStatusClasses; ++i)
      out.sample(fmt::format("{},code=\"{}xx\"", module.label, i + 1), module.figures.counted.requests[i]);
  }
}

void add_durations(Exposition& out, const Modules& modules) {
  out.family("berth_http_request_duration_seconds", "histogram",
             "From a request's head to the end of its answer, with the time in the queue.");
  for (const auto& [figures, label] : modules) {
    uint64_t all = 0;
    for (size_t i = 0; i < host::kDurationBounds.size(); ++i) {
      all += figures.counted.durations[i];
      out.sample(fmt::format("{},le=\"{}\"", label, seconds(host::kDurationBounds[i])), all, "_bucket");
    }
    all += figures.counted.durations.back();
    out.sample(fmt::format("{},le=\"+Inf\"", label), all, "_bucket");
    out.sample(label, seconds(figures.counted.duration_ns), "_sum");
    out.sample(label, all, "_count");
  }
}

void add_limits(Exposition& out, const Modules& modules) {
  out.family("berth_limit_hits_total", "counter", "Requests that a limit ended, by limit.");
  for (const Labelled& module : modules) {
    for (size_t i = 0; i < host::kLimitKinds; ++i) {
      const auto limit = host::limit_name(static_cast<engine::Limit>(i + 1));
      out.sample(fmt::format("{},limit=\"{}\"", module.label, limit), module.figures.counted.limited[i]);
    }
  }
}

/// A family of one sample for each module.
struct Plain {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::function<std::string(const ModuleFigures&)> value;
};

template <class Of>
auto text_of(Of of) {
  return [of](const ModuleFigures& figures) { return fmt::format("{}", of(figures)); };
}

const std::vector<Plain>& plain_families() {
  const auto counted = [](uint64_t host::Counted::* number) {
    return text_of([number](const ModuleFigures& figures) { return figures.counted.*number; });
  };
  const auto memory = [](uint64_t host::MemoryUse::* number) {
    return text_of([number](const ModuleFigures& figures) { return figures.memory.*number; });
  };
  using host::Counted;
  using host::MemoryUse;
  static const std::vector<Plain> families{
      {"berth_http_turned_away_total", "counter",
       "Requests answered with 503: the queue was full, or no place came free in time.",
       counted(&Counted::turned_away)},
      {"berth_http_request_body_bytes_total", "counter", "Bytes of requests' bodies that guests have read.",
       counted(&Counted::received_bytes)},
      {"berth_http_response_body_bytes_total", "counter", "Bytes of answers' bodies.",
       counted(&Counted::sent_bytes)},
      {"berth_cpu_seconds_total", "counter", "CPU time of guests that have ended.",
       text_of([](const ModuleFigures& figures) { return seconds(figures.counted.cpu_ns); })},
      {"berth_traps_total", "counter", "Guests that trapped.", counted(&Counted::trapped)},
      {"berth_denials_total", "counter", "What guests asked for and no grant opens.",
       counted(&Counted::denials)},
      {"berth_instances", "gauge", "Instances that answer a request now.", counted(&Counted::instances)},
      {"berth_queue_length", "gauge", "Requests that wait for a place now.", counted(&Counted::waiting)},
      {"berth_memory_bytes", "gauge", "Memory of all instances.", memory(&MemoryUse::used_bytes)},
      {"berth_memory_peak_bytes", "gauge", "The most that it was, of this version.",
       memory(&MemoryUse::peak_bytes)},
      {"berth_memory_limit_bytes", "gauge",
       "The most that it may be: the limit, without what the host keeps for the instances.",
       memory(&MemoryUse::limit_bytes)},
  };
  return families;
}

void add_process(Exposition& out, const host::Counted& lost, const ProcessFigures& process) {
  out.family("berth_http_unrouted_requests_total", "counter",
             "Requests that went to no module: without a route, or without sense.");
  for (size_t i = 0; i < host::kStatusClasses; ++i)
    out.sample(fmt::format("code=\"{}xx\"", i + 1), lost.requests[i]);
  out.family("berth_connections", "gauge", "Connections of clients now.");
  out.sample("", process.connections);
  out.family("berth_access_log_dropped_total", "counter", "Requests that are missing in the access log.");
  out.sample("", process.access_dropped);
  out.family("berth_build_info", "gauge", "1, and which berth this is.");
  out.sample(fmt::format("version=\"{}\",engine=\"wasmtime {}\"", label_value(process.version),
                         label_value(process.engine)),
             1);
  out.family("process_start_time_seconds", "gauge", "When this process began, since 1970.");
  out.sample("", seconds(process.since.time_since_epoch()));
  if (process.cpu_time) {
    out.family("process_cpu_seconds_total", "counter", "CPU time of this process.");
    out.sample("", seconds(*process.cpu_time));
  }
  if (process.resident_bytes) {
    out.family("process_resident_memory_bytes", "gauge", "Resident memory of this process.");
    out.sample("", *process.resident_bytes);
  }
}

}  // namespace

std::string metrics_text(const std::vector<ModuleFigures>& modules, const host::Counted& lost,
                         const ProcessFigures& process) {
  Modules labelled;
  for (const ModuleFigures& figures : modules)
    labelled.push_back({figures, fmt::format("module=\"{}\"", label_value(figures.name))});
  Exposition out;
  add_requests(out, labelled);
  add_durations(out, labelled);
  add_limits(out, labelled);
  for (const Plain& family : plain_families()) {
    out.family(family.name, family.type, family.help);
    for (const Labelled& module : labelled) out.sample(module.label, family.value(module.figures));
  }
  add_process(out, lost, process);
  return out.take();
}

}  // namespace berth::serve
