// SPDX-License-Identifier: Apache-2.0
#include "base/text_codes.h"

#include <doctest/doctest.h>

#include <random>

using namespace berth;

TEST_CASE("base64url and base32 are those of RFC 4648, without padding") {
  CHECK(to_base64url("") == "");
  CHECK(to_base64url("f") == "Zg");
  CHECK(to_base64url("foobar") == "Zm9vYmFy");
  CHECK(to_base64url("\xfb\xff\xfe") == "-__-");
  CHECK(to_base32("fooba") == "MZXW6YTB");
  CHECK(to_base32("f") == "MY");
  CHECK(from_base64url("Zm9vYmFy") == "foobar");
  CHECK(from_base32("MZXW6YTB") == "fooba");
}

TEST_CASE("each sequence of bytes has one text") {
  for (const char* text : {"Zg==", "Zh", "Z", "Zm9v Zg", "Zm9vY", "Zm+v", "Zm/v", "Zg\n", "Zm9vZ"}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64url(text).has_value());
  }
  for (const char* text : {"MY======", "MZ", "M", "my", "M1", "MZXW6YTBA"}) {
    CAPTURE(text);
    CHECK_FALSE(from_base32(text).has_value());
  }
}

TEST_CASE("bytes come back from their text") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 70, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    CHECK(from_base64url(to_base64url(bytes)) == bytes);
    CHECK(from_base32(to_base32(bytes)) == bytes);
  }
}

TEST_CASE("base64 goes both ways") {
  for (const char* const text : {"", "a", "ab", "abc", "user:p\xc3\xa4ss"})
    CHECK(from_base64(to_base64(text)) == text);
  CHECK(to_base64("ab") == "YWI=");
  CHECK_FALSE(from_base64("a"));
  CHECK_FALSE(from_base64("a b="));
}

TEST_CASE("percents go both ways") {
  CHECK(to_percent("repository:a/b:pull,push") == "repository%3Aa%2Fb%3Apull%2Cpush");
  CHECK(to_percent("a-b._~\xc3\xa4") == "a-b._~%C3%A4");
  CHECK(from_percent("a%20b+%c3%A4") == "a b+\xc3\xa4");
  for (const char* const text : {"%", "%2", "a%", "%zz", "%2z", "%-1", "% 1"})
    CHECK_FALSE(from_percent(text));
}
