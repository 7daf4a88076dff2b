// SPDX-License-Identifier: Apache-2.0
#include "registry/incoming.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace berth::registry {
namespace {

constexpr uint64_t kPiece = 256 << 10;  // stays in the processor's cache
constexpr uint64_t kWrittenEarly = 8 << 20;

}  // namespace

std::unique_ptr<Incoming> Incoming::start(LockedFile file) {
  auto incoming = std::unique_ptr<Incoming>(new Incoming(std::move(file)));
  incoming->begin();
  return incoming;
}

Incoming::~Incoming() {
  end();
}

void Incoming::begin() {
  have_ = file_.size();
  written_ = have_;
  over_ = false;
  failed_.reset();
  sha_ = Sha256();
  thread_ = std::thread([this] { hash(); });
}

void Incoming::end() {
  over_ = true;
  ++turns_;
  turns_.notify_one();
  if (thread_.joinable()) thread_.join();
}

/// Reads what was written back from the file, so that what is hashed is what is in it.
void Incoming::hash() {
  std::vector<char> piece(kPiece);
  for (uint64_t at = 0;;) {
    const uint32_t turn = turns_;
    const bool over = over_;
    const uint64_t written = written_;
    if (written - at < kPiece && !over) {
      turns_.wait(turn);
      continue;
    }
    if (at == written) return;
    const auto got = file_.read_at(at, std::span(piece.data(), std::min(kPiece, written - at)));
    if (!got || *got == 0) {
      failed_ = got ? Error{.code = ErrorCode::kUnavailable,
                            .message = "reading '" + file_.path() + "': it was cut off"}
                    : got.error();
      return;
    }
    sha_.add({piece.data(), *got});
    if (at / kWrittenEarly != (at + *got) / kWrittenEarly) file_.write_early();
    at += *got;
  }
}

Result<void> Incoming::add(std::string_view bytes) {
  BERTH_TRY_VOID(file_.append(bytes));
  const uint64_t before = have_;
  have_ += bytes.size();
  written_ = have_;
  if (before / kPiece != have_ / kPiece) {
    ++turns_;
    turns_.notify_one();
  }
  return {};
}

Result<void> Incoming::restart() {
  end();
  BERTH_TRY_VOID(file_.truncate(0));
  begin();
  return {};
}

Result<Digest> Incoming::digest() {
  end();
  if (failed_) return std::unexpected(*failed_);
  return sha_.digest();
}

}  // namespace berth::registry
