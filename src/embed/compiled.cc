// SPDX-License-Identifier: Apache-2.0
#include "embed/compiled.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/fields.h"
#include "embed/ending.h"
#include "embed/parts.h"
#include "host/vouching.h"

namespace berth {
namespace embed {
namespace {

constexpr std::string_view kFormat = "berth compiled module 2, " BERTH_VERSION;
constexpr size_t kFields =
    6;  // the format, what it needs, its size, the module's digest, the code, its token

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

std::unexpected<Error> not_compiled(const char* what) {
  return fail(ErrorCode::kInvalidModule,
              fmt::format("{}: compile the module again with Host::compile of this berth", what));
}

}  // namespace

std::vector<std::byte> to_bytes(const Compiled& compiled) {
  const engine::Needs& needs = compiled.image.needs;
  const uint64_t bits =
      (compiled.kind.fuel ? 1 : 0) | (needs.concurrency ? 2 : 0) | (needs.error_contexts ? 4 : 0);
  const Fields fields{std::string(kFormat),
                      std::to_string(bits),
                      std::to_string(needs.instance_bytes),
                      std::string(text_of(compiled.module)),
                      compiled.image.code,
                      compiled.token};
  const std::string body = pack(fields);
  const Digest sum = sha256(body);
  std::vector<std::byte> bytes(sum.bytes.size() + body.size());
  std::ranges::copy(std::as_bytes(std::span(sum.bytes)), bytes.begin());
  std::ranges::copy(std::as_bytes(std::span(body)), bytes.begin() + static_cast<ptrdiff_t>(sum.bytes.size()));
  return bytes;
}

Result<Compiled> read_compiled(std::string_view bytes) {
  Compiled compiled;
  const size_t sum_bytes = compiled.module.bytes.size();
  if (bytes.size() < sum_bytes) return not_compiled("this is no compiled module");
  const std::string_view body = bytes.substr(sum_bytes);
  if (text_of(sha256(body)) != bytes.substr(0, sum_bytes))
    return not_compiled("this is no compiled module, or it is damaged");
  auto fields = unpack(body);
  if (!fields || fields->size() != kFields || fields->at(3).size() != sum_bytes) {
    return not_compiled("this is no compiled module");
  }
  if (fields->at(0) != kFormat) return not_compiled("this was compiled by another version of berth");
  const uint64_t bits = number_of(fields->at(1));
  compiled.kind.fuel = (bits & 1) != 0;
  compiled.image.needs = {.instance_bytes = number_of(fields->at(2)),
                          .concurrency = (bits & 2) != 0,
                          .error_contexts = (bits & 4) != 0};
  std::ranges::copy(fields->at(3), compiled.module.bytes.begin());
  compiled.image.code = std::move(fields->at(4));
  compiled.token = std::move(fields->at(5));
  return compiled;
}

}  // namespace embed

Result<std::vector<std::byte>> Host::compile(std::span<const std::byte> bytes) const {
  const std::string_view text = embed::text_of(bytes);
  const host::Vouching vouching = BERTH_TRY(host::vouch_for_bytes(text, "the module", parts_->owner.trusts));
  engine::Image image = BERTH_TRY(parts_->compile(text));
  return embed::to_bytes({.kind = parts_->kind,
                          .image = std::move(image),
                          .module = sha256(text),
                          .token = vouching.chain ? vouching.chain->text : ""});
}

Result<std::shared_ptr<Module>> Host::load_compiled(std::span<const std::byte> compiled, std::string name) {
  const auto read = embed::read_compiled(embed::text_of(compiled));
  if (!read) return embed::named(name, read.error());
  if (read->kind.fuel != parts_->kind.fuel) {
    return embed::named(name,
                        {.code = ErrorCode::kInvalidModule,
                         .message = "it was compiled by a host that counts fuel where this one doesn't, or "
                                    "the other way round: HostOptions::count_fuel"});
  }
  auto claims = BERTH_TRY(host::bounds_again(read->token, name, parts_->owner.trusts));
  return Module::Parts::open(shared_from_this(), read->image, std::move(name), read->module,
                             std::move(claims));
}

}  // namespace berth
