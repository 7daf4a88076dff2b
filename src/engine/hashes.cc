// SPDX-License-Identifier: Apache-2.0
#include "engine/hashes.h"

#include <utility>

#include "base/digest.h"
#include "base/os/file.h"
#include "engine/abi_values.h"

namespace berth::engine {
namespace {

class ContentHasher {
 public:
  ContentHasher() : hasher_(berth_hasher_new()) {}
  ContentHasher(const ContentHasher&) = delete;
  ContentHasher& operator=(const ContentHasher&) = delete;
  ~ContentHasher() {
    if (hasher_ != nullptr) finish();
  }
  void update(std::string_view bytes) {
    berth_hasher_update(hasher_, slice(bytes));
  }
  Digest finish() {
    Digest hash;
    berth_hasher_finish(std::exchange(hasher_, nullptr), hash.bytes.data());
    return hash;
  }

 private:
  berth_hasher* hasher_;
};

}  // namespace

std::string content_hash(std::string_view bytes) {
  return blake3(bytes).hex();
}

Result<std::string> content_hash_of_file(const std::string& path) {
  ContentHasher hasher;
  BERTH_TRY_VOID(read_pieces(path, [&](std::string_view piece) { hasher.update(piece); }));
  return hasher.finish().hex();
}

Digest blake3(std::string_view bytes) {
  ContentHasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

std::string image_tag(std::string_view key, std::string_view name, std::string_view image) {
  std::string tag(32, '\0');
  berth_image_tag(reinterpret_cast<const uint8_t*>(key.data()), slice(name), slice(image),
                  reinterpret_cast<uint8_t*>(tag.data()));
  return tag;
}

}  // namespace berth::engine
