// SPDX-License-Identifier: Apache-2.0
#pragma once
// A service that keeps content for others, by the IPFS Pinning Service API, version 1
// (ipfs.github.io/pinning-services-api-spec). It is told CIDs, and gets the blocks from whoever has them.
//
// What it says is a stranger's: bounded, and shown as such. Blocks its thread; one thread at a time.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/content/cid.h"
#include "web/web.h"

namespace berth::content {

enum class PinStatus { kQueued, kPinning, kPinned, kFailed };
/// "queued".
std::string_view pin_status_name(PinStatus status);

/// One request to keep something, as the service sees it. A CID may have several.
struct ServicePin {
  std::string request;  // what it is called there
  PinStatus status = PinStatus::kQueued;
  std::string created;  // RFC 3339; each other than those of the rest
  std::string cid;      // as the service writes it
  std::string name;
  std::vector<std::string> delegates;       // peers of the service's, as multiaddrs
  std::map<std::string, std::string> info;  // "status_details" says why it failed
};

class PinningService {
 public:
  /// `name` is the owner's, for errors; `url` is what stands before "/pins". kInvalidArgument, kDenied.
  static Result<std::unique_ptr<PinningService>> create(std::string name, std::string url,
                                                        web::WebOptions web, std::string authorization);

  struct Which {
    std::optional<Cid> cid = {};
    std::string name = {};
  };
  /// All of them, whatever their status, the newest first, for as long as it says so. kUnavailable for an
  /// answer that is none, kLimit for more than kMostPins.
  Result<void> list(const Which& which, const std::function<bool(const ServicePin&)>& each);
  /// Asks once: whoever has no answer looks before they ask again.
  Result<ServicePin> add(const Cid& cid, std::string_view name, const std::vector<std::string>& origins);
  /// kNotFound where it has no such request any more.
  Result<ServicePin> look(std::string_view request);
  Result<void> remove(std::string_view request);

  static constexpr size_t kMostPins = 100'000;

 private:
  PinningService(std::string name, std::string url, std::unique_ptr<web::Web> web, std::string authorization)
      : name_(std::move(name)),
        url_(std::move(url)),
        web_(std::move(web)),
        authorization_(std::move(authorization)) {}
  Result<web::WebAnswer> call(std::string method, std::string_view path, std::string_view body = {});
  std::unexpected<Error> wrong(ErrorCode code, std::string_view what) const;

  const std::string name_;
  const std::string url_;
  const std::unique_ptr<web::Web> web_;
  const std::string authorization_;
};

}  // namespace berth::content
