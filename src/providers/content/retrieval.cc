// SPDX-License-Identifier: Apache-2.0
#include "providers/content/retrieval.h"

#include <fmt/format.h>

#include <algorithm>

#include "providers/content/routing.h"

namespace berth::content {
namespace {

constexpr size_t kMostFound = 16;  // gateways that routers name

/// "h" of "http://h:1/a".
std::string host_of(const std::string& url) {
  const std::string authority = web::authority_of(url);
  const size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string::npos && authority.find(']', colon) == std::string::npos;
  return authority.substr(0, has_port ? colon : std::string::npos);
}

}  // namespace

Result<std::unique_ptr<Retrieval>> Retrieval::create(Store& store, const RetrievalOptions& options) {
  auto gateways = BERTH_TRY(Gateways::create(options.gateways, options.web, options.memory));
  for (const std::string& url : options.routers) BERTH_TRY(Router::create(url, options.web));
  return std::unique_ptr<Retrieval>(new Retrieval(store, std::move(gateways), options));
}

Retrieval::~Retrieval() = default;

std::unique_ptr<Reading> Retrieval::read(std::function<Result<void>(uint64_t)> charge,
                                         std::shared_ptr<Tally> tally) {
  if (tally == nullptr) tally = std::make_shared<Tally>();
  return std::unique_ptr<Reading>(
      new Reading(*this, std::make_shared<Payer>(std::move(charge), std::move(tally))));
}

/// Whom the routers name, the first of them that names any.
std::vector<std::shared_ptr<Gateway>> Retrieval::seek(const Cid& root, const std::stop_token& stop) {
  std::vector<std::shared_ptr<Gateway>> found;
  for (const std::string& url : routers_) {
    auto router = Router::create(url, web_);
    if (!router) continue;
    const std::stop_callback stopping(stop, [&] { (*router)->stop(); });
    std::vector<std::string> urls;
    (void)(*router)->providers(root, Router::Kind::kGateways, [&](const Provider& provider) {
      urls.insert(urls.end(), provider.gateways.begin(), provider.gateways.end());
      return urls.size() < kMostFound;
    });
    for (const std::string& one : urls) {
      // A router on this machine passes on what anybody wrote: that leads to nothing else in the local
      // network.
      const bool may_be_local = (*router)->is_local() && host_of(one) == host_of(url);
      if (auto gateway = gateways_->found(one, may_be_local); gateway && found.size() < kMostFound)
        found.push_back(*std::move(gateway));
    }
    if (!found.empty() || stop.stop_requested()) break;
  }
  by_standing(found);
  const auto twice = std::ranges::unique(found);
  found.erase(twice.begin(), twice.end());
  return found;
}

/// The one that goes on, or a new one.
Result<std::shared_ptr<Download>> Retrieval::download(const Wanted& wanted,
                                                      const std::shared_ptr<Payer>& payer,
                                                      const std::stop_token& stop) {
  Places::Place place;
  for (;;) {
    std::shared_ptr<Download> before;  // may end with this, which waits for its thread: not under the lock
    {
      const std::lock_guard guard(lock_);
      std::erase_if(downloads_, [](const auto& entry) { return entry.second.expired(); });
      auto& entry = downloads_[wanted.url_part()];
      before = entry.lock();
      if (before && before->join(payer)) return before;
      if (place) {
        Errand::More more;
        if (!routers_.empty())
          more = [this, root = wanted.path.root](const std::stop_token& end) { return seek(root, end); };
        auto fresh =
            std::make_shared<Download>(store_, *gateways_, wanted, std::move(more), payer, std::move(place));
        entry = fresh;
        return fresh;
      }
    }
    place = BERTH_TRY(places_.take(stop));
  }
}

Reading::~Reading() {
  cancel();
  payer_->leave();
  leave(download_);
}

void Reading::cancel() {
  stop_.request_stop();
}

void Reading::leave(const std::shared_ptr<Download>& download) {
  if (download) download->leave(payer_);
}

void Reading::expect(Wanted wanted) {
  std::shared_ptr<Download> before;
  {
    const std::lock_guard guard(lock_);
    wanted_ = std::move(wanted);
    before = std::exchange(download_, nullptr);
  }
  leave(before);
}

/// What brings what is expected; nothing where nothing is.
Result<std::shared_ptr<Download>> Reading::expected() {
  std::unique_lock guard(lock_);
  if (download_ || !wanted_) return download_;
  const Wanted wanted = *wanted_;
  guard.unlock();
  auto download = BERTH_TRY(all_.download(wanted, payer_, stop_.get_token()));
  guard.lock();
  if (!download_) download_ = std::move(download);
  return download_;
}

Result<std::string> Reading::from_store(const Cid& cid) {
  auto bytes = all_.store_.get(cid);
  if (bytes) payer_->tally().add_stored(bytes->size());
  return bytes;
}

Result<std::string> Reading::get(const Cid& cid) {
  if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "it was cancelled");
  {
    std::unique_lock guard(lock_);
    const auto download = download_;
    guard.unlock();
    if (download) {
      if (auto bytes = download->taken(cid, *payer_)) return *std::move(bytes);
    }
  }
  if (is_inline(cid) || all_.store_.has(cid)) {
    auto there = from_store(cid);
    if (there || all_.offline_) return there;  // one that is damaged comes again
  }
  if (all_.offline_) return missing(cid);
  if (const auto download = BERTH_TRY(expected()); download && !download->is_over()) {
    if (auto bytes = download->wait(cid, *payer_, stop_.get_token())) return *std::move(bytes);
    if (auto there = from_store(cid)) return there;
  }
  if (const auto refused = payer_->refusal()) return std::unexpected(*refused);
  if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "it was cancelled");
  return alone(cid);
}

Result<std::string> Reading::alone(const Cid& cid) {
  const Wanted wanted{.path = {.root = cid, .names = {}}, .scope = Scope::kBlock};
  const auto download = BERTH_TRY(all_.download(wanted, payer_, stop_.get_token()));
  const auto ended = download->end(stop_.get_token());
  auto bytes = download->taken(cid, *payer_);
  leave(download);
  if (const auto refused = payer_->refusal()) return std::unexpected(*refused);
  if (!ended) return std::unexpected(ended.error());
  if (bytes) return *std::move(bytes);
  return from_store(cid);
}

Result<void> Reading::bring() {
  if (all_.offline_) return {};
  const auto download = BERTH_TRY(expected());
  if (!download) return {};
  auto ended = download->end(stop_.get_token());
  if (const auto refused = payer_->refusal()) return std::unexpected(*refused);
  return ended;
}

}  // namespace berth::content
