// SPDX-License-Identifier: Apache-2.0
#include "otlp/gzip.h"

#include <zlib.h>

namespace berth::otlp {
namespace {

constexpr int kWindowBits = 15;
constexpr int kAsGzip = 16;  // added to them
constexpr int kMemoryLevel = 8;

}  // namespace

std::string gzipped(std::string_view bytes) {
  z_stream stream = {};
  if (::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kWindowBits + kAsGzip, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK)
    return "";
  std::string packed(::deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // it only reads
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const bool whole = ::deflate(&stream, Z_FINISH) == Z_STREAM_END;
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return whole ? packed : "";
}

}  // namespace berth::otlp
