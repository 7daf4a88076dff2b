// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names that lead to other content at other times (specs.ipfs.tech/ipns): a name is an Ed25519 key, and what
// it leads to is a record that the key signed. Records are read and made as version 2, with the fields of
// version 1 beside it for those who read them; only the signature of version 2 counts.
//
// Pure, the time is handed in; safe on any thread.

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "providers/content/cid.h"

namespace berth::content {

inline constexpr size_t kMostRecord = 10 << 10;
/// What a file with a record is called, behind the name.
inline constexpr std::string_view kRecordEnds = ".ipns-record";

/// Of a record.
struct IpnsRecord {
  std::string value;        // "/ipfs/CID" or another path
  std::string valid_until;  // RFC 3339, in UTC: "2026-11-22T17:00:00.000000000Z"
  uint64_t sequence = 0;    // the highest one counts
  uint64_t ttl_nanoseconds = 0;

  bool operator==(const IpnsRecord&) const = default;
};

/// The name of an Ed25519 key: a CID of libp2p-key, written in base36.
Cid ipns_name(const std::array<uint8_t, 32>& public_key);
/// kInvalidArgument where it is no name, kUnsupported where its key is no Ed25519.
Result<std::array<uint8_t, 32>> ipns_key(const Cid& name);

/// An Ed25519 signature of a text.
using Sign = std::function<std::array<uint8_t, 64>(std::string_view)>;

std::string make_ipns(const IpnsRecord& record, const Sign& sign);
/// Signed by the key that `seed` (32 bytes) makes.
std::string make_ipns(const IpnsRecord& record, std::string_view seed);

/// What the record says, if the name's key signed just that. kInvalidArgument where it didn't, where its
/// parts contradict each other, or where it is longer than kMostRecord; kDenied where its time is over at
/// `now` (seconds since 1970).
Result<IpnsRecord> read_ipns(std::string_view bytes, const Cid& name, int64_t now);

/// Seconds since 1970 as records write them.
std::string ipns_time(int64_t unix_seconds);

}  // namespace berth::content
