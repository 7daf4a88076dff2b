// SPDX-License-Identifier: Apache-2.0
#include "serve/access_entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <string_view>

#include "base/units.h"
#include "policy/printable.h"

namespace berth::serve {
namespace {

constexpr size_t kLongestPath = 1024;
constexpr size_t kLongestWord = 255;

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

/// Text of a client's, or of a guest's, without what would end the line or command a terminal.
void append_shown(std::string& out, std::string_view text, size_t most) {
  if (text.size() <= most && is_plain(text)) {
    out += text;
  } else {
    out += policy::printable(text, most);
  }
}

void append_name(std::string& out, std::string_view name) {
  out += ",\"";
  out += name;
  out += "\":";
}

void append_member(std::string& out, std::string_view name, std::string_view text, size_t most) {
  append_name(out, name);
  out += '"';
  if (text.size() <= most && is_plain(text)) {
    out += text;
  } else {
    for (const char c : policy::printable(text, most)) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  out += '"';
}

void append_member(std::string& out, std::string_view name, uint64_t number) {
  append_name(out, name);
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

struct Moment {
  std::time_t seconds = 0;
  int milliseconds = 0;
};

Moment moment_of(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto since = duration_cast<milliseconds>(time.time_since_epoch()).count();
  return {.seconds = static_cast<std::time_t>(since / 1000), .milliseconds = static_cast<int>(since % 1000)};
}

/// As RFC 3339 has it, in UTC. Entries of one second come together, and share what is written of it.
void append_time(std::string& out, std::chrono::system_clock::time_point time) {
  thread_local std::time_t written = -1;
  thread_local std::string text;
  const auto [seconds, milliseconds] = moment_of(time);
  if (seconds != written) {
    std::tm parts = {};
    ::gmtime_r(&seconds, &parts);
    text = fmt::format("{{\"time\":\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    written = seconds;
  }
  out += text;
  for (const int digit : {milliseconds / 100, milliseconds / 10 % 10, milliseconds % 10})
    out += static_cast<char>('0' + digit);
  out += "Z\"";
}

uint64_t whole(std::chrono::nanoseconds time) {
  return time.count() > 0 ? static_cast<uint64_t>(time.count()) : 0;
}

}  // namespace

void append_json(std::string& text, const AccessEntry& entry) {
  append_time(text, entry.time);
  if (!entry.module.empty()) append_member(text, "module", entry.module, kLongestWord);
  append_member(text, "method", entry.method, kLongestWord);
  append_member(text, "host", entry.host, kLongestWord);
  append_member(text, "path", entry.path, kLongestPath);
  append_member(text, "status", entry.status);
  append_member(text, "received_bytes", entry.received_bytes);
  append_member(text, "sent_bytes", entry.sent_bytes);
  append_member(text, "wall_ns", whole(entry.duration));
  append_member(text, "cpu_used_ns", whole(entry.cpu_used));
  if (entry.queued.count() > 0) append_member(text, "queued_ns", whole(entry.queued));
  append_member(text, "peer", entry.peer, kLongestWord);
  if (!entry.ending.empty()) append_member(text, "ending", entry.ending, kLongestWord);
  if (!entry.limit.empty()) append_member(text, "limit", entry.limit, kLongestWord);
  if (!entry.reason.empty()) append_member(text, "reason", entry.reason, kLongestWord);
  if (!entry.trace_id.empty()) append_member(text, "trace_id", entry.trace_id, kLongestWord);
  if (!entry.span_id.empty()) append_member(text, "span_id", entry.span_id, kLongestWord);
  text += "}\n";
}

void append_pretty(std::string& text, const AccessEntry& entry) {
  const auto [seconds, milliseconds] = moment_of(entry.time);
  std::tm parts = {};
  ::localtime_r(&seconds, &parts);
  fmt::format_to(std::back_inserter(text), "{:02}:{:02}:{:02}.{:03} {} ", parts.tm_hour, parts.tm_min,
                 parts.tm_sec, milliseconds, entry.status);
  append_shown(text, entry.method, kLongestWord);
  text += ' ';
  append_shown(text, entry.host, kLongestWord);
  append_shown(text, entry.path, kLongestPath);
  fmt::format_to(std::back_inserter(text), " {} (cpu {}) {} {}", format_duration(entry.duration),
                 format_duration(entry.cpu_used), format_bytes(entry.sent_bytes), entry.peer);
  if (!entry.limit.empty()) {
    text += " limit: " + entry.limit;
  } else if (entry.ending == "trapped" || entry.ending == "failed") {
    fmt::format_to(std::back_inserter(text), " {}: ", entry.ending);
    append_shown(text, entry.reason, kLongestWord);
  }
  if (!entry.trace_id.empty()) text += " trace " + entry.trace_id;
  text += '\n';
}

void append_json_dropped(std::string& text, std::chrono::system_clock::time_point time, uint64_t dropped) {
  append_time(text, time);
  append_member(text, "dropped", dropped);
  text += "}\n";
}

void append_pretty_dropped(std::string& text, uint64_t dropped) {
  fmt::format_to(std::back_inserter(text),
                 "… {} requests aren't shown: they came faster than they are read\n", dropped);
}

}  // namespace berth::serve
