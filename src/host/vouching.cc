// SPDX-License-Identifier: Apache-2.0
#include "host/vouching.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/os/file.h"
#include "claims/sections.h"
#include "engine/hashes.h"
#include "host/berthing.h"

namespace berth::host {
namespace {

std::unexpected<Error> refused(const std::string& name, const Error& error) {
  return fail(error.code, fmt::format("'{}' is refused: {}", name, error.message));
}

Result<claims::Trust> read_trust(const std::string& file, const ReadText& read) {
  const std::string text = BERTH_TRY(read(file));
  claims::Trust trust = BERTH_TRY(claims::parse_trust(text, file));
  const std::string folder = std::filesystem::path(file).parent_path().string();
  for (claims::Trusted& signer : trust.signers) anchor(signer.most, folder.empty() ? "." : folder);
  return trust;
}

bool any_requires(std::span<const claims::Trust> trusts) {
  return std::ranges::any_of(trusts, &claims::Trust::require_signed);
}

/// What claims say of folders is compared as it stands: no file is looked at on a stranger's word.
Result<std::vector<policy::Bounds>> judged(const std::optional<claims::Chain>& chain, const std::string& name,
                                           std::span<const claims::Trust> trusts, uint64_t now) {
  auto bounds = claims::judge(chain, trusts, now);
  if (!bounds) return refused(name, bounds.error());
  for (policy::Bounds& one : *bounds) settle_content(one);
  return bounds;
}

/// Whether a file has a token, or anything like one; nothing of it is taken from here.
Result<bool> has_token(const std::string& path) {
  auto file = BERTH_TRY(FileReader::open(path));
  if (file.size() > registry::kLargestModule) return false;  // refused when it is read
  const auto read = [&](uint64_t offset, size_t size) { return file.at(offset, size); };
  const auto place = claims::find_token(read, file.size());
  if (place) return place->has_value();
  // What is no module at all is the engine's to refuse, which says more of it.
  return place.error().code == ErrorCode::kDenied;
}

}  // namespace

Result<std::vector<claims::Trust>> trusts_of(const AskedTrust& asked, const UserFolders& folders,
                                             const ReadText& read) {
  std::vector<claims::Trust> trusts;
  const std::string owners = folders.config + "/trust.toml";
  auto own = read_trust(owners, read);
  if (own) {
    trusts.push_back(*std::move(own));
  } else if (own.error().code != ErrorCode::kNotFound) {
    return std::unexpected(std::move(own).error());
  }
  if (asked.file) trusts.push_back(BERTH_TRY(read_trust(*asked.file, read)));
  if (!asked.require_signed) return trusts;
  // Of whom is trusted, the last word: the file that is asked for, else the owner's.
  if (trusts.empty()) trusts.push_back({.source = owners});
  trusts.back().require_signed = true;
  return trusts;
}

Result<Vouching> vouch_for_bytes(std::string_view bytes, const std::string& name,
                                 std::span<const claims::Trust> trusts, uint64_t now) {
  Vouching vouching;
  auto chain = claims::read_signed(bytes, engine::content_hash);
  if (chain) {
    vouching.chain = *std::move(chain);
  } else if (chain.error().code == ErrorCode::kDenied || any_requires(trusts)) {
    return refused(name, chain.error());
  }
  vouching.bounds = BERTH_TRY(judged(vouching.chain, name, trusts, now));
  return vouching;
}

Result<Vouching> vouch_for(const registry::Located& module, std::span<const claims::Trust> trusts,
                           uint64_t now) {
  if (!any_requires(trusts) && !has_token(module.path).value_or(false)) return Vouching();
  registry::ModuleFile file = BERTH_TRY(registry::read_located(module));
  Vouching vouching = BERTH_TRY(vouch_for_bytes(file.bytes, module.name, trusts, now));
  if (vouching.chain) vouching.file = std::move(file);
  return vouching;
}

Result<std::vector<policy::Bounds>> bounds_again(const std::string& token, const std::string& name,
                                                 std::span<const claims::Trust> trusts, uint64_t now) {
  std::optional<claims::Chain> chain;
  if (!token.empty()) {
    auto read = claims::read_chain(token);
    if (!read) return refused(name, read.error());
    chain = *std::move(read);
  }
  return judged(chain, name, trusts, now);
}

}  // namespace berth::host
