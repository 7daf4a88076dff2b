// SPDX-License-Identifier: Apache-2.0
#pragma once
// One repository of a registry, spoken with as the OCI distribution specification 1.1 says: manifests, blobs,
// tokens.
//
// What comes is checked against the digest that it was asked by. Blocks its thread; one thread at a time.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/incoming.h"
#include "registry/manifest.h"
#include "registry/name.h"
#include "web/web.h"

namespace berth::registry {

/// How far bytes have come; read on any thread.
struct Transfer {
  std::atomic<uint64_t> done = 0;
  std::atomic<uint64_t> total = 0;
};

struct FetchedManifest {
  std::string text;
  std::string media_type;
  Digest digest;
};

/// How long so many bytes may take.
std::chrono::seconds transfer_time(uint64_t bytes);

class Repository {
 public:
  /// `config` is Docker's configuration, where credentials are.
  static Result<std::unique_ptr<Repository>> open(const OciName& name, const web::WebOptions& options,
                                                  std::string config);

  /// By a tag or a digest. kNotFound when there is none.
  Result<FetchedManifest> manifest(const std::string& reference);
  /// Adds what is missing of a blob; over several connections where one is slow.
  Result<void> blob(const Descriptor& descriptor, Incoming& incoming, Transfer& transfer);

  /// Unless it is there.
  Result<void> push_blob(const Digest& digest, std::string_view bytes);
  Result<void> push_manifest(std::string_view text, const std::string& reference);
  /// As far as 32 MiB of lists tell them.
  Result<std::vector<std::string>> tags();
  /// The registry's repositories, as far as it tells them: of a name whose repository is empty.
  Result<std::vector<std::string>> repositories();
  /// A small blob, whose digest is checked. kLimit where it is larger than that.
  Result<std::string> small_blob(const Descriptor& descriptor, uint64_t most_bytes);

 private:
  Repository(OciName name, std::string base, web::WebOptions options, std::string config,
             std::unique_ptr<web::Web> web);
  std::string doing(std::string_view what) const;
  Result<web::WebAnswer> ask(web::WebAsk ask);
  Result<std::vector<std::string>> pages(const std::string& path, const char* list, const std::string& doing);
  Result<std::string> authorization(const std::string& challenge);
  Result<std::string> token(const std::string& realm, const std::string& service, const std::string& scope);
  web::WebAsk blob_ask(const Descriptor& descriptor, uint64_t begin, uint64_t end) const;
  Result<void> rest_of_blob(const Descriptor& descriptor, Incoming& incoming, Transfer& transfer, bool& slow);
  Result<void> in_pieces(const Descriptor& descriptor, Incoming& incoming, Transfer& transfer);
  Result<std::string> piece_of_blob(const Descriptor& descriptor, uint64_t begin, uint64_t end);

  const OciName name_;
  const std::string base_;  // "https://ghcr.io/v2/shop/price"
  const web::WebOptions options_;
  const std::string config_;
  const std::unique_ptr<web::Web> web_;
  std::string authorization_;  // the last that was given
};

}  // namespace berth::registry
