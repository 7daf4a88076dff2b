// SPDX-License-Identifier: Apache-2.0
#include "serve/trace_context.h"

#include <doctest/doctest.h>

#include <string>

using berth::serve::parse_traceparent;
using berth::serve::to_text;
using berth::serve::trace_id;

TEST_CASE("a trace's id is read from its header, and from none that breaks the rules") {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  CHECK(trace_id("00-" + trace + "-00f067aa0ba902b7-01") == trace);
  CHECK(trace_id("01-" + trace + "-00f067aa0ba902b7-01-more") == trace);
  for (const std::string& header : {
           std::string(),
           std::string("00-"),
           "00-" + trace + "-00f067aa0ba902b7",
           "00-" + trace + "-00f067aa0ba902b7-01-more",
           "01-" + trace + "-00f067aa0ba902b7-01more",
           "ff-" + trace + "-00f067aa0ba902b7-01",
           "00-" + trace + "-00f067aa0ba902b7-0x",
           "00-" + trace + "-0000000000000000-01",
           "00_" + trace + "-00f067aa0ba902b7-01",
           std::string("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
           std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
           std::string("00-\n\"f92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
       }) {
    CAPTURE(header);
    CHECK(trace_id(header).empty());
  }
}

TEST_CASE("a header is read and written back as version 00, with no flag but the one that is known") {
  const std::string ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
  const auto text = [](const std::string& header) { return to_text(parse_traceparent(header).value()); };
  CHECK(text("00-" + ids + "-01") == "00-" + ids + "-01");
  CHECK(text("00-" + ids + "-00") == "00-" + ids + "-00");
  CHECK(text("cc-" + ids + "-ff-more") == "00-" + ids + "-01");
  CHECK_FALSE(parse_traceparent("00-" + ids + "-1").has_value());
}
