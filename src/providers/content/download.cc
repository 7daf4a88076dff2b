// SPDX-License-Identifier: Apache-2.0
#include "providers/content/download.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/digest.h"
#include "base/os/file.h"
#include "base/os/thread.h"
#include "providers/content/links.h"
#include "providers/content/walk.h"

namespace berth::content {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How far it may be ahead of those who read.
constexpr size_t kMostAside = 16 << 20;
constexpr size_t kDeepest = 1024;
/// Another process that brings the same is waited for, unless nothing comes for so long.
constexpr auto kLook = 10ms;
constexpr auto kPatience = 5s;
/// How often who brings it tells them that something came.
constexpr auto kTell = 1s;
constexpr auto kMostWaitForPlace = 30s;
/// A block may come into the store by another download as well.
constexpr auto kLookAgain = 500ms;

}  // namespace

std::optional<Result<void>> Payer::pay(uint64_t bytes) {
  const std::lock_guard guard(lock_);
  if (left_) return std::nullopt;
  if (refused_) return std::unexpected(*refused_);
  if (!charge_) return Result<void>();
  auto paid = charge_(bytes);
  if (!paid) {
    refused_ = paid.error();
    has_refused_ = true;
  }
  return paid;
}

void Payer::leave() {
  const std::lock_guard guard(lock_);
  left_ = true;
}

std::optional<Error> Payer::refusal() const {
  return has_refused_ ? refused_ : std::nullopt;
}

Result<Places::Place> Places::take(const std::stop_token& stop) {
  std::unique_lock guard(lock_);
  const bool there = changed_.wait_for(guard, stop, kMostWaitForPlace, [&] { return free_ > 0; });
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "it was cancelled");
  if (!there) return fail(ErrorCode::kUnavailable, "too many downloads are under way: try again later");
  --free_;
  return Place(this);
}

void Places::Give::operator()(Places* places) const {
  const std::lock_guard guard(places->lock_);
  ++places->free_;
  places->changed_.notify_one();
}

Download::Download(Store& store, Gateways& gateways, Wanted wanted, Errand::More more,
                   std::shared_ptr<Payer> payer, Places::Place place)
    : store_(store), wanted_(std::move(wanted)), place_(std::move(place)) {
  payers_.push_back(std::move(payer));
  errand_ = std::make_unique<Errand>(
      gateways, store_, stop_.get_token(),
      Purse{.charge = [this](uint64_t bytes) { return charge(bytes); },
            .tell = [this](const Came& came) { tell(came); }},
      [this](const Cid& cid, std::string_view bytes) { return keep(cid, bytes); }, std::move(more));
  auto thread = start_thread([this] { work(stop_.get_token()); });
  if (thread) {
    thread_ = *std::move(thread);
  } else {
    over_ = std::unexpected(std::move(thread).error());
    place_.reset();
  }
}

Download::~Download() {
  stop_.request_stop();
}

bool Download::join(const std::shared_ptr<Payer>& payer) {
  const std::lock_guard guard(lock_);
  if (over_ || payers_.empty()) return false;
  payers_.push_back(payer);
  return true;
}

void Download::leave(const std::shared_ptr<Payer>& payer) {
  const std::lock_guard guard(lock_);
  std::erase(payers_, payer);
  if (payers_.empty()) stop_.request_stop();
}

/// The first who is still there and can.
Result<void> Download::charge(uint64_t bytes) {
  std::optional<Error> refused;
  for (;;) {
    std::shared_ptr<Payer> payer;
    {
      const std::lock_guard guard(lock_);
      if (payers_.empty()) break;
      payer = payers_.front();
    }
    const auto paid = payer->pay(bytes);
    if (paid && *paid) return {};
    if (paid) refused = paid->error();
    const std::lock_guard guard(lock_);
    std::erase(payers_, payer);
    changed_.notify_all();
  }
  if (refused) return std::unexpected(*refused);
  return fail(ErrorCode::kCancelled, "nobody reads it any more");
}

/// In the tally of who pays now.
void Download::tell(const Came& more) {
  const std::lock_guard guard(lock_);
  if (payers_.empty()) return;
  payers_.front()->tally().add(more);
  if (more.blocks > 0) told_last_ = payers_.front();
}

Result<void> Download::keep(const Cid& cid, std::string_view bytes) {
  BERTH_TRY_VOID(store_.cache(cid, bytes));
  put_aside(cid, bytes);
  const std::lock_guard guard(lock_);
  if (coming_ != nullptr && Clock::now() - told_ >= kTell) {
    told_ = Clock::now();
    (void)coming_->append(".");
  }
  return {};
}

void Download::put_aside(const Cid& cid, std::string_view bytes) {
  std::unique_lock guard(lock_);
  const auto room = [&] { return waiting_ > 0 || aside_bytes_ + bytes.size() <= kMostAside; };
  changed_.wait(guard, stop_.get_token(), room);
  while (aside_bytes_ + bytes.size() > kMostAside && !order_.empty()) {
    const auto oldest = aside_.find(order_.front());
    if (oldest != aside_.end()) {
      aside_bytes_ -= oldest->second.bytes.size();
      aside_.erase(oldest);
    }
    order_.pop_front();
  }
  std::string name = cid.hash.bytes();
  const auto [at, fresh] = aside_.try_emplace(name, std::string(bytes), told_last_);
  if (fresh) {
    aside_bytes_ += bytes.size();
    order_.push_back(std::move(name));
  }
  if (waiting_ > 0) changed_.notify_all();
}

/// Others who read the same find it as well.
std::optional<std::string> Download::take(const std::string& name, const Payer& payer) {
  const auto found = aside_.find(name);
  if (found == aside_.end()) return std::nullopt;
  // It came for another one.
  if (found->second.paid.lock().get() != &payer) payer.tally().add_stored(found->second.bytes.size());
  if (payers_.size() > 1) return found->second.bytes;
  std::string bytes = std::move(found->second.bytes);
  aside_bytes_ -= bytes.size();
  aside_.erase(found);
  if (const auto place = std::ranges::find(order_, name); place != order_.end()) order_.erase(place);
  changed_.notify_all();
  return bytes;
}

std::optional<std::string> Download::taken(const Cid& cid, const Payer& payer) {
  const std::lock_guard guard(lock_);
  return take(cid.hash.bytes(), payer);
}

std::optional<std::string> Download::wait(const Cid& cid, const Payer& payer, const std::stop_token& stop) {
  const std::string name = cid.hash.bytes();
  const auto give_up = Clock::now() + kPatience;
  std::unique_lock guard(lock_);
  ++waiting_;
  changed_.notify_all();
  std::optional<std::string> bytes;
  for (;;) {
    bytes = take(name, payer);
    if (bytes) break;
    if (over_ || stop.stop_requested() || payer.refusal()) break;
    guard.unlock();
    const bool there = store_.has(cid);
    guard.lock();
    if (there && !aside_.contains(name)) break;
    if (there) continue;
    if (elsewhere_) {
      if (Clock::now() > give_up) elsewhere_ = false;
      changed_.wait_for(guard, stop, kLook, [] { return false; });
    } else {
      const auto came = [&] { return over_ || elsewhere_ || aside_.contains(name) || payer.refusal(); };
      changed_.wait_for(guard, stop, kLookAgain, came);
    }
  }
  --waiting_;
  changed_.notify_all();
  return bytes;
}

Result<void> Download::end(const std::stop_token& stop) {
  std::unique_lock guard(lock_);
  ++waiting_;
  changed_.notify_all();
  changed_.wait(guard, stop, [&] { return over_.has_value(); });
  --waiting_;
  if (!over_) return fail(ErrorCode::kCancelled, "it was cancelled");
  return *over_;
}

bool Download::is_over() const {
  const std::lock_guard guard(lock_);
  return over_.has_value();
}

/// What is in the store is left, what lacks is asked for: of a node all below it, of a file that lacks some
/// of its parts those.
class Download::Fill {
 public:
  Fill(Store& store, Errand& errand, std::stop_token stop)
      : store_(store), errand_(errand), stop_(std::move(stop)) {}

  Result<void> all(const Wanted& wanted) {
    if (wanted.scope == Scope::kBlock && wanted.path.names.empty()) return leaf(wanted.path.root);
    if (!is_there(wanted.path.root)) {
      const auto got = BERTH_TRY(errand_.car(wanted));
      if (got == Errand::Got::kAll) return {};
    }
    Blocks blocks(*this);
    const Cid cid = BERTH_TRY(resolve(blocks, wanted.path));
    if (wanted.scope == Scope::kAll) return below(cid, 0);
    const Node node = BERTH_TRY(open_node(blocks, cid));
    if (wanted.scope == Scope::kBlock) return {};
    if (node.kind == Node::Kind::kFile) return range(node, wanted.from, wanted.to.value_or(UINT64_MAX), 0);
    if (node.kind == Node::Kind::kDirectory)
      return list(blocks, node, [](const PbLink&) -> Result<void> { return {}; });
    return {};
  }

 private:
  /// The store, and what lacks there block by block.
  class Blocks : public BlockSource {
   public:
    explicit Blocks(Fill& fill) : fill_(fill) {}
    Result<std::string> get(const Cid& cid) override {
      if (!fill_.is_there(cid)) BERTH_TRY_VOID(fill_.errand_.block(cid));
      auto bytes = fill_.store_.get(cid);
      if (bytes) return bytes;
      // Damaged on the disk: whole again when it comes again.
      BERTH_TRY_VOID(fill_.errand_.block(cid));
      return fill_.store_.get(cid);
    }

   private:
    Fill& fill_;
  };

  bool is_there(const Cid& cid) const {
    return store_.has(cid);
  }

  struct Fewer {
    size_t by = 0;
    void operator()(size_t* all) const {
      *all -= by;
    }
  };
  using Waiting = std::unique_ptr<size_t, Fewer>;

  /// So many links are held, until it is gone.
  Result<Waiting> hold(const Cid& cid, size_t links) {
    waiting_ += links;
    Waiting held(&waiting_, {.by = links});
    if (waiting_ > Walk().most_waiting)
      return fail(ErrorCode::kLimit, fmt::format("the block {}: more than {} links are to be followed",
                                                 cid.text(), Walk().most_waiting));
    return held;
  }

  Result<void> may_go_on(const Cid& cid, size_t depth) const {
    if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "it was cancelled");
    if (depth < kDeepest) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the block {} stands deeper than {} blocks", cid.text(), kDeepest));
  }

  /// Read where it is there: one that is damaged comes again.
  Result<void> leaf(const Cid& cid) {
    return is_there(cid) && store_.get(cid) ? Result<void>() : errand_.block(cid);
  }

  Result<std::vector<Cid>> links_in(const Cid& cid) {
    Blocks blocks(*this);
    const std::string bytes = BERTH_TRY(blocks.get(cid));
    return links_of(cid.codec, bytes);
  }

  /// All below a CID.
  Result<void> below(const Cid& cid, size_t depth) {
    BERTH_TRY_VOID(may_go_on(cid, depth));
    if (!seen_.insert(cid.hash.bytes()).second) return {};
    if (cid.codec == Codec::kRaw) return leaf(cid);
    if (!is_there(cid)) {
      const auto got = BERTH_TRY(errand_.car(Wanted::all(cid)));
      if (got == Errand::Got::kAll) return {};
    }
    const std::vector<Cid> links = BERTH_TRY(links_in(cid));
    const auto held = BERTH_TRY(hold(cid, links.size()));
    if (cid.codec == Codec::kDagPb) {
      Blocks blocks(*this);
      const auto node = open_node(blocks, cid);
      if (node && node->kind == Node::Kind::kFile) return range(*node, 0, UINT64_MAX, depth + 1);
    }
    // Where most lack, some blocks that come again are cheaper than a request for each.
    const auto lacking =
        static_cast<size_t>(std::ranges::count_if(links, [&](const Cid& link) { return !is_there(link); }));
    if (lacking > 1 && 2 * lacking >= links.size() &&
        BERTH_TRY(errand_.car(Wanted::all(cid))) == Errand::Got::kAll)
      return {};
    for (const Cid& link : links) BERTH_TRY_VOID(below(link, depth + 1));
    return {};
  }

  /// A file's bytes, in their order.
  Result<void> range(const Node& node, uint64_t from, uint64_t to, size_t depth) {
    BERTH_TRY_VOID(may_go_on(node.cid, depth));
    Blocks blocks(*this);
    const auto parts = BERTH_TRY(parts_of(node, from, to));
    const auto held = BERTH_TRY(hold(node.cid, parts.size()));
    for (size_t i = 0; i < parts.size(); ++i) {
      const FilePart& part = parts[i];
      const bool whole = from <= part.begin && part.end <= to;
      if (whole && !seen_.insert(part.cid.hash.bytes()).second) continue;
      if (!is_there(part.cid)) {
        if (const auto last = BERTH_TRY(rest_of(node, parts, i, from, to))) {
          i = *last;
          continue;
        }
      }
      if (part.cid.codec == Codec::kRaw) {
        BERTH_TRY_VOID(leaf(part.cid));
        continue;
      }
      const Node next = BERTH_TRY(open_node(blocks, part.cid));
      if (next.kind != Node::Kind::kFile)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("the block {}: it is part of a file, and no file itself", part.cid.text()));
      BERTH_TRY_VOID(range(next, from > part.begin ? from - part.begin : 0,
                           std::min(to, part.end) - part.begin, depth + 1));
    }
    return {};
  }

  /// From a part that lacks to the last that does, by one answer where it can be: the last that is complete
  /// then, or nothing.
  Result<std::optional<size_t>> rest_of(const Node& node, const std::vector<FilePart>& parts, size_t first,
                                        uint64_t from, uint64_t to) {
    size_t last = parts.size() - 1;
    while (last > first && is_there(parts[last].cid)) --last;
    if (last == first && parts[first].cid.codec == Codec::kRaw) {
      BERTH_TRY_VOID(errand_.block(parts[first].cid));
      return first;
    }
    const auto got = BERTH_TRY(errand_.car({.path = {.root = node.cid, .names = {}},
                                            .scope = Scope::kEntity,
                                            .from = std::max(parts[first].begin, from),
                                            .to = std::min(parts[last].end, to)}));
    if (got == Errand::Got::kAll) return last;
    return std::nullopt;
  }

  Store& store_;
  Errand& errand_;
  const std::stop_token stop_;
  std::unordered_set<std::string> seen_;
  size_t waiting_ = 0;  // links
};

Result<void> Download::bring() {
  return Fill(store_, *errand_, stop_.get_token()).all(wanted_);
}

/// One process of several brings it: the others find it in the store.
void Download::work(const std::stop_token& stop) {
  const std::string folder = store_.folders().kept + "/coming";
  (void)make_private_folder(folder);
  const std::string path = fmt::format("{}/{}", folder, sha256(wanted_.url_part()).hex());
  auto locked = LockedFile::make(path, LockedFile::Wait::kNo);
  {
    std::unique_lock guard(lock_);
    elsewhere_ = locked && !*locked;
  }
  auto give_up = Clock::now() + kPatience;
  uint64_t told = 0;
  while (locked && !*locked && !stop.stop_requested() && Clock::now() < give_up) {
    std::unique_lock guard(lock_);
    changed_.wait_for(guard, stop, kLook, [] { return false; });
    if (!elsewhere_) break;
    guard.unlock();
    // It grows as long as something comes there.
    std::error_code gone;
    const uint64_t now = std::filesystem::file_size(path, gone);
    if (std::exchange(told, now) != now) give_up = Clock::now() + kPatience;
    locked = LockedFile::make(path, LockedFile::Wait::kNo);
  }
  {
    std::unique_lock guard(lock_);
    elsewhere_ = false;
    if (locked && *locked) coming_ = &**locked;
  }
  auto brought = stop.stop_requested() ? fail(ErrorCode::kCancelled, "it was cancelled") : bring();
  if (locked && *locked) (void)(*locked)->remove();
  place_.reset();
  const std::lock_guard guard(lock_);
  coming_ = nullptr;
  over_ = std::move(brought);
  changed_.notify_all();
}

}  // namespace berth::content
