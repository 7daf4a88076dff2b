// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include <utility>

#include "engine/abi_values.h"
#include "engine/lines.h"

namespace berth::engine {
namespace {

berth_engine_kind abi_kind(EngineKind kind) {
  return {.fuel = kind.fuel, .alone = kind.alone};
}

berth_needs abi_needs(const Needs& needs) {
  return {.instance_bytes = needs.instance_bytes,
          .concurrency = needs.concurrency,
          .error_contexts = needs.error_contexts};
}

}  // namespace

Result<Description> describe(std::string_view module_bytes) {
  OwnedBytes error;
  berth_description described = {};
  if (const int32_t code = berth_describe(slice(module_bytes), &described, error.out()); code != 0) {
    return abi_error(code, error);
  }
  const auto text = [](const berth_bytes& bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data), bytes.len);
  };
  Description description{.form = described.form == BERTH_FORM_CORE ? Form::kCore : Form::kComponent,
                          .wit = std::string(text(described.wit)),
                          .imports = split_lines(text(described.imports)),
                          .exports = split_lines(text(described.exports)),
                          .export_types = split_lines(text(described.export_types)),
                          .export_notes = split_lines(text(described.export_notes))};
  berth_description_free(described);
  return description;
}

Module::~Module() {
  berth_module_free(module_);
}

Result<void> Module::check_command() const {
  OwnedBytes error;
  if (const int32_t code = berth_module_check_command(module_, error.out()); code != 0) {
    return abi_error(code, error);
  }
  return {};
}

Result<std::vector<std::string>> Module::functions(Imports imports) const {
  OwnedBytes error;
  OwnedBytes lines;
  const bool with_program = imports == Imports::kOfProgram;
  const int32_t code = berth_module_functions(module_, with_program, lines.out(), error.out());
  if (code != 0) return abi_error(code, error);
  return split_lines(lines.view());
}

Result<std::string> Module::imports() const {
  OwnedBytes error;
  OwnedBytes list;
  if (const int32_t code = berth_module_imports(module_, list.out(), error.out()); code != 0) {
    return abi_error(code, error);
  }
  return std::string(list.view());
}

Result<std::unique_ptr<Function>> Module::function(std::string_view call, Notation notation) const {
  OwnedBytes error;
  berth_function* function = nullptr;
  const bool json = notation == Notation::kJson;
  if (const int32_t code = berth_function_new(module_, slice(call), json, &function, error.out());
      code != 0) {
    return abi_error(code, error);
  }
  return std::make_unique<Function>(function);
}

Result<std::unique_ptr<Engine>> Engine::create(size_t lanes, uint64_t guards_off, uint32_t places) {
  OwnedBytes error;
  berth_runtime* runtime = nullptr;
  if (const int32_t code = berth_runtime_new(lanes, places, guards_off, &runtime, error.out()); code != 0) {
    return abi_error(code, error);
  }
  return std::unique_ptr<Engine>(new Engine(runtime));
}

Engine::~Engine() {
  berth_runtime_free(runtime_);
}

Result<void> Engine::start_lanes() const {
  OwnedBytes error;
  if (const int32_t code = berth_runtime_start(runtime_, error.out()); code != 0) {
    return abi_error(code, error);
  }
  return {};
}

Result<uint64_t> Engine::compatibility(EngineKind kind) const {
  OwnedBytes error;
  uint64_t number = 0;
  if (const int32_t code = berth_runtime_compatibility(runtime_, abi_kind(kind), &number, error.out());
      code != 0) {
    return abi_error(code, error);
  }
  return number;
}

Result<Image> compile(EngineKind kind, std::string_view module_bytes, uint64_t guards_off) {
  OwnedBytes code;
  OwnedBytes error;
  berth_needs needs = {};
  if (const int32_t failed =
          berth_compile(abi_kind(kind), guards_off, slice(module_bytes), code.out(), &needs, error.out());
      failed != 0) {
    return abi_error(failed, error);
  }
  return Image{.code = std::string(code.view()),
               .needs = {.instance_bytes = needs.instance_bytes,
                         .concurrency = needs.concurrency,
                         .error_contexts = needs.error_contexts}};
}

Result<std::unique_ptr<Module>> Engine::open(EngineKind kind, const Image& image) const {
  OwnedBytes error;
  berth_module* module = nullptr;
  if (const int32_t code = berth_module_open(runtime_, abi_kind(kind), slice(image.code),
                                             abi_needs(image.needs), &module, error.out());
      code != 0) {
    return abi_error(code, error);
  }
  return std::make_unique<Module>(module);
}

Result<std::unique_ptr<Module>> Engine::open_executable(EngineKind kind, std::string_view code,
                                                        const Needs& needs) const {
  OwnedBytes error;
  berth_module* module = nullptr;
  if (const int32_t failed = berth_module_open_executable(runtime_, abi_kind(kind), slice(code),
                                                          abi_needs(needs), &module, error.out());
      failed != 0) {
    return abi_error(failed, error);
  }
  return std::make_unique<Module>(module);
}

Result<std::unique_ptr<Module>> Engine::open_file(EngineKind kind, const std::string& path,
                                                  const Needs& needs) const {
  OwnedBytes error;
  berth_module* module = nullptr;
  if (const int32_t code = berth_module_open_file(runtime_, abi_kind(kind), slice(path), abi_needs(needs),
                                                  &module, error.out());
      code != 0) {
    return abi_error(code, error);
  }
  return std::make_unique<Module>(module);
}

Result<std::unique_ptr<Module>> Engine::compile(EngineKind kind, std::string_view module_bytes) const {
  return open(kind, BERTH_TRY(engine::compile(kind, module_bytes)));
}

}  // namespace berth::engine
