// SPDX-License-Identifier: Apache-2.0
#include "registry/refused.h"

#include <fmt/format.h>

#include "policy/printable.h"
#include "web/foreign_json.h"

namespace berth::registry {
namespace {

constexpr size_t kDeepest = 16;

}  // namespace

std::unexpected<Error> refused(const web::WebAnswer& answer, std::string_view doing) {
  std::string why;
  const nlohmann::json whole = web::parse_shallow(answer.body, kDeepest);
  if (whole.is_object() && whole.contains("errors") && whole["errors"].is_array() &&
      !whole["errors"].empty()) {
    const auto& first = whole["errors"].front();
    if (first.is_object())
      why = fmt::format(": {} {}", web::text_of(first, "code"), web::text_of(first, "message"));
  }
  const std::string message =
      fmt::format("{}: {} answers {}{}", doing, web::shown(web::origin_of(answer.url)), answer.status,
                  policy::printable(why));
  if (answer.status == 401)
    return fail(ErrorCode::kDenied,
                message + "; 'docker login' or config.json in DOCKER_CONFIG gives credentials");
  if (answer.status == 403) return fail(ErrorCode::kDenied, message + "; these credentials may not");
  if (answer.status == 404) return fail(ErrorCode::kNotFound, message + "; check the name");
  if (answer.status == 429)
    return fail(ErrorCode::kUnavailable, message + "; it is asked too often, try again later");
  return fail(ErrorCode::kUnavailable, message);
}

}  // namespace berth::registry
