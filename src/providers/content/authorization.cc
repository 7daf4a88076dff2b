// SPDX-License-Identifier: Apache-2.0
#include "providers/content/authorization.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/os/file.h"
#include "base/text_codes.h"
#include "policy/printable.h"
#include "web/web.h"

namespace berth::content {
namespace {

constexpr uint64_t kMostFile = 64 << 10;
constexpr std::string_view kBearer = "bearer:";
constexpr std::string_view kBasic = "basic:";

}  // namespace

Result<std::string> authorization_of(std::string_view text) {
  text = text.substr(0, text.find_first_of("\r\n"));
  const bool basic = text.starts_with(kBasic);
  if (basic) text.remove_prefix(kBasic.size());
  if (text.starts_with(kBearer)) text.remove_prefix(kBearer.size());
  const bool pair = basic && text.find(':') != std::string_view::npos;
  // A header carries a password in base64, and a token as it is.
  const bool plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
  if (text.empty() || (!plain && !pair))
    return fail(ErrorCode::kInvalidArgument,
                "its first line is no token: write bearer:TOKEN or basic:USER:PASSWORD");
  if (!basic) return fmt::format("Bearer {}", text);
  return fmt::format("Basic {}", pair ? to_base64(text) : std::string(text));
}

Result<void> check_secret_way(std::string_view url, std::string_view secret) {
  if (secret.empty() || url.starts_with("https://") || web::is_loopback(web::authority_of(url))) return {};
  return fail(ErrorCode::kDenied,
              fmt::format("{} is plain HTTP, which anybody on the way could read: credentials go there by "
                          "https:// alone",
                          web::shown(url)));
}

std::string refused_url(std::string_view url) {
  const std::string_view front = url.substr(0, url.find_first_of("?#"));
  const size_t at = front.rfind('@');
  // Behind a '?' it may be a query's, or that of a password that has both.
  if (url.find('@', front.size()) != std::string_view::npos) return "a URL with an '@' behind its '?'";
  return policy::quoted(at == std::string_view::npos ? front : front.substr(at + 1));
}

std::optional<std::string> base_url(std::string url, std::string_view path) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with(path)) url.resize(url.size() - path.size());
  if (web::authority_of(url).empty() || url.find_first_of("?# @") != std::string::npos) return std::nullopt;
  return url;
}

Result<std::string> read_authorization(const std::string& path) {
  namespace fs = std::filesystem;
  const std::string shown = policy::printable(path);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!error && fs::is_regular_file(status) &&
      (status.permissions() & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none)
    return fail(ErrorCode::kDenied,
                fmt::format("'{}' holds a secret and is open to others: 'chmod 600 {}' closes it", shown,
                            policy::shell_quoted(shown)));
  const std::string text = BERTH_TRY(read_file(path, kMostFile));
  auto authorization = authorization_of(text);
  if (!authorization)
    return fail(authorization.error().code, fmt::format("'{}': {}", shown, authorization.error().message));
  return authorization;
}

}  // namespace berth::content
