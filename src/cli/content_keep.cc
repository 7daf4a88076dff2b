// SPDX-License-Identifier: Apache-2.0
// berth content pin, unpin, gc, verify: what stays in the store of content.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/content.h"
#include "cli/content_hand.h"
#include "cli/content_services.h"
#include "cli/content_source.h"
#include "policy/printable.h"
#include "providers/content/scrub.h"
#include "providers/content/settings_file.h"

namespace berth::cli {
namespace {

constexpr std::string_view kWaits = "another berth works with the store of content; waiting for it";

struct Options {
  std::vector<std::string> paths;
  std::string name;
  std::string keep;
  bool repair = false;
  std::string due;
  SourceOptions source;
  HandOptions hand;
  ServiceOptions service;
  bool json = false;
};

Result<int> list_pins(const content::Store& store, bool as_json) {
  const auto pins = BERTH_TRY(store.pins());
  if (as_json) {
    nlohmann::json all = nlohmann::json::array();
    for (const content::Pin& pin : pins)
      all.push_back({{"cid", pin.root.text()}, {"name", pin.name}, {"since", pin.since}});
    return print_json(all);
  }
  if (pins.empty()) return print("nothing is pinned: 'berth content add' and 'pin CID' do it\n");
  std::string text;
  for (const content::Pin& pin : pins)
    text += fmt::format("{}  {}  {}\n", pin.root.text(), local_time(pin.since), policy::printable(pin.name));
  return print(text);
}

Result<void> one_place(const Options& options) {
  BERTH_TRY_VOID(check_hand_options(options.hand, options.name));
  if (!options.hand.is_asked() || !options.service.is_asked()) return {};
  return fail(ErrorCode::kInvalidArgument, "--to and --service are two places: give one of them");
}

ServicePins at_service(const Options& options) {
  return {.service = options.service,
          .source = options.source,
          .paths = options.paths,
          .pin_name = options.name,
          .json = options.json};
}

/// Others keep it, from here or through here.
Result<int> pin_there(const Options& options) {
  if (options.paths.empty())
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("what is pinned at {} isn't listed here: 'ipfs pin ls --names' there does it",
                            policy::printable(options.hand.to)));
  const auto source = BERTH_TRY(ContentSource::open(options.source));
  const auto kubo = BERTH_TRY(open_kubo(options.hand, options.source));
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  for (const std::string& path : options.paths) {
    const content::Wanted wanted{.path = BERTH_TRY(source->path(path))};
    source->reading().expect(wanted);
    const content::Cid cid = BERTH_TRY(content::resolve(source->reading(), wanted.path));
    const content::CarWritten handed = BERTH_TRY(hand_over(*kubo, source->reading(), cid, options.name));
    all.push_back(
        {{"cid", cid.text()}, {"to", kubo->url()}, {"blocks", handed.blocks}, {"bytes", handed.block_bytes}});
    text += fmt::format("{} stays at {}: {} blocks, {}\n", cid.text(), policy::printable(kubo->url()),
                        handed.blocks, format_bytes(handed.block_bytes));
  }
  source->keep_to_quota();
  return options.json ? print_json(all) : print(text);
}

Result<int> pin(const Options& options) {
  BERTH_TRY_VOID(one_place(options));
  if (!options.service.wait.empty() && !options.service.is_asked())
    return fail(ErrorCode::kInvalidArgument, "--wait is for what a --service is asked for: give both");
  if (options.hand.is_asked()) return pin_there(options);
  if (options.service.is_asked()) return pin_at_service(at_service(options));
  if (options.paths.empty()) {
    const auto store = BERTH_TRY(content::Store::open_users());
    return list_pins(*store, options.json);
  }
  const auto source = BERTH_TRY(ContentSource::open(options.source));
  std::optional<content::Keeping> keeping = BERTH_TRY(source->store().keep());
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  for (const std::string& path : options.paths) {
    const content::Wanted wanted{.path = BERTH_TRY(source->path(path))};
    source->reading().expect(wanted);
    BERTH_TRY_VOID(source->reading().bring());
    const content::Cid cid = BERTH_TRY(content::resolve(source->reading(), wanted.path));
    BERTH_TRY_VOID(source->store().pin(*keeping, cid, options.name));
    all.push_back(cid.text());
    text += fmt::format("{} stays\n", cid.text());
  }
  keeping.reset();
  source->keep_to_quota();
  return options.json ? print_json(all) : print(text);
}

Result<int> unpin_there(const Options& options) {
  const auto source = BERTH_TRY(ContentSource::open(options.source));
  const auto kubo = BERTH_TRY(open_kubo(options.hand, options.source));
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  for (const std::string& path : options.paths) {
    const content::ContentPath parsed = BERTH_TRY(source->path(path));
    const content::Cid cid = BERTH_TRY(content::resolve(source->reading(), parsed));
    BERTH_TRY_VOID(kubo->unpin(cid));
    all.push_back(cid.text());
    text += fmt::format("{} may go from {}\n", cid.text(), policy::printable(kubo->url()));
  }
  return options.json ? print_json(all) : print(text);
}

Result<int> unpin(const Options& options) {
  BERTH_TRY_VOID(one_place(options));
  if (options.hand.is_asked()) return unpin_there(options);
  if (options.service.is_asked()) return unpin_at_service(at_service(options));
  const auto store = BERTH_TRY(content::Store::open_users());
  nlohmann::json all = nlohmann::json::array();
  std::string text;
  for (const std::string& path : options.paths) {
    const content::Cid cid = BERTH_TRY(find_content(*store, path));
    const bool was = BERTH_TRY(store->unpin(cid));
    if (!was)
      return fail(ErrorCode::kNotFound,
                  fmt::format("{} isn't pinned: 'berth content pin' lists what is", cid.text()));
    all.push_back(cid.text());
    text += fmt::format("{} may go\n", cid.text());
  }
  return options.json ? print_json(all) : print(text);
}

Result<int> collect(const Options& options) {
  const uint64_t most = options.keep.empty() ? BERTH_TRY(content::read_settings()).store_bytes
                                             : BERTH_TRY(parse_bytes(options.keep));
  const auto store = BERTH_TRY(content::Store::open_users());
  auto collected = BERTH_TRY(store->collect(most, LockedFile::Wait::kNo));
  if (!collected) {
    say(kWaits);
    collected = BERTH_TRY(store->collect(most, LockedFile::Wait::kYes));
  }
  if (options.json)
    return print_json({{"removed_blocks", collected->blocks},
                       {"removed_bytes", collected->bytes},
                       {"bytes", collected->left_bytes},
                       {"pinned_bytes", collected->pinned_bytes}});
  return print(fmt::format("{} removed, {} on the disk, {} of it pinned\n", format_bytes(collected->bytes),
                           format_bytes(collected->left_bytes), format_bytes(collected->pinned_bytes)));
}

Result<content::CheckedBlocks> checked_blocks(const Options& options) {
  const auto store = BERTH_TRY(content::Store::open_users());
  const auto repair = options.repair ? content::Repair::kYes : content::Repair::kNo;
  if (!options.due.empty()) {
    const auto every = std::chrono::floor<std::chrono::seconds>(BERTH_TRY(parse_duration(options.due)));
    return content::scrub(*store, {.every = every, .repair = repair});
  }
  auto verified = BERTH_TRY(store->verify(repair, LockedFile::Wait::kNo));
  if (!verified) {
    say(kWaits);
    verified = BERTH_TRY(store->verify(repair, LockedFile::Wait::kYes));
  }
  return *std::move(verified);
}

Result<int> verify(const Options& options) {
  const content::CheckedBlocks checked = BERTH_TRY(checked_blocks(options));
  const int status = checked.damage.empty() && checked.busy == 0 ? 0 : 1;
  if (options.json) {
    nlohmann::json damage = nlohmann::json::array();
    for (const content::BlockDamage& one : checked.damage)
      damage.push_back({{"path", one.path}, {"what", one.what}, {"removed", one.removed}});
    const int printed = print_json({{"blocks", checked.blocks},
                                    {"bytes", checked.bytes},
                                    {"pins", checked.pins},
                                    {"damage", damage},
                                    {"busy_folders", checked.busy},
                                    {"repaired", options.repair}});
    return printed != 0 ? printed : status;
  }
  std::string text;
  for (const content::BlockDamage& one : checked.damage) text += fmt::format("{}: {}\n", one.path, one.what);
  text += fmt::format("{} blocks, {}", checked.blocks, format_bytes(checked.bytes));
  if (options.due.empty()) text += fmt::format(", {} pin{}", checked.pins, checked.pins == 1 ? "" : "s");
  text += ": ";
  if (checked.busy > 0)
    text += fmt::format("{} folders weren't read, another berth removes from them; ", checked.busy);
  if (checked.damage.empty()) {
    text += checked.busy > 0 ? "run it again\n" : "all as they should be\n";
  } else if (options.repair) {
    const auto removed = std::ranges::count_if(checked.damage, &content::BlockDamage::removed);
    text += fmt::format("{} damaged, {} removed\n", checked.damage.size(), removed);
  } else {
    text += fmt::format("{} damaged; --repair removes such blocks\n", checked.damage.size());
  }
  const int printed = print(text);
  return printed != 0 ? printed : status;
}

}  // namespace

int content_pin(const Arguments& arguments) {
  CLI::App app(
      "Has content stay with all that is below it, fetched where it isn't there; without a CID, lists what "
      "stays.\n"
      "With --to a kubo node keeps it, and with --service a pinning service, and not this store: a node is "
      "sent "
      "all of it,\n"
      "a service gets it from whoever has it. Without a CID a service lists what it has, and how far it "
      "is.\n",
      "berth content pin");
  Options options;
  app.add_option("PATH", options.paths, "CIDs, and names below them");
  app.add_option("--name", options.name, "what it is called in the list")->type_name("TEXT");
  add_hand_options(app, options.hand);
  add_service_options(app, options.service);
  add_wait_option(app, options.service);
  add_source_options(app, options.source);
  app.add_flag("--json", options.json, "one JSON array");
  app.footer(
      "\nFor example:\n\n  berth content pin bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy "
      "--name logo\n  berth content pin bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy --to "
      "http://127.0.0.1:5001\n  berth content pin "
      "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy "
      "--service example --wait 10m\n\nA service is named in content.toml, and its token_file beside that, "
      "closed to "
      "others:\n\n"
      "  [services.example]\n  url = \"https://pins.example.com/psa\"\n  token_file = \"example.token\"\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(pin(options), style_of(options.json));
}

int content_unpin(const Arguments& arguments) {
  CLI::App app(
      "Lets content go when room is needed: 'berth content gc' removes it then. With --to a kubo node, "
      "and with\n"
      "--service a pinning service, keeps it no more.\n",
      "berth content unpin");
  Options options;
  app.add_option("PATH", options.paths, "CIDs, and names below them")->required();
  add_hand_options(app, options.hand);
  add_service_options(app, options.service);
  add_line_options(app, options.source);
  app.add_flag("--json", options.json, "one JSON array");
  app.footer(
      "\nFor example:\n\n  berth content unpin "
      "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(unpin(options), style_of(options.json));
}

int content_gc(const Arguments& arguments) {
  CLI::App app(
      "Removes what was cut off, and then blocks that weren't used for the longest time, until the rest "
      "takes no "
      "more\n"
      "than SIZE. What is pinned stays.\n",
      "berth content gc");
  Options options;
  app.add_option("--keep", options.keep,
                 "how much may stay; 10GiB unless content.toml says otherwise, which adding keeps to as well")
      ->type_name("SIZE");
  app.add_flag("--json", options.json, "one JSON object");
  app.footer("\nFor example:\n\n  berth content gc --keep 2GiB\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(collect(options), style_of(options.json));
}

int content_verify(const Arguments& arguments) {
  CLI::App app(
      "Reads all blocks, and looks whether their bytes are those of their names, and whether all that pins "
      "need is "
      "there.\n"
      "The exit status is 1 where something is damaged.\n",
      "berth content verify");
  Options options;
  app.add_flag("--repair", options.repair, "remove blocks that are damaged");
  app.add_option(
         "--due", options.due,
         "only blocks that weren't checked for so long, at a tenth of the disk's speed and without the "
         "pins: for a timer; servers do so by themselves")
      ->type_name("TIME");
  app.add_flag("--json", options.json, "one JSON object");
  app.footer(
      "\nFor example:\n\n  berth content verify --repair\n  berth content verify --repair --due 720h\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(verify(options), style_of(options.json));
}

}  // namespace berth::cli
