// SPDX-License-Identifier: Apache-2.0
#pragma once
// Modules that were compiled once, in a folder: some languages bring an engine of their own, which takes a
// dozen seconds to compile and less than one to load.
//
// What is compiled is run as it is, so nobody else may put anything there.

#include <berth/berth.h>

#include <filesystem>

constexpr const char* kCompiled = ".compiled";  // FOLDER/check-rust.wasm.compiled

berth::Result<void> compile(const berth::Host& host, const std::filesystem::path& module,
                            const std::filesystem::path& folder);

/// It is called as its module is.
berth::Result<std::shared_ptr<berth::Module>> load(berth::Host& host, const std::filesystem::path& compiled);
