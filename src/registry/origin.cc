// SPDX-License-Identifier: Apache-2.0
#include "registry/origin.h"

#include <fmt/format.h>

#include "base/os/file.h"
#include "base/units.h"
#include "base/unix_time.h"
#include "providers/content/service.h"
#include "providers/content/target.h"
#include "providers/content/tree.h"
#include "registry/credentials.h"
#include "registry/refused.h"
#include "registry/registries_file.h"

namespace berth::registry {
namespace {

constexpr uint64_t kMostRoots = 1 << 20;

Result<void> check_size(uint64_t bytes) {
  if (bytes <= kLargestModule) return {};
  return fail(ErrorCode::kLimit, fmt::format("it has {}, and the largest module that is taken {}",
                                             format_bytes(bytes), format_bytes(kLargestModule)));
}

/// One name being pulled.
class Origin {
 public:
  Origin(const Store& store, const OriginOptions& options, Name name, std::optional<Locked> locked)
      : store_(store), options_(options), name_(std::move(name)), text_(to_text(name_)), locked_(locked) {}

  /// What the store has of it already; with kAlways not whether it still is what the name stands for.
  Result<std::optional<Located>> kept() const;
  Result<Located> pull();

 private:
  Result<Located> pull_artifact(OciName name);
  Result<Located> pull_web(const WebName& name);
  Result<Located> pull_content(const ContentName& name);
  Result<FetchedManifest> module_manifest(Repository& repository, const OciName& name, Manifest& manifest);
  Result<Blob> bring(Repository& repository, const Descriptor& layer, Located& located);
  Result<Located> acknowledge(Record record, Located located);
  Result<void> make_room();
  Result<std::optional<Located>> by_manifest(const OciName& name) const;
  Result<std::optional<Located>> by_digits(const StoreName& name) const;
  Result<std::optional<Located>> by_digest(const Digest& digest, std::optional<Record> record) const;
  Transfer& transfer() {
    return options_.transfer != nullptr ? *options_.transfer : unseen_;
  }

  const Store& store_;
  const OriginOptions& options_;
  const Name name_;
  const std::string text_;
  const std::optional<Locked> locked_;
  Transfer unseen_;
  uint64_t store_bytes_ = 0;  // the most that the store takes
};

Result<std::optional<Located>> Origin::by_digest(const Digest& digest, std::optional<Record> record) const {
  auto blob = BERTH_TRY(store_.find(digest));
  if (!blob) return std::nullopt;
  Located located{.path = store_.blob_path(digest),
                  .name = short_name(name_),
                  .digest = digest,
                  .record = std::move(record)};
  located.held = std::move(blob);
  return located;
}

Result<std::optional<Located>> Origin::by_manifest(const OciName& name) const {
  const auto text = BERTH_TRY(store_.read(*name.manifest, kMostManifest));
  if (!text) return std::nullopt;
  const auto manifest = parse_manifest(*text, kManifestType);
  const auto layer = manifest && !manifest->index ? module_layer(*manifest, name.module)
                                                  : Result<Descriptor>(std::unexpected(Error{}));
  if (!layer) return std::nullopt;
  return by_digest(layer->digest, std::nullopt);
}

Result<std::optional<Located>> Origin::by_digits(const StoreName& name) const {
  const auto found = store_.beginning_with(name.digits);
  if (found.size() > 1) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' are several modules of the store, {} and {}: write more digits", text_,
                            found[0].text(), found[1].text()));
  }
  if (found.empty()) return std::nullopt;
  return by_digest(found.front(), std::nullopt);
}

Result<std::optional<Located>> Origin::kept() const {
  if (locked_) return by_digest(locked_->module, std::nullopt);
  if (const auto* const digits = std::get_if<StoreName>(&name_)) return by_digits(*digits);
  if (auto record = BERTH_TRY(store_.record(text_))) {
    if (record->yanked && options_.told)
      options_.told(fmt::format("{} was yanked: nothing new should use it", text_));
    const Digest digest = record->module;
    return by_digest(digest, std::move(record));
  }
  const auto* const oci = std::get_if<OciName>(&name_);
  if (oci != nullptr && oci->manifest) return by_manifest(*oci);
  const auto* const web = std::get_if<WebName>(&name_);
  if (web != nullptr && web->module) return by_digest(*web->module, std::nullopt);
  return std::nullopt;
}

/// The manifest that lists the module's layer: the one that is named, or the one of an index that is for
/// WebAssembly.
Result<FetchedManifest> Origin::module_manifest(Repository& repository, const OciName& name,
                                                Manifest& manifest) {
  const auto about = [&](const Error& error) {
    return fail(error.code, fmt::format("'{}': {}", text_, error.message));
  };
  FetchedManifest fetched = BERTH_TRY(repository.manifest(name.reference()));
  for (int depth = 0;; ++depth) {
    auto parsed = parse_manifest(fetched.text, fetched.media_type);
    if (!parsed) return about(parsed.error());
    manifest = *std::move(parsed);
    if (!manifest.index) return fetched;
    const auto entry = wasm_entry(manifest);
    if (!entry) return about(entry.error());
    if (depth == 1) return about({.code = ErrorCode::kInvalidModule, .message = "its index lists an index"});
    fetched = BERTH_TRY(repository.manifest(entry->digest.text()));
  }
}

/// A blob of the store, downloaded unless it is there whole.
Result<Blob> Origin::bring(Repository& repository, const Descriptor& layer, Located& located) {
  if (auto there = BERTH_TRY(store_.find(layer.digest, Trust::kBytes))) return *std::move(there);
  bool resumed = false;
  for (;;) {
    Wanted wanted = BERTH_TRY(store_.want(layer.digest, [&] {
      if (options_.told) options_.told(fmt::format("another berth is pulling {}: waiting for it", text_));
    }));
    if (wanted.there) return *std::move(wanted.there);
    resumed = !resumed && wanted.incoming->have() > 0;
    BERTH_TRY_VOID(repository.blob(layer, *wanted.incoming, transfer()));
    located.fetched = true;
    auto kept = store_.keep(std::move(wanted.incoming), layer.digest);
    // What was left by whoever was cut off may be spoilt: once more, all of it.
    if (!kept && kept.error().code == ErrorCode::kInvalidModule && resumed) continue;
    if (!kept) return fail(kept.error().code, fmt::format("'{}': {}", text_, kept.error().message));
    return *std::move(kept);
  }
}

Result<Located> Origin::acknowledge(Record record, Located located) {
  const auto before = store_.record(record.name);
  if (before && *before) {
    record.pinned = record.pinned || (*before)->pinned;
    const bool same = (*before)->module == record.module && (*before)->manifest == record.manifest;
    record.yanked = same && (*before)->yanked;
    if (same) record.pulled = (*before)->pulled;
  }
  if (!before || !*before || **before != record) BERTH_TRY_VOID(store_.put(record));
  located.record = std::move(record);
  located.held->file.share();
  if (located.fetched) BERTH_TRY_VOID(make_room());
  return located;
}

/// The store takes no more than its user lets it.
Result<void> Origin::make_room() {
  if (store_.size() <= store_bytes_) return {};
  const Removed removed = BERTH_TRY(store_.collect(store_bytes_));
  if (options_.told && !removed.names.empty())
    options_.told(fmt::format("the store was full: {} that {} used for the longest time gave way",
                              removed.names.size(), removed.names.size() == 1 ? "wasn't" : "weren't"));
  return {};
}

Result<Located> Origin::pull_artifact(OciName name) {
  if (locked_ && locked_->manifest) {
    name.manifest = locked_->manifest;
    name.module = locked_->module;
  }
  const web::WebOptions web = BERTH_TRY(web_options(options_));
  std::string config = BERTH_TRY(docker_config());
  const auto repository = BERTH_TRY(Repository::open(name, web, std::move(config)));
  if (name.tag.starts_with('^')) {
    const auto tag = highest_tag(BERTH_TRY(repository->tags()), name.tag);
    if (!tag)
      return fail(ErrorCode::kNotFound, fmt::format("'{}': no tag there is a version that stands for {}",
                                                    text_, name.tag.substr(1)));
    name.tag = *tag;
  }
  Manifest manifest;
  const FetchedManifest fetched = BERTH_TRY(module_manifest(*repository, name, manifest));
  const auto layer = module_layer(manifest, name.module);
  const auto fits = layer ? check_size(layer->size) : std::unexpected(layer.error());
  if (!fits) return fail(fits.error().code, fmt::format("'{}': {}", text_, fits.error().message));
  if (locked_ && layer->digest != locked_->module)
    return fail(ErrorCode::kDenied, fmt::format("'{}' is {}, and not {} as the lock says", text_,
                                                layer->digest.text(), locked_->module.text()));
  Located located{.path = store_.blob_path(layer->digest),
                  .name = short_name(name_),
                  .digest = layer->digest,
                  .record = {}};
  located.held = BERTH_TRY(bring(*repository, *layer, located));
  const Blob kept = BERTH_TRY(store_.keep(fetched.text));
  const Record record{.name = text_,
                      .manifest = fetched.digest,
                      .module = layer->digest,
                      .size = layer->size,
                      .pulled = unix_seconds(),
                      .pinned = options_.pin,
                      .yanked = false,
                      .annotations = manifest.annotations};
  return acknowledge(record, std::move(located));
}

Result<Located> Origin::pull_web(const WebName& name) {
  const std::optional<Digest> wanted = locked_ ? locked_->module : name.module;
  Located located{.path = {}, .name = short_name(name_), .digest = {}, .record = {}};
  if (wanted) located.held = BERTH_TRY(store_.find(*wanted, Trust::kBytes));
  if (!located.held) {
    std::unique_ptr<Incoming> incoming;
    if (wanted) {
      Wanted wants = BERTH_TRY(store_.want(*wanted));
      located.held = std::move(wants.there);
      incoming = std::move(wants.incoming);
      // Nobody says which bytes those that were cut off belong to.
      if (incoming) BERTH_TRY_VOID(incoming->restart());
    } else {
      incoming = BERTH_TRY(store_.want_unknown());
    }
    if (incoming) {
      web::WebOptions trusting = BERTH_TRY(web_options(options_));
      const auto web = BERTH_TRY(web::Web::create(name.url, std::move(trusting)));
      const web::WebAsk ask{.url = name.url,
                            .most_bytes = kLargestModule,
                            .most_time = transfer_time(kLargestModule),
                            .head = [](const engine::AnswerHead&) -> Result<void> { return {}; },
                            .bytes = [&](std::string_view bytes) -> Result<void> {
                              transfer().done += bytes.size();
                              return incoming->add(bytes);
                            }};
      const auto answer = web->ask(ask);
      const bool came = answer && answer->status == 200;
      if (!came && !wanted) BERTH_TRY_VOID(incoming->file().remove());
      if (!answer) return std::unexpected(answer.error());
      if (!came) return refused(*answer, "pulling " + name.url.substr(0, name.url.find('?')));
      auto kept = store_.keep(std::move(incoming), wanted);
      if (!kept) return fail(kept.error().code, fmt::format("'{}': {}", text_, kept.error().message));
      located.held = *std::move(kept);
      located.fetched = true;
    }
  }
  located.path = located.held->file.path();
  located.digest = parse_digest("sha256:" + located.path.substr(located.path.rfind('/') + 1));
  const Record record{.name = text_,
                      .manifest = {},
                      .module = *located.digest,
                      .size = located.held->file.size(),
                      .pulled = unix_seconds(),
                      .pinned = options_.pin,
                      .yanked = false,
                      .annotations = {}};
  return acknowledge(record, std::move(located));
}

/// Each block is checked, so what comes is what the name says; kept as it comes, a module of any other name.
Result<Located> Origin::pull_content(const ContentName& name) {
  const auto about = [&](const Error& error) {
    return fail(error.code, fmt::format("'{}': {}", text_, error.message));
  };
  const auto service = BERTH_TRY(content::Service::open());
  const content::Target target = BERTH_TRY(content::read_target(name.path));
  const auto reading = service->read({});
  const auto cid = content::resolve(*reading, target.path);
  if (!cid) return about(cid.error());
  reading->expect(content::Wanted::all(*cid));
  const auto file = content::open_node(*reading, *cid);
  if (!file) return about(file.error());
  if (file->kind != content::Node::Kind::kFile)
    return fail(ErrorCode::kInvalidModule,
                fmt::format("'{}' is a {}: name a module in it", text_, content::kind_name(file->kind)));
  if (auto fits = check_size(file->size); !fits) return about(fits.error());
  std::string bytes;
  const auto read =
      content::read_file(*reading, *file, 0, file->size, [&](std::string_view piece) -> Result<void> {
        bytes += piece;
        return {};
      });
  if (!read) return about(read.error());
  Located located{.path = {}, .name = short_name(name_), .digest = sha256(bytes), .record = {}};
  located.held = BERTH_TRY(store_.keep(bytes));
  located.path = located.held->file.path();
  located.fetched = true;
  const Digest digest = *located.digest;
  if (locked_ && digest != locked_->module)
    return fail(ErrorCode::kDenied, fmt::format("'{}' is {}, and not {} as the lock says", text_,
                                                digest.text(), locked_->module.text()));
  const Record record{.name = text_,
                      .manifest = {},
                      .module = digest,
                      .size = bytes.size(),
                      .pulled = unix_seconds(),
                      .pinned = options_.pin,
                      .yanked = false,
                      .annotations = {}};
  return acknowledge(record, std::move(located));
}

Result<Located> Origin::pull() {
  store_bytes_ = BERTH_TRY(read_registries()).store_bytes;
  if (const auto* const oci = std::get_if<OciName>(&name_)) return pull_artifact(*oci);
  if (const auto* const web = std::get_if<WebName>(&name_)) return pull_web(*web);
  if (const auto* const content = std::get_if<ContentName>(&name_)) return pull_content(*content);
  return fail(ErrorCode::kNotFound,
              fmt::format("'{}' isn't in the store, and a digest alone says no place to pull it "
                          "from: 'berth list' shows what is there",
                          text_));
}

}  // namespace

Result<web::WebOptions> web_options(const OriginOptions& options) {
  web::WebOptions web = options.web;
  if (!options.ca_file.empty()) web.roots = BERTH_TRY(read_file(options.ca_file, kMostRoots));
  return web;
}

Result<Pull> parse_pull(std::string_view text) {
  if (text == "missing") return Pull::kMissing;
  if (text == "always") return Pull::kAlways;
  if (text == "never") return Pull::kNever;
  return fail(ErrorCode::kInvalidArgument, fmt::format("--pull is always, missing or never, not '{}'", text));
}

Result<Located> locate(const std::string& text, const OriginOptions& options) {
  if (!has_scheme(text)) return located_file(text);
  Name name = BERTH_TRY(parse_name(text));
  const Store store = BERTH_TRY(Store::open_users());
  std::optional<Locked> locked;
  if (options.lock_file && !std::holds_alternative<StoreName>(name)) {
    const LockFile lock = BERTH_TRY(read_lock(*options.lock_file));
    const auto found = lock.find(to_text(name));
    if (found == lock.end())
      return fail(ErrorCode::kDenied, fmt::format("'{}' isn't in '{}': 'berth pull --lock' adds it",
                                                  to_text(name), *options.lock_file));
    locked = found->second;
  }
  Origin origin(store, options, std::move(name), locked);
  const bool asks = options.pull == Pull::kAlways && text.find("://") != std::string::npos;
  if (!asks) {
    if (auto kept = BERTH_TRY(origin.kept())) return *std::move(kept);
  }
  if (options.pull == Pull::kNever)
    return fail(ErrorCode::kNotFound,
                fmt::format("'{}' isn't in the store, and --pull=never asks nobody for it", text));
  return origin.pull();
}

}  // namespace berth::registry
