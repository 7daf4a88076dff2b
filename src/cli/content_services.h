// SPDX-License-Identifier: Apache-2.0
#pragma once
// Content that a pinning service keeps: what the verbs pin and unpin do with --service. Main thread only.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/content_source.h"

namespace berth::cli {

struct ServiceOptions {
  std::string name;
  std::string wait;

  bool is_asked() const {
    return !name.empty();
  }
};

/// --service.
void add_service_options(CLI::App& app, ServiceOptions& options);
/// --wait.
void add_wait_option(CLI::App& app, ServiceOptions& options);

struct ServicePins {
  const ServiceOptions& service;
  const SourceOptions& source;
  const std::vector<std::string>& paths;  // CIDs, and names below them
  std::string pin_name = {};
  bool json = false;
};

/// Lists what the service has without a path; else has it keep them.
Result<int> pin_at_service(const ServicePins& pins);
/// Takes back each request for them.
Result<int> unpin_at_service(const ServicePins& pins);

}  // namespace berth::cli
