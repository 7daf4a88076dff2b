// SPDX-License-Identifier: Apache-2.0
#include "providers/content/ipns.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "providers/content/links.h"

namespace berth::content {
namespace {

using nlohmann::ordered_json;
using Tag = protozero::pbf_tag_type;
using Wire = protozero::pbf_wire_type;

// Fields of the record (IpnsEntry), and of a public key.
constexpr Tag kValue = 1;
constexpr Tag kSignatureV1 = 2;
constexpr Tag kValidityType = 3;
constexpr Tag kValidity = 4;
constexpr Tag kSequence = 5;
constexpr Tag kTtl = 6;
constexpr Tag kPublicKey = 7;
constexpr Tag kSignatureV2 = 8;
constexpr Tag kData = 9;
constexpr std::string_view kSignedBefore = "ipns-signature:";
constexpr std::string_view kKeyBefore{"\x08\x01\x12\x20", 4};  // {Type: Ed25519, Data: 32 bytes}
constexpr size_t kKey = 32;
constexpr size_t kSignature = 64;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("this is no record of IPNS: {}", what));
}

std::string sign(std::string_view text, std::string_view seed) {
  static const int ready = sodium_init();
  std::ignore = ready;
  std::array<uint8_t, crypto_sign_PUBLICKEYBYTES> public_key{};
  std::array<uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
  crypto_sign_seed_keypair(public_key.data(), secret.data(), reinterpret_cast<const uint8_t*>(seed.data()));
  std::string signature(kSignature, '\0');
  crypto_sign_detached(reinterpret_cast<uint8_t*>(signature.data()), nullptr,
                       reinterpret_cast<const uint8_t*>(text.data()), text.size(), secret.data());
  sodium_memzero(secret.data(), secret.size());
  return signature;
}

/// A map of dag-cbor, shorter keys first; strings are bytes.
std::string data_of(const IpnsRecord& record) {
  const auto bytes = [](const std::string& text) { return ordered_json::binary({text.begin(), text.end()}); };
  ordered_json map;
  map["TTL"] = record.ttl_nanoseconds;
  map["Value"] = bytes(record.value);
  map["Sequence"] = record.sequence;
  map["Validity"] = bytes(record.valid_until);
  map["ValidityType"] = 0U;
  std::string data;
  ordered_json::to_cbor(map, data);
  return data;
}

Result<IpnsRecord> read_data(std::string_view data) {
  // Bounds its depth first, and lets nothing pass that its reader calls itself for.
  if (const auto links = links_of(Codec::kDagCbor, data); !links) return malformed(links.error().message);
  const ordered_json map =
      ordered_json::from_cbor(data.begin(), data.end(), true, false, ordered_json::cbor_tag_handler_t::store);
  if (!map.is_object()) return malformed("what is signed is no map");
  const auto bytes = [&](const char* key) -> std::optional<std::string> {
    if (!map.contains(key) || !map[key].is_binary()) return std::nullopt;
    const auto& value = map[key].get_binary();
    return std::string(value.begin(), value.end());
  };
  const auto number = [&](const char* key) -> std::optional<uint64_t> {
    if (!map.contains(key) || !map[key].is_number_unsigned()) return std::nullopt;
    return map[key].get<uint64_t>();
  };
  const auto value = bytes("Value");
  const auto valid_until = bytes("Validity");
  const auto sequence = number("Sequence");
  const auto ttl = number("TTL");
  if (!value || !valid_until || !sequence || !ttl || number("ValidityType") != 0)
    return malformed("what is signed lacks one of Value, Validity, ValidityType, Sequence and TTL");
  return IpnsRecord{
      .value = *value, .valid_until = *valid_until, .sequence = *sequence, .ttl_nanoseconds = *ttl};
}

/// Whether the time is over; nothing where it is no time of RFC 3339 in UTC.
std::optional<bool> over(std::string_view until, int64_t now) {
  // Of fixed width but for the fraction, so that what is later is greater as a text.
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (until.size() < kShape.size() + 1 || !until.ends_with('Z')) return std::nullopt;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = until[i] >= '0' && until[i] <= '9';
    if (kShape[i] == 'd' ? !digit : until[i] != kShape[i]) return std::nullopt;
  }
  const std::string_view fraction = until.substr(kShape.size(), until.size() - kShape.size() - 1);
  const bool fits =
      fraction.empty() || (fraction.size() > 1 && fraction.size() <= 10 && fraction[0] == '.' &&
                           fraction.find_first_not_of("0123456789", 1) == std::string_view::npos);
  if (!fits) return std::nullopt;
  return until.substr(0, kShape.size()) < std::string_view(ipns_time(now)).substr(0, kShape.size());
}

struct Parts {
  std::optional<std::string> value;
  std::optional<std::string> validity;
  std::optional<uint64_t> sequence;
  std::optional<uint64_t> ttl;
  std::optional<std::string> public_key;
  std::string signature;
  std::string data;
};

Parts read_parts(std::string_view bytes) {
  Parts parts;
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    const bool piece = reader.wire_type() == Wire::length_delimited;
    const bool number = reader.wire_type() == Wire::varint;
    if (reader.tag() == kValue && piece) {
      parts.value = reader.get_bytes();
    } else if (reader.tag() == kValidity && piece) {
      parts.validity = reader.get_bytes();
    } else if (reader.tag() == kSequence && number) {
      parts.sequence = reader.get_uint64();
    } else if (reader.tag() == kTtl && number) {
      parts.ttl = reader.get_uint64();
    } else if (reader.tag() == kPublicKey && piece) {
      parts.public_key = reader.get_bytes();
    } else if (reader.tag() == kSignatureV2 && piece) {
      parts.signature = reader.get_bytes();
    } else if (reader.tag() == kData && piece) {
      parts.data = reader.get_bytes();
    } else {
      reader.skip();
    }
  }
  return parts;
}

}  // namespace

std::string ipns_time(int64_t unix_seconds) {
  const std::chrono::sys_seconds at{std::chrono::seconds(unix_seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000000000Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

Cid ipns_name(const std::array<uint8_t, 32>& public_key) {
  std::string key(kKeyBefore);
  key.append(reinterpret_cast<const char*>(public_key.data()), public_key.size());
  return Cid::v1(Codec::kLibp2pKey, {.code = HashCode::kIdentity, .digest = std::move(key)});
}

Result<std::array<uint8_t, 32>> ipns_key(const Cid& name) {
  if (name.codec != Codec::kLibp2pKey)
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no name of IPNS", name.text()));
  const std::string& digest = name.hash.digest;
  if (name.hash.code != HashCode::kIdentity || digest.size() != kKeyBefore.size() + kKey ||
      !digest.starts_with(kKeyBefore))
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("the name {} is no Ed25519 key, which are those that can be checked", name.text()));
  std::array<uint8_t, 32> key{};
  std::memcpy(key.data(), digest.data() + kKeyBefore.size(), key.size());
  return key;
}

std::string make_ipns(const IpnsRecord& record, std::string_view seed) {
  return make_ipns(record, [seed](std::string_view text) {
    const std::string made = sign(text, seed);
    std::array<uint8_t, kSignature> signature{};
    std::ranges::copy(made, signature.begin());
    return signature;
  });
}

std::string make_ipns(const IpnsRecord& record, const Sign& sign_with) {
  const auto signature_of = [&](const std::string& text) {
    const auto made = sign_with(text);
    return std::string(made.begin(), made.end());
  };
  const std::string data = data_of(record);
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_bytes(kValue, record.value);
  // What version 1 signed: value, validity and the name of its type.
  writer.add_bytes(kSignatureV1, signature_of(record.value + record.valid_until + "EOL"));
  writer.add_uint64(kValidityType, 0);
  writer.add_bytes(kValidity, record.valid_until);
  writer.add_uint64(kSequence, record.sequence);
  writer.add_uint64(kTtl, record.ttl_nanoseconds);
  writer.add_bytes(kSignatureV2, signature_of(std::string(kSignedBefore) + data));
  writer.add_bytes(kData, data);
  return bytes;
}

Result<IpnsRecord> read_ipns(std::string_view bytes, const Cid& name, int64_t now) {
  const auto key = BERTH_TRY(ipns_key(name));
  if (bytes.size() > kMostRecord)
    return malformed(fmt::format("{} bytes: {} are the most", bytes.size(), kMostRecord));
  Parts parts;
  try {
    parts = read_parts(bytes);
  } catch (const protozero::exception& e) {
    return malformed(e.what());
  }
  if (parts.signature.size() != kSignature || parts.data.empty())
    return malformed("it has no signature of version 2");
  const std::string text = std::string(kSignedBefore) + parts.data;
  if (crypto_sign_verify_detached(reinterpret_cast<const uint8_t*>(parts.signature.data()),
                                  reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                                  key.data()) != 0)
    return malformed(fmt::format("the key of {} didn't sign it", name.text(Base::kBase36)));
  if (parts.public_key && *parts.public_key != name.hash.digest)
    return malformed("it has another key than its name");
  IpnsRecord record = BERTH_TRY(read_data(parts.data));
  const bool same = parts.value.value_or(record.value) == record.value &&
                    parts.validity.value_or(record.valid_until) == record.valid_until &&
                    parts.sequence.value_or(record.sequence) == record.sequence &&
                    parts.ttl.value_or(record.ttl_nanoseconds) == record.ttl_nanoseconds;
  if (!same) return malformed("its fields say something else than what is signed");
  const auto is_over = over(record.valid_until, now);
  if (!is_over) return malformed("until when it holds is no time");
  if (*is_over)
    return fail(ErrorCode::kDenied,
                fmt::format("the record of {} held until {}", name.text(Base::kBase36), record.valid_until));
  return record;
}

}  // namespace berth::content
