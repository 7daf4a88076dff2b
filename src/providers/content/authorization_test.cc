// SPDX-License-Identifier: Apache-2.0
#include "providers/content/authorization.h"

#include <doctest/doctest.h>

namespace berth::content {

TEST_CASE("a secret becomes the header that carries it") {
  CHECK(authorization_of("bearer:abc.def") == "Bearer abc.def");
  CHECK(authorization_of("abc.def") == "Bearer abc.def");
  CHECK(authorization_of("abc\r\nmore\n") == "Bearer abc");
  CHECK(authorization_of("basic:someone:pass word:x") == "Basic c29tZW9uZTpwYXNzIHdvcmQ6eA==");
  CHECK(authorization_of("basic:c29tZW9uZTp4") == "Basic c29tZW9uZTp4");
}

TEST_CASE("what could be no header, or two, is refused without being shown") {
  for (const std::string_view text :
       {"", "\n", "bearer:", "basic:", "two words", "a\tb", "bearer:\x01", "\xc3\xbc"}) {
    const auto read = authorization_of(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kInvalidArgument);
  }
  CHECK(authorization_of("two words").error().message.find("words") == std::string::npos);
}

TEST_CASE("a secret goes by TLS, or to this machine") {
  CHECK(check_secret_way("https://example.com", "x"));
  CHECK(check_secret_way("http://127.0.0.1:5001", "x"));
  CHECK(check_secret_way("http://[::1]:5001", "x"));
  CHECK(check_secret_way("http://example.com", ""));
  CHECK_FALSE(check_secret_way("http://example.com", "x"));
  CHECK_FALSE(check_secret_way("http://127.0.0.1.example.com", "x"));
  CHECK_FALSE(check_secret_way("http://192.168.1.1", "x"));
}

TEST_CASE("of a URL that is refused no password is shown, and no token") {
  CHECK(refused_url("127.0.0.1:5001") == "'127.0.0.1:5001'");
  CHECK(refused_url("ftp://h/a") == "'ftp://h/a'");
  for (const std::string_view url : {"https://user:s3cret@h", "s3cret@h", "https://a@s3cret@h",
                                     "https://user:s3cret@h?token=s3cret", "https://user:s3cret@h#s3cret"})
    CHECK_MESSAGE(refused_url(url) == "'h'", url);
  for (const std::string_view url :
       {"https://h/a?token=s3cret", "https://h?token=a@s3cret", "https://user:s3cret?s3cret@h",
        "https://user:p@s3cret?x@h", "https://user:s3cret#s3cret@h"})
    CHECK_MESSAGE(refused_url(url).find("s3cret") == std::string::npos, url);
}

}  // namespace berth::content
