// SPDX-License-Identifier: Apache-2.0
#include "serve/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "engine/guest.h"
#include "host/command.h"
#include "policy/printable.h"
#include "web/web.h"

namespace berth::serve {
namespace {

using enum Family::Kind;
using Value = decltype(Sample::value);

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

double seconds(uint64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

Labels of_module(const ModuleFigures& figures) {
  return {{"module", figures.name}};
}

Labels of_module(const ModuleFigures& figures, std::string_view name, std::string value) {
  return {{"module", figures.name}, {name, std::move(value)}};
}

std::string status_class(size_t index) {
  return fmt::format("{}xx", index + 1);
}

using Modules = std::vector<ModuleFigures>;

Family requests(const Modules& modules) {
  Family family{.name = "berth_http_requests_total",
                .otlp = "berth.http.requests",
                .unit = "{request}",
                .help = "Requests to a module that have ended, by status."};
  for (const ModuleFigures& module : modules) {
    for (size_t i = 0; i < host::kStatusClasses; ++i)
      family.samples.push_back(
          {.labels = of_module(module, "code", status_class(i)), .value = module.counted.requests[i]});
  }
  return family;
}

Family durations(const Modules& modules) {
  Family family{.name = "berth_http_request_duration_seconds",
                .otlp = "http.server.request.duration",
                .unit = "s",
                .help = "From a request's head to the end of its answer, with the time in the queue.",
                .kind = kHistogram};
  for (const ModuleFigures& module : modules)
    family.samples.push_back({.labels = of_module(module),
                              .value = Durations{.counts = module.counted.durations,
                                                 .sum_seconds = seconds(module.counted.duration_ns)}});
  return family;
}

Family limits(const Modules& modules) {
  Family family{.name = "berth_limit_hits_total",
                .otlp = "berth.limit.hits",
                .unit = "{request}",
                .help = "Requests that a limit ended, by limit."};
  for (const ModuleFigures& module : modules) {
    for (size_t i = 0; i < host::kLimitKinds; ++i) {
      const auto limit = host::limit_name(static_cast<engine::Limit>(i + 1));
      family.samples.push_back(
          {.labels = of_module(module, "limit", std::string(limit)), .value = module.counted.limited[i]});
    }
  }
  return family;
}

/// What of content came for modules: a sample for the store where it gave anything, and for each gateway.
struct ContentFamily {
  Family family;
  std::function<Value(const content::Came&)> from_gateway;
  uint64_t content::Brought::* from_store = nullptr;
};

const std::vector<ContentFamily>& content_families() {
  using content::Brought;
  using content::Came;
  const auto whole = [](uint64_t Came::* number) {
    return [number](const Came& came) -> Value { return came.*number; };
  };
  const auto real = [](double Came::* number) {
    return [number](const Came& came) -> Value { return came.*number; };
  };
  static const std::vector<ContentFamily> families{
      {{"berth_content_blocks_total", "berth.content.blocks", "{block}",
        "Blocks of content for a module, by source: a gateway's host, or the store of this machine."},
       whole(&Came::blocks),
       &Brought::store_blocks},
      {{"berth_content_bytes_total", "berth.content.bytes", "By", "Bytes of these blocks."},
       whole(&Came::bytes),
       &Brought::store_bytes},
      {{"berth_content_requests_total", "berth.content.requests", "{request}", "Requests to gateways."},
       whole(&Came::requests)},
      {{"berth_content_answers_total", "berth.content.answers", "{answer}",
        "Answers of gateways that brought a block."},
       whole(&Came::answers)},
      {{"berth_content_first_byte_seconds_total", "berth.content.first_byte", "s",
        "From the request to the first block, of these answers together."},
       real(&Came::first_byte_seconds)},
      {{"berth_content_receive_seconds_total", "berth.content.receive", "s",
        "From the first block on, of these answers together."},
       real(&Came::seconds)},
      {{"berth_content_wrong_answers_total", "berth.content.wrong_answers", "{answer}",
        "Answers that weren't what was asked for: nobody got what was wrong of them."},
       whole(&Came::lies)},
  };
  return families;
}

// No host is called so.
constexpr const char* kThisMachine = "this machine";
constexpr const char* kOtherGateways = "other gateways";

/// Gateways of one host are one source: a URL's path may be somebody's secret.
std::vector<content::Came> by_host(const content::Brought& brought) {
  content::Tally hosts;
  for (content::Came came : brought.came) {
    came.from = came.from == content::Tally::kOthers ? kOtherGateways : web::authority_of(came.from);
    hosts.add(came);
  }
  return hosts.read().came;
}

void add_content(std::vector<Family>& all, const Modules& modules) {
  const auto any = [](const ModuleFigures& module) {
    return module.content.store_blocks > 0 || !module.content.came.empty();
  };
  if (std::ranges::none_of(modules, any)) return;
  for (const ContentFamily& one : content_families()) {
    all.push_back(one.family);
    std::vector<Sample>& samples = all.back().samples;
    for (const ModuleFigures& module : modules) {
      if (!any(module)) continue;
      if (one.from_store != nullptr)
        samples.push_back(
            {.labels = of_module(module, "source", kThisMachine), .value = module.content.*one.from_store});
      for (const content::Came& came : by_host(module.content))
        samples.push_back(
            {.labels = of_module(module, "source", came.from), .value = one.from_gateway(came)});
    }
  }
}

/// Of modules that told their owner anything.
void add_activity(std::vector<Family>& all, const Modules& modules) {
  Family family{.name = "berth_activity_events_total",
                .otlp = "berth.activity.events",
                .unit = "{event}",
                .help = "Events that a module told its owner, by kind; those left out are of kind dropped."};
  for (const ModuleFigures& module : modules) {
    const activity::Told& told = module.told;
    if (told.info + told.errors + told.jobs_completed + told.dropped == 0) continue;
    const auto add = [&](std::string_view kind, uint64_t number) {
      family.samples.push_back({.labels = of_module(module, "kind", std::string(kind)), .value = number});
    };
    add("info", told.info);
    add("error", told.errors);
    add("job-completed", told.jobs_completed);
    add("dropped", told.dropped);
  }
  if (!family.samples.empty()) all.push_back(std::move(family));
}

/// A family of one sample for each module.
struct Plain {
  Family family;
  std::function<Value(const ModuleFigures&)> value;
};

const std::vector<Plain>& plain_families() {
  using host::Counted;
  using host::MemoryUse;
  const auto counted = [](uint64_t Counted::* number) {
    return [number](const ModuleFigures& figures) -> Value { return figures.counted.*number; };
  };
  const auto memory = [](uint64_t MemoryUse::* number) {
    return [number](const ModuleFigures& figures) -> Value { return figures.memory.*number; };
  };
  static const std::vector<Plain> families{
      {{"berth_http_turned_away_total", "berth.http.turned_away", "{request}",
        "Requests answered with 503: the queue was full, or no place came free in time."},
       counted(&Counted::turned_away)},
      {{"berth_http_request_body_bytes_total", "berth.http.request.body", "By",
        "Bytes of requests' bodies that guests have read."},
       counted(&Counted::received_bytes)},
      {{"berth_http_response_body_bytes_total", "berth.http.response.body", "By",
        "Bytes of answers' bodies."},
       counted(&Counted::sent_bytes)},
      {{"berth_cpu_seconds_total", "berth.cpu", "s", "CPU time of guests that have ended."},
       [](const ModuleFigures& figures) -> Value { return seconds(figures.counted.cpu_ns); }},
      {{"berth_traps_total", "berth.traps", "{trap}", "Guests that trapped."}, counted(&Counted::trapped)},
      {{"berth_denials_total", "berth.denials", "{denial}", "What guests asked for and no grant opens."},
       counted(&Counted::denials)},
      {{"berth_instances", "berth.instances", "{instance}", "Instances that answer a request now.", kGauge},
       counted(&Counted::instances)},
      {{"berth_queue_length", "berth.queue.length", "{request}", "Requests that wait for a place now.",
        kGauge},
       counted(&Counted::waiting)},
      {{"berth_memory_bytes", "berth.memory", "By", "Memory of all instances.", kGauge},
       memory(&MemoryUse::used_bytes)},
      {{"berth_memory_peak_bytes", "berth.memory.peak", "By", "The most that it was, of this version.",
        kGauge},
       memory(&MemoryUse::peak_bytes)},
      {{"berth_memory_limit_bytes", "berth.memory.limit", "By",
        "The most that it may be: the limit, without what the host keeps for the instances.", kGauge},
       memory(&MemoryUse::limit_bytes)},
  };
  return families;
}

Family of_process(std::string_view name, std::string_view otlp, std::string_view unit, std::string_view help,
                  Family::Kind kind, Value value, Labels labels = {}) {
  return {.name = name,
          .otlp = otlp,
          .unit = unit,
          .help = help,
          .kind = kind,
          .samples = {{.labels = std::move(labels), .value = value}}};
}

void add_process(std::vector<Family>& all, const host::Counted& lost, const ProcessFigures& process) {
  Family unrouted{.name = "berth_http_unrouted_requests_total",
                  .otlp = "berth.http.unrouted_requests",
                  .unit = "{request}",
                  .help = "Requests that went to no module: without a route, or without sense."};
  for (size_t i = 0; i < host::kStatusClasses; ++i)
    unrouted.samples.push_back({.labels = {{"code", status_class(i)}}, .value = lost.requests[i]});
  all.push_back(std::move(unrouted));
  all.push_back(of_process("berth_connections", "berth.connections", "{connection}",
                           "Connections of clients now.", kGauge, process.connections));
  all.push_back(of_process("berth_access_log_dropped_total", "berth.access_log.dropped", "{request}",
                           "Requests that are missing in the access log.", kCounter, process.access_dropped));
  if (!process.otlp_dropped.empty()) {
    Family dropped{.name = "berth_otlp_dropped_total",
                   .otlp = "berth.otlp.dropped",
                   .unit = "{record}",
                   .help = "Records that didn't reach the collector of OpenTelemetry, by signal."};
    for (const auto& [signal, count] : process.otlp_dropped)
      dropped.samples.push_back({.labels = {{"signal", signal}}, .value = count});
    all.push_back(std::move(dropped));
  }
  all.push_back(of_process("berth_build_info", "", "", "1, and which berth this is.", kGauge, uint64_t{1},
                           {{"version", process.version}, {"engine", "wasmtime " + process.engine}}));
  all.push_back(of_process("process_start_time_seconds", "", "", "When this process began, since 1970.",
                           kGauge, seconds(process.since.time_since_epoch())));
  if (process.cpu_time)
    all.push_back(of_process("process_cpu_seconds_total", "process.cpu.time", "s",
                             "CPU time of this process.", kCounter, seconds(*process.cpu_time)));
  if (process.resident_bytes)
    all.push_back(of_process("process_resident_memory_bytes", "process.memory.usage", "By",
                             "Resident memory of this process.", kGauge, *process.resident_bytes));
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

/// `module="a.wasm",code="2xx"`.
std::string text_of(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ',';
    fmt::format_to(std::back_inserter(text), "{}=\"{}\"", name, label_value(value));
  }
  return text;
}

/// The text as it grows, a family after the other.
class Exposition {
 public:
  void add(const Family& family) {
    constexpr std::array<std::string_view, 3> kTypes{"counter", "gauge", "histogram"};
    name_ = family.name;
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name_, family.help, name_,
                   kTypes[static_cast<size_t>(family.kind)]);
    for (const Sample& sample : family.samples) {
      const std::string labels = text_of(sample.labels);
      if (const auto* whole = std::get_if<uint64_t>(&sample.value)) line(labels, *whole);
      if (const auto* real = std::get_if<double>(&sample.value)) line(labels, *real);
      if (const auto* durations = std::get_if<Durations>(&sample.value)) add(labels, *durations);
    }
  }

  std::string take() {
    return std::move(text_);
  }

 private:
  void add(const std::string& labels, const Durations& durations) {
    uint64_t all = 0;
    for (size_t i = 0; i < host::kDurationBounds.size(); ++i) {
      all += durations.counts[i];
      line(fmt::format("{},le=\"{}\"", labels, seconds(host::kDurationBounds[i])), all, "_bucket");
    }
    all += durations.counts.back();
    line(labels + ",le=\"+Inf\"", all, "_bucket");
    line(labels, durations.sum_seconds, "_sum");
    line(labels, all, "_count");
  }

  template <class Number>
  void line(const std::string& labels, Number number, std::string_view suffix = "") {
    fmt::format_to(std::back_inserter(text_), "{}{}", name_, suffix);
    if (!labels.empty()) fmt::format_to(std::back_inserter(text_), "{{{}}}", labels);
    fmt::format_to(std::back_inserter(text_), " {}\n", number);
  }

  std::string_view name_;
  std::string text_;
};

}  // namespace

std::vector<Family> families(const std::vector<ModuleFigures>& modules, const host::Counted& lost,
                             const ProcessFigures& process) {
  std::vector<Family> all{requests(modules), durations(modules), limits(modules)};
  for (const Plain& plain : plain_families()) {
    all.push_back(plain.family);
    for (const ModuleFigures& module : modules)
      all.back().samples.push_back({.labels = of_module(module), .value = plain.value(module)});
  }
  add_content(all, modules);
  add_activity(all, modules);
  add_process(all, lost, process);
  return all;
}

std::string metrics_text(const std::vector<Family>& families) {
  Exposition out;
  for (const Family& family : families) out.add(family);
  return out.take();
}

}  // namespace berth::serve
