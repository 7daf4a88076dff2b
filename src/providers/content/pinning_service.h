// SPDX-License-Identifier: Apache-2.0
#pragma once
// A service that keeps content for others, by the IPFS Pinning Service API, version 1
// (ipfs.github.io/pinning-services-api-spec). It is told CIDs, and gets the blocks from whoever has them.
//
// What it says is a stranger's: bounded, and shown as such. Blocks its thread; one thread at a time.

#include <chrono>
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

/// One request to keep something, as the service sees it. A CID may have several. Texts are cut at 1 KiB,
/// those of `info` at 4 KiB.
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
  static Result<std::unique_ptr<PinningService>> create(std::string name, const std::string& url,
                                                        web::WebOptions web, std::string authorization);

  struct Which {
    std::optional<Cid> cid = {};
    std::string name = {};
  };
  /// All of them, whatever their status, the newest first, for as long as it says so. kUnavailable for an
  /// answer that is none, kLimit for more than kMostPins, 10,000 pages, 128 MiB or 10 minutes.
  Result<void> list(const Which& which, const std::function<bool(const ServicePin&)>& each);
  /// Asks once: whoever has no answer looks before they ask again.
  Result<ServicePin> add(const Cid& cid, std::string_view name, const std::vector<std::string>& origins);
  /// Asks once how a request for that CID goes on, for so long at most. kNotFound where it has no such
  /// request any more; kUnavailable may pass.
  Result<ServicePin> look(std::string_view request, const Cid& cid, std::chrono::nanoseconds most);
  Result<void> remove(std::string_view request);

  static constexpr size_t kMostPins = 100'000;

 private:
  PinningService(std::string name, std::string url, std::unique_ptr<web::Web> web, std::string authorization)
      : name_(std::move(name)),
        url_(std::move(url)),
        web_(std::move(web)),
        authorization_(std::move(authorization)) {}
  /// With `most` it is asked once, for so long.
  Result<web::WebAnswer> call(std::string method, std::string_view path, std::string_view body = {},
                              std::optional<std::chrono::nanoseconds> most = {});
  std::unexpected<Error> wrong(ErrorCode code, std::string_view what) const;

  const std::string name_;
  const std::string url_;
  const std::unique_ptr<web::Web> web_;
  const std::string authorization_;
};

}  // namespace berth::content
