// SPDX-License-Identifier: Apache-2.0
#include "host/command.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <tuple>

#include "base/units.h"
#include "host/advice.h"
#include "host/berthing.h"
#include "host/lent.h"

namespace berth::host {

Result<CommandReport> run_command(const engine::Engine& engine, const engine::Module& module,
                                  const CommandRequest& request, Loop& loop) {
  const uint64_t memory = request.policy.limits.memory_bytes.value_or(kDefaultMemoryBytes);
  const MemoryShares shares = share_memory(memory);
  // What a guest that can't be stopped still uses is left to it.
  auto lent = std::make_unique<Lent>(request);
  const engine::Guest guest = BERTH_TRY(lent->guest(Use::kOnce));

  CommandReport report{.outcome = {},
                       .signal = std::nullopt,
                       .memory_limit_bytes = memory,
                       .memory_reserve_bytes = shares.reserve_bytes(),
                       .memory_refused_bytes = std::nullopt,
                       .storage = std::nullopt,
                       .network = {},
                       .content = std::nullopt,
                       .activity = std::nullopt,
                       .denials = {}};
  const auto began = std::chrono::steady_clock::now();
  const auto call = BERTH_TRY(engine.start(module, guest, [&report, &loop](engine::Outcome outcome) {
    // Moved into the loop's thread, which alone touches the report.
    loop.post([&report, &loop, outcome = std::move(outcome)] {
      report.outcome = outcome;
      loop.stop();
    });
  }));
  loop.on_signals({SIGINT, SIGTERM}, [&](int signal) {
    if (report.signal) std::_Exit(128 + signal);
    report.signal = signal;
    call->cancel();
  });
  loop.run();
  report.wall = std::chrono::steady_clock::now() - began;
  report.memory_peak_bytes = lent->budget.peak_bytes();
  report.memory_refused_bytes = lent->budget.refused_bytes();
  if (request.storage != nullptr) report.storage = request.storage->report();
  lent->traffic.close_day();
  report.network.connections = lent->traffic.connections();
  if (request.day != nullptr) report.network.day = request.day->use();
  if (lent->events != nullptr) {
    lent->events->close();
    report.activity = lent->events->told();
  }
  if (request.content != nullptr) report.content = lent->brought->read();
  report.denials = lent->denials.collect();
  report.denials_unlisted = lent->denials.unlisted();
  if (report.outcome.still_running) std::ignore = lent.release();
  return report;
}

std::string_view limit_name(engine::Limit limit) {
  switch (limit) {
    case engine::Limit::kMemory:
      return "memory";
    case engine::Limit::kCpuTime:
      return "cpu-time";
    case engine::Limit::kWall:
      return "deadline";
    case engine::Limit::kFuel:
      return "fuel";
    case engine::Limit::kHandles:
      return "handles";
    case engine::Limit::kStack:
      return "stack";
    case engine::Limit::kHostBuffers:
      return "host-buffers";
    case engine::Limit::kPlaces:
      return "places";
  }
  return "unknown";
}

std::string explain_limit(const CommandReport& report, const policy::Effective& effective) {
  const policy::Limits& limits = effective.policy.limits;
  const engine::Limit limit = report.outcome.limit;
  const auto line = [&](const std::string& used, const std::string& raise) {
    return fmt::format("limit: {}: {}; {}", limit_name(limit), used, raise);
  };
  const auto raised_by = [&](std::string_view name, const std::string& how) {
    return how_to_raise(effective, name, how);
  };
  const MemoryShares shares = share_memory(report.memory_limit_bytes);
  const std::string more_memory =
      raised_by("memory", "--memory " + exact_bytes(2 * report.memory_limit_bytes));
  switch (limit) {
    case engine::Limit::kMemory:
      return line(fmt::format("{} more than the {} that the module may have ({} are kept for its handles and "
                              "buffers on the host)",
                              format_bytes(report.memory_refused_bytes.value_or(shares.guest_bytes) +
                                           shares.reserve_bytes() - report.memory_limit_bytes),
                              format_bytes(report.memory_limit_bytes), format_bytes(shares.reserve_bytes())),
                  more_memory);
    case engine::Limit::kCpuTime: {
      const auto allowed = limits.cpu_time.value_or(std::chrono::nanoseconds(0));
      return line(
          fmt::format("used {} of {}", format_duration(report.outcome.cpu_used), format_duration(allowed)),
          raised_by("cpu.time", "--cpu-time " + exact_duration(2 * allowed)));
    }
    case engine::Limit::kWall: {
      const auto allowed = limits.wall.value_or(std::chrono::nanoseconds(0));
      return line(fmt::format("{} have passed of {}", format_duration(report.wall), format_duration(allowed)),
                  raised_by("wall", "--wall " + exact_duration(2 * allowed)));
    }
    case engine::Limit::kFuel: {
      const uint64_t allowed = limits.cpu_fuel.value_or(0);
      return line(fmt::format("all {} instructions are used", allowed),
                  raised_by("cpu.fuel", fmt::format("--limit cpu.fuel={}", 2 * allowed)));
    }
    case engine::Limit::kHandles:
      return line(fmt::format("more than {} open handles, which is what {} of memory give", shares.handles,
                              format_bytes(report.memory_limit_bytes)),
                  more_memory);
    case engine::Limit::kStack:
      return line("calls nest deeper than the 1 MiB of stack that guest code has",
                  "it can't be raised: look for an endless recursion");
    case engine::Limit::kHostBuffers:
      if (share_memory(2 * report.memory_limit_bytes).host_buffer_bytes == shares.host_buffer_bytes) {
        return line(fmt::format("one call between guest and host carries more than {}",
                                format_bytes(shares.host_buffer_bytes)),
                    "it can't be raised: carry it in several");
      }
      return line(
          fmt::format("one call between guest and host carries more than {}, which is what {} of memory give",
                      format_bytes(shares.host_buffer_bytes), format_bytes(report.memory_limit_bytes)),
          more_memory);
    case engine::Limit::kPlaces:
      return line("this process has no place left for an instance", "try again when others have ended");
  }
  return "";
}

}  // namespace berth::host
