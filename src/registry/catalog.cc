// SPDX-License-Identifier: Apache-2.0
#include "registry/catalog.h"

#include <fmt/format.h>

#include <mutex>
#include <set>
#include <thread>

#include "registry/credentials.h"
#include "registry/oci.h"

namespace berth::registry {
namespace {

constexpr std::string_view kOci = "oci://";
constexpr uint64_t kMostConfig = 1 << 20;
constexpr size_t kThreads = 8;

/// What several threads read of one registry.
class Reading {
 public:
  explicit Reading(const CatalogOptions& options) : options_(options) {}

  Result<Catalog> of(const OciName& shelf);

 private:
  Result<std::unique_ptr<Repository>> open(const OciName& name) const {
    return Repository::open(name, web_, config_);
  }
  Result<std::vector<std::string>> repositories(const OciName& shelf) const;
  void find_artifacts(const OciName& repository);
  Result<std::optional<Listed>> read(Repository& repository, const OciName& name) const;
  Facts facts_of(Repository& repository, const Manifest& manifest) const;
  void read_one(const OciName& name);
  void unread(const OciName& name, const Error& error);
  void in_threads(std::vector<OciName> names, void (Reading::*work)(const OciName&));

  const CatalogOptions& options_;
  web::WebOptions web_;
  std::string config_;
  std::mutex lock_;
  std::vector<OciName> artifacts_;
  Catalog catalog_;
};

void Reading::in_threads(std::vector<OciName> names, void (Reading::*work)(const OciName&)) {
  std::atomic<size_t> next = 0;
  const auto take = [&] {
    for (size_t at = next++; at < names.size(); at = next++) (this->*work)(names[at]);
  };
  std::vector<std::jthread> threads;
  for (size_t i = 1; i < std::min(kThreads, names.size()); ++i) threads.emplace_back(take);
  take();
}

void Reading::unread(const OciName& name, const Error& error) {
  const std::lock_guard guard(lock_);
  catalog_.unread.push_back(fmt::format("{}: {}", to_text(name), error.message));
}

/// Those whose names begin with the shelf's, part by part.
Result<std::vector<std::string>> Reading::repositories(const OciName& shelf) const {
  OciName whole = shelf;
  whole.repository.clear();
  const auto registry = BERTH_TRY(open(whole));
  auto all = registry->repositories();
  if (!all) {
    if (shelf.repository.empty() || all.error().code == ErrorCode::kUnavailable) return all;
    return std::vector{shelf.repository};
  }
  std::erase_if(*all, [&](const std::string& name) {
    return !shelf.repository.empty() && name != shelf.repository && !name.starts_with(shelf.repository + "/");
  });
  return all;
}

void Reading::find_artifacts(const OciName& repository) {
  const auto opened = open(repository);
  const auto tags = opened ? (*opened)->tags() : std::unexpected(opened.error());
  if (!tags) return unread(repository, tags.error());
  for (const std::string& tag : *tags) {
    if (!options_.tag.empty() && !tag_fits(tag, options_.tag)) continue;
    const auto name =
        parse_name(fmt::format("{}{}/{}:{}", kOci, repository.host, repository.repository, tag));
    const auto* const artifact = name ? std::get_if<OciName>(&*name) : nullptr;
    if (artifact == nullptr) continue;
    const std::lock_guard guard(lock_);
    catalog_.more = catalog_.more || artifacts_.size() == kMostArtifacts;
    if (catalog_.more) return;
    artifacts_.push_back(*artifact);
  }
}

/// Where they can't be told, why not.
Facts Reading::facts_of(Repository& repository, const Manifest& manifest) const {
  Facts facts;
  if (const auto token = manifest.annotations.find(std::string(kTokenAnnotation));
      token != manifest.annotations.end()) {
    if (const auto chain = claims::read_chain(token->second)) facts.signer = signer_of(*chain);
  }
  if (!manifest.config || manifest.config->media_type != kWasmConfigType) {
    facts.wrong = "its artifact doesn't say what it imports";
    return facts;
  }
  const auto text = repository.small_blob(*manifest.config, kMostConfig);
  if (!text) {
    facts.wrong = text.error().message;
    return facts;
  }
  const auto config = read_config(*text);
  if (!config) {
    facts.wrong = "its config is none of a module";
    return facts;
  }
  facts.component = config->component;
  facts.imports = config->imports;
  facts.exports = config->exports;
  // Of a core module nothing is told.
  if (!facts.component) facts.wrong = "its artifact doesn't say what it imports";
  if (options_.needs) facts.needs = options_.needs(facts);
  return facts;
}

/// Nothing when it is no module.
Result<std::optional<Listed>> Reading::read(Repository& repository, const OciName& name) const {
  FetchedManifest fetched = BERTH_TRY(repository.manifest(name.reference()));
  auto manifest = BERTH_TRY(parse_manifest(fetched.text, fetched.media_type));
  if (manifest.index) {
    const auto entry = wasm_entry(manifest);
    if (!entry) return std::nullopt;
    fetched = BERTH_TRY(repository.manifest(entry->digest.text()));
    manifest = BERTH_TRY(parse_manifest(fetched.text, fetched.media_type));
  }
  const auto layer = module_layer(manifest, std::nullopt);
  if (!layer) return std::nullopt;
  Listed listed{.record = {.name = to_text(name),
                           .manifest = fetched.digest,
                           .module = layer->digest,
                           .size = layer->size,
                           .annotations = manifest.annotations},
                .facts = facts_of(repository, manifest)};
  return listed;
}

void Reading::read_one(const OciName& name) {
  const auto repository = open(name);
  const auto listed = repository ? read(**repository, name) : std::unexpected(repository.error());
  if (!listed) return unread(name, listed.error());
  if (options_.read != nullptr) ++*options_.read;
  if (!*listed) return;
  const std::string& wrong = (*listed)->facts.wrong;
  if (!wrong.empty()) unread(name, {.message = wrong});
  const std::lock_guard guard(lock_);
  catalog_.modules.push_back(**listed);
}

Result<Catalog> Reading::of(const OciName& shelf) {
  web_ = BERTH_TRY(web_options(options_.origin));
  config_ = BERTH_TRY(docker_config());
  const std::vector<std::string> told = BERTH_TRY(this->repositories(shelf));
  std::vector<OciName> repositories;
  for (const std::string& repository : std::set(told.begin(), told.end())) {
    const auto name = parse_name(fmt::format("{}{}/{}", kOci, shelf.host, repository));
    if (const auto* const parsed = name ? std::get_if<OciName>(&*name) : nullptr)
      repositories.push_back(*parsed);
  }
  in_threads(std::move(repositories), &Reading::find_artifacts);
  in_threads(std::move(artifacts_), &Reading::read_one);
  return std::move(catalog_);
}

/// A registry's host is what a repository behind it would have.
Result<OciName> shelf_of(std::string_view text) {
  while (text.ends_with('/')) text.remove_suffix(1);
  const bool host_alone = text.starts_with(kOci) && text.find('/', kOci.size()) == std::string_view::npos;
  const auto name = parse_name(host_alone ? fmt::format("{}/x", text) : std::string(text));
  const auto* const parsed = name ? std::get_if<OciName>(&*name) : nullptr;
  if (parsed == nullptr || parsed->manifest || parsed->module || parsed->tag != "latest") {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no registry: write oci://HOST, or oci://HOST/REPOSITORY", text));
  }
  OciName shelf = *parsed;
  if (host_alone) shelf.repository.clear();
  return shelf;
}

}  // namespace

Result<Catalog> read_catalog(std::string_view shelf, const CatalogOptions& options) {
  return Reading(options).of(BERTH_TRY(shelf_of(shelf)));
}

}  // namespace berth::registry
