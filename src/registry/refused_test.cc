// SPDX-License-Identifier: Apache-2.0
#include "registry/refused.h"

#include <doctest/doctest.h>

namespace berth::registry {

TEST_CASE("what a registry says is told, without what a terminal obeys") {
  const web::WebAnswer answer{
      .status = 404,
      .headers = {},
      .body = "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"no\\u001b[31m\"}]}",
      .url = "https://h/v2/a?token=secret"};
  const Error error = refused(answer, "pulling").error();
  CHECK(error.code == ErrorCode::kNotFound);
  CHECK(error.message.find("MANIFEST_UNKNOWN") != std::string::npos);
  CHECK(error.message.find('\x1b') == std::string::npos);
  CHECK(error.message.find("secret") == std::string::npos);
}

}  // namespace berth::registry
