// SPDX-License-Identifier: Apache-2.0
#include "policy/printable.h"

#include <doctest/doctest.h>

using namespace berth::policy;

TEST_CASE("what a terminal would obey is shown as its number") {
  CHECK(printable("plain text, ünïcode, 船") == "plain text, ünïcode, 船");
  CHECK(printable("\x1b[31mred\n\x7f") == "\\x1b[31mred\\x0a\\x7f");
  CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\xc2\x9b") == "\\u{9b}");
  CHECK(printable("a\u202Eb") == "a\\u{202e}b");
}

TEST_CASE("bytes that are not UTF-8 are shown one by one") {
  CHECK(printable("\xff") == "\\xff");
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(printable("\xf4\x90\x80\x80").starts_with("\\xf4"));
  CHECK(printable("\xe8\x88") == "\\xe8\\x88");
}

TEST_CASE("long text is cut between characters") {
  CHECK(printable("abcdef", 3) == "abc…");
  CHECK(printable("abc", 3) == "abc");
  CHECK(printable("ab船", 3) == "ab…");
}

TEST_CASE("a shell reads quoted text back as it was") {
  CHECK(shell_quoted("files /a b:/a b:ro") == "'files /a b:/a b:ro'");
  CHECK(shell_quoted("it's; rm -rf $HOME") == "'it'\\''s; rm -rf $HOME'");
}

TEST_CASE("the first thing that isn't plain is named") {
  CHECK_FALSE(first_unprintable("plain 船"));
  CHECK(first_unprintable("a\tb") == "the control character \\x09");
  CHECK(first_unprintable("a\xff") == "the byte \\xff, which is not UTF-8");
  CHECK(first_unprintable("a\u2066") == "the invisible character \\u{2066}");
}
