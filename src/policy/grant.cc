// SPDX-License-Identifier: Apache-2.0
#include "policy/grant.h"

#include <fmt/format.h>

#include <array>

#include "policy/printable.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

using enum Capability;

constexpr std::array<std::string_view, 15> kExamples{
    "files ./data:/data:rw",
    "env KEY=value",
    "stdio in,out,err",
    "http.out https://api.example.com:443/v1/*",
    "http.in 127.0.0.1:8080",
    "socket.out tcp://10.0.0.0/8:5432",
    "socket.in tcp://127.0.0.1:9000",
    "dns *.example.com",
    "keyvalue cache",
    "blobstore photos:ro",
    "messaging publish sensors.> | subscribe cmd.* | request time.now",
    "secret API_TOKEN",
    "content fetch ipfs://CID/docs max=1GiB | publish max=64MiB",
    "p2p dial /spark/1.0.0 | listen /echo/1.0.0",
    "activity info,error,job-completed"};

/// A result of one extent as a result of any.
template <class T>
Result<Extent> any(Result<T> read) {
  if (!read) return std::unexpected(std::move(read).error());
  return Extent(std::move(*read));
}

Result<Extent> parse_extent(Capability capability, std::string_view text, Role role) {
  switch (capability) {
    case kFiles:
      return any(parse_files(text, role));
    case kEnv:
      return any(parse_env(text, role));
    case kStdio:
      return any(parse_stdio(text));
    case kHttpOut:
      return any(parse_http_out(text));
    case kHttpIn:
      return any(parse_http_in(text));
    case kSocketOut:
      return any(parse_socket_out(text));
    case kSocketIn:
      return any(parse_socket_in(text));
    case kDns:
      return any(parse_dns(text));
    case kKeyvalue:
      return any(parse_keyvalue(text));
    case kBlobstore:
      return any(parse_blobstore(text));
    case kMessaging:
      return any(parse_messaging(text));
    case kSecret:
      return any(parse_secret(text));
    case kContent:
      return any(parse_content(text));
    case kP2p:
      return any(parse_p2p(text));
    case kActivity:
      return any(parse_activity(text));
  }
  return fail(ErrorCode::kInternal, "a capability without a notation");
}

std::unexpected<Error> cannot_read(std::string_view text, std::string_view why, std::string_view example) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("cannot read grant {}: {}, as in '{}'", quoted(text), why, example));
}

}  // namespace

std::string_view example_of(Capability capability) {
  return kExamples.at(static_cast<size_t>(capability));
}

Result<Grant> parse_grant(std::string_view text, std::string_view source, Role role) {
  std::string_view line = trimmed(text);
  size_t end = line.find_first_of(" \t");
  std::string_view word = line.substr(0, end);
  if (word.empty()) return cannot_read(line, "it is empty", example_of(kFiles));
  auto capability = parse_capability(word);
  if (!capability) return cannot_read(line, capability.error().message, example_of(kFiles));
  std::string_view rest = end == std::string_view::npos ? "" : trimmed(line.substr(end));
  if (rest.empty()) return cannot_read(line, "it doesn't say what it opens", example_of(*capability));
  if (auto bad = first_unprintable(rest)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("cannot read grant {}: it has {}", quoted(line), *bad));
  }
  auto extent = parse_extent(*capability, rest, role);
  if (!extent) return cannot_read(line, extent.error().message, example_of(*capability));
  return Grant{.capability = *capability, .extent = std::move(*extent), .source = std::string(source)};
}

std::string to_text(const Grant& grant) {
  return fmt::format("{} {}", capability_name(grant.capability),
                     std::visit([](const auto& extent) { return extent_text(extent); }, grant.extent));
}

bool contains(const Grant& outer, const Grant& inner) {
  if (outer.capability != inner.capability) return false;
  return std::visit(
      [&](const auto& wider) {
        const auto* other = std::get_if<std::remove_cvref_t<decltype(wider)>>(&inner.extent);
        return other != nullptr && contains(wider, *other);
      },
      outer.extent);
}

std::optional<Grant> narrow(const Grant& asked, const Grant& owner) {
  if (asked.capability != owner.capability) return std::nullopt;
  return std::visit(
      [&](const auto& extent) -> std::optional<Grant> {
        const auto* other = std::get_if<std::remove_cvref_t<decltype(extent)>>(&owner.extent);
        if (other == nullptr) return std::nullopt;
        auto both = narrow(extent, *other);
        if (!both) return std::nullopt;
        return Grant{.capability = asked.capability, .extent = std::move(*both), .source = asked.source};
      },
      asked.extent);
}

}  // namespace berth::policy
