// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_tls.h"

#include <fmt/format.h>

#include "base/os/file.h"
#include "cli/options.h"

namespace berth::cli {
namespace {

constexpr uint64_t kLargest = 1 << 20;

Result<std::string> text_of(std::string_view option, const std::string& file) {
  auto text = read_file(file, kLargest);
  if (!text) return fail(text.error().code, fmt::format("{}: {}", option, text.error().message));
  return text;
}

std::unexpected<Error> about(const TlsOptions& options, const Error& error) {
  return fail(error.code, fmt::format("'{}' and '{}' are no certificate and key to serve with: {}",
                                      options.certificate, options.key, error.message));
}

}  // namespace

void add_tls_options(CLI::App& app, TlsOptions& options) {
  app.add_option("--tls-cert", options.certificate,
                 "serve HTTPS: the certificate and those it was signed by, in PEM")
      ->type_name("FILE");
  app.add_option("--tls-key", options.key, "its key, in PEM, without a passphrase")->type_name("FILE");
}

Result<TlsTexts> read_tls(const TlsOptions& options) {
  if (options.certificate.empty() || options.key.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--tls-cert and --tls-key go together: give the file of each, or none for plain HTTP");
  }
  TlsTexts texts;
  texts.chain = BERTH_TRY(text_of("--tls-cert", options.certificate));
  texts.key = BERTH_TRY(text_of("--tls-key", options.key));
  const auto tried = engine::Tls::create(texts.chain, texts.key);
  if (!tried) return about(options, tried.error());
  return texts;
}

Result<std::unique_ptr<engine::Tls>> open_tls(const TlsOptions& options) {
  if (!options.asked()) return nullptr;
  const TlsTexts texts = BERTH_TRY(read_tls(options));
  return engine::Tls::create(texts.chain, texts.key);
}

void take_tls(engine::Tls& tls, const TlsTexts& texts) {
  const auto taken = tls.change(texts.chain, texts.key);
  say(taken ? "connections are shown the new certificate from now on"
            : fmt::format("the new certificate isn't taken, and the one before serves on: {}",
                          taken.error().message));
}

}  // namespace berth::cli
