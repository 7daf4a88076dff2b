// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who has content, and where names lead to: asked of routers that speak the delegated routing API, version 1
// (specs.ipfs.tech/routing/http-routing-v1). The index of Filecoin's storage providers is one of them.
//
// What a router says is a hint: content is checked when it comes, and records of names by their signature.
// Blocks its thread; one thread at a time.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/content/cid.h"
#include "web/web.h"

namespace berth::content {

struct Provider {
  std::string id;                      // of its peer; may be empty
  std::vector<std::string> protocols;  // "transport-ipfs-gateway-http"
  std::vector<std::string> addresses;  // as libp2p writes them
  std::vector<std::string> gateways;   // URLs of those addresses where a trustless gateway answers
};

class Router {
 public:
  /// `url` without "/routing/…". kInvalidArgument, kDenied.
  static Result<std::unique_ptr<Router>> create(std::string url, web::WebOptions web);

  const std::string& url() const {
    return url_;
  }

  enum class Kind { kAll, kGateways };
  /// Calls for each, as they come, until it says no more. A router that knows of none is no error; what isn't
  /// to be read in its answer is passed, and bounded.
  Result<void> providers(const Cid& cid, Kind kind, const std::function<bool(const Provider&)>& each);
  /// Whether it answered from this machine or the local network.
  bool is_local() const;

  /// Ends what goes on, and all that is asked later. Any thread.
  void stop() const;

  /// The record of a name, unchecked; kNotFound where it has none.
  Result<std::string> record(const Cid& name);
  Result<void> put_record(const Cid& name, std::string_view record);

 private:
  Router(std::string url, std::unique_ptr<web::Web> web) : url_(std::move(url)), web_(std::move(web)) {}

  const std::string url_;
  const std::unique_ptr<web::Web> web_;
};

}  // namespace berth::content
