// SPDX-License-Identifier: Apache-2.0
#include "serve/admin.h"

#include <memory>
#include <string_view>
#include <utility>

#include "serve/metrics.h"

namespace berth::serve {
namespace {

constexpr std::string_view kPlain = "text/plain; charset=utf-8";
constexpr uint16_t kOk = 200;
constexpr uint16_t kNotFound = 404;
constexpr uint16_t kNotAllowed = 405;
constexpr uint16_t kUnavailable = 503;

/// An answer, for as long as it is being sent.
class Page final : public engine::Request {
 public:
  explicit Page(std::string text) : text_(std::move(text)) {}
  std::string_view text() const {
    return text_;
  }
  void served(uint16_t, const engine::Served&) noexcept override {}
  void finished(const engine::Finished&) noexcept override {}

 private:
  const std::string text_;
};

engine::Decision page(uint16_t status, std::string text, std::string_view type = kPlain) {
  auto answer = std::make_unique<Page>(std::move(text));
  const std::string_view body = answer->text();
  return {.route = {.status = status}, .body = body, .content_type = type, .request = std::move(answer)};
}

}  // namespace

engine::ServerSettings Admin::settings() {
  engine::ServerSettings settings;
  settings.connections = 64;
  settings.head_bytes = 8 << 10;
  settings.body_bytes = 0;
  return settings;
}

engine::Decision Admin::route(const engine::RequestHead& head) noexcept {
  if (head.method != "GET" && head.method != "HEAD") return page(kNotAllowed, "only GET and HEAD\n");
  const std::string_view path = head.path.substr(0, head.path.find('?'));
  if (path == "/metrics") return page(kOk, metrics_(), kMetricsType);
  if (path == "/livez" || path == "/healthz") return page(kOk, "ok\n");
  if (path == "/readyz") return ready_ ? page(kOk, "ok\n") : page(kUnavailable, "stopping\n");
  return page(kNotFound, "there are /metrics, /livez and /readyz\n");
}

bool overlap(std::string_view address, std::string_view other) {
  const size_t end = address.rfind(':');
  const size_t other_end = other.rfind(':');
  if (address.substr(end) != other.substr(other_end)) return false;
  const std::string_view host = address.substr(0, end);
  const std::string_view other_host = other.substr(0, other_end);
  const auto is_any = [](std::string_view one) { return one == "0.0.0.0" || one == "[::]"; };
  return host == other_host || is_any(host) || is_any(other_host);
}

}  // namespace berth::serve
