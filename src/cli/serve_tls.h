// SPDX-License-Identifier: Apache-2.0
#pragma once
// A server's certificate and key: two files, read before the wall goes up and, when they change, by the
// process beside the server (serve_look.h). What is in them is shown nowhere.
//
// Main thread only; reading blocks.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "engine/tls.h"

namespace berth::cli {

struct TlsOptions {
  std::string certificate;  // a file in PEM; both or neither
  std::string key;

  bool asked() const {
    return !certificate.empty() || !key.empty();
  }
};

void add_tls_options(CLI::App& app, TlsOptions& options);

/// Of the two files.
struct TlsTexts {
  std::string chain;
  std::string key;
};

/// What the files hold, once it has turned out to be a pair that can be served with.
Result<TlsTexts> read_tls(const TlsOptions& options);

/// For a server; none when it isn't asked for.
Result<std::unique_ptr<engine::Tls>> open_tls(const TlsOptions& options);

/// Takes what was found at the files, and says so.
void take_tls(engine::Tls& tls, const TlsTexts& texts);

}  // namespace berth::cli
