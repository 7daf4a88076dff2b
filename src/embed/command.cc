// SPDX-License-Identifier: Apache-2.0
// Modules that are commands: their one call, whose result is an exit status.

#include <fmt/format.h>

#include "embed/parts.h"

namespace berth {
namespace {

using Ran = std::expected<void, std::monostate>;

// As `berth run` has it: the later one, where a module has both.
constexpr std::string_view kRuns[] = {"wasi:cli/run@0.3.0.run", "wasi:cli/run@0.2.0.run"};

}  // namespace

Result<int> Instance::run() {
  Result<size_t> run = fail(ErrorCode::kNotFound, "");
  for (const std::string_view name : kRuns) {
    if (!run && run.error().code == ErrorCode::kNotFound) run = bind(name, detail::function_type<Ran>());
  }
  if (!run && run.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' is no command, it exports no 'wasi:cli/run' of version 0.2 or 0.3: "
                            "Module::functions() lists what it exports",
                            parts_->module->parts_->name));
  }
  if (!run) return std::unexpected(std::move(run).error());
  detail::Taken<Ran> taken;
  embed::Calling calling(detail::Taken<Ran>::take, &taken, resources());
  auto called = parts_->call(*run, {}, calling);
  const auto& failure = calling.failure();
  // Of an instance that is over the engine says how that came about, which is no run.
  if (!calling.over_before() && failure && failure->ending == engine::Outcome::Ending::kExited)
    return failure->exit_status;
  if (!called) return std::unexpected(std::move(called).error());
  return taken.value->has_value() ? 0 : 1;
}

Call<int> Instance::start_run() {
  auto run = [self = shared_from_this()] { return self->run(); };
  auto started = std::make_shared<detail::StartedBy<int, decltype(run)>>(shared_from_this(), std::move(run));
  start(started);
  return Call<int>(std::move(started));
}

}  // namespace berth
