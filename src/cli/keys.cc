// SPDX-License-Identifier: Apache-2.0
// berth keys: the keys that a user signs with.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/os/file.h"
#include "cli/options.h"
#include "cli/passphrase.h"
#include "host/keyring.h"

namespace berth::cli {
namespace {

using claims::Seed;
using host::KeyEntry;
using host::Keyring;

struct Options {
  std::string role;
  std::string name;
  std::string file;
  bool passphrase = false;
  std::optional<std::string> passphrase_file;
  bool seed = false;
  bool json = false;
};

Result<Keyring> open_keyring() {
  const UserFolders folders = BERTH_TRY(user_folders());
  return Keyring(folders);
}

nlohmann::json json_of(const KeyEntry& entry) {
  return {{"name", entry.name},       {"role", claims::role_name(entry.key.role)},
          {"key", entry.key.text()},  {"passphrase", entry.sealed},
          {"vouched", entry.vouched}, {"path", entry.path}};
}

Result<int> show_made(const KeyEntry& entry, const Options& options) {
  if (options.json) return print_json(json_of(entry));
  return print(entry.key.text() + "\n");
}

Result<std::optional<std::string>> passphrase_wanted(const Options& options) {
  if (!options.passphrase && !options.passphrase_file) return std::nullopt;
  return BERTH_TRY(new_passphrase(options.passphrase_file));
}

Result<int> make(const Options& options) {
  const claims::KeyRole role = BERTH_TRY(claims::parse_role(options.role));
  const Keyring ring = BERTH_TRY(open_keyring());
  std::array<uint8_t, 32> secret{};
  random_bytes(std::as_writable_bytes(std::span(secret)));
  const Seed seed(role, secret);
  secret.fill(0);
  const auto passphrase = BERTH_TRY(passphrase_wanted(options));
  return show_made(BERTH_TRY(ring.add(options.name, seed, passphrase)), options);
}

std::string input(size_t most) {
  std::string text(most, '\0');
  text.resize(std::fread(text.data(), 1, most, stdin));
  return text;
}

/// A seed from a file or standard input: never from the command line, which others can read.
Result<int> import(const Options& options) {
  constexpr uint64_t kLargest = 4096;
  const Keyring ring = BERTH_TRY(open_keyring());
  std::string text = options.file.empty() ? input(kLargest) : BERTH_TRY(read_file(options.file, kLargest));
  // A seed may stand between lines of dashes, as NATS's credentials have it.
  auto seed = Seed::parse("");
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find_first_of(" \r\n"));
    if (line.size() == Seed::kTextSize && line.starts_with('S')) seed = Seed::parse(line);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  claims::wipe(text);
  if (!seed) return std::unexpected(seed.error());
  const auto passphrase = BERTH_TRY(passphrase_wanted(options));
  return show_made(BERTH_TRY(ring.add(options.name, *seed, passphrase)), options);
}

Result<int> list(const Options& options) {
  const Keyring ring = BERTH_TRY(open_keyring());
  const auto entries = BERTH_TRY(ring.list());
  if (options.json) {
    nlohmann::json all = nlohmann::json::array();
    for (const KeyEntry& entry : entries) all.push_back(json_of(entry));
    return print_json(all);
  }
  if (entries.empty()) return print("there are no keys: 'berth keys new account NAME' makes one\n");
  size_t widest = 0;
  for (const KeyEntry& entry : entries) widest = std::max(widest, entry.name.size());
  std::string text;
  for (const KeyEntry& entry : entries) {
    text += fmt::format("{:<{}}  {:<8}  {}{}{}\n", entry.name, widest, claims::role_name(entry.key.role),
                        entry.key.text(), entry.sealed ? "  with a passphrase" : "",
                        entry.vouched ? "  vouched for" : "");
  }
  return print(text);
}

Result<int> show(const Options& options) {
  const Keyring ring = BERTH_TRY(open_keyring());
  const KeyEntry entry = BERTH_TRY(ring.find(options.name));
  if (options.json) return print_json(json_of(entry));
  return print(fmt::format("{}\n  kind        {}\n  public key  {}\n  file        {}{}\n", entry.name,
                           claims::role_name(entry.key.role), entry.key.text(), entry.path,
                           entry.sealed ? ", with a passphrase" : ""));
}

Result<int> export_key(const Options& options) {
  const Keyring ring = BERTH_TRY(open_keyring());
  if (!options.seed) return print(BERTH_TRY(ring.find(options.name)).key.text() + "\n");
  const Seed seed = BERTH_TRY(ring.open(options.name, passphrase_from(options.passphrase_file)));
  std::string text = seed.text() + "\n";
  const int status = print(text);
  claims::wipe(text);
  return status;
}

void add_passphrase(CLI::App& app, Options& options, bool for_new) {
  if (for_new) app.add_flag("--passphrase", options.passphrase, "seal it with one, which is asked for here");
  app.add_option("--passphrase-file", options.passphrase_file, "the same, from the first line of a file")
      ->type_name("FILE");
}

}  // namespace

int keys_verb(const Arguments& arguments) {
  CLI::App app(
      "Keys to sign with: of an operator, who vouches for accounts; of an account, which vouches for "
      "modules; "
      "and of\n"
      "a module, which names it. They are Ed25519 keys as NATS writes them, each in a file that only this "
      "user "
      "can\n"
      "read. What is shown of them is the public half.\n",
      "berth keys");
  Options options;
  app.require_subcommand(1);
  CLI::App* const new_command = app.add_subcommand("new", "make one, and print its public key");
  new_command->add_option("KIND", options.role, "operator, account or module")->required();
  CLI::App* const list_command = app.add_subcommand("list", "all of them");
  CLI::App* const show_command = app.add_subcommand("show", "one of them");
  CLI::App* const import_command = app.add_subcommand("import", "take a seed from elsewhere");
  CLI::App* const export_command =
      app.add_subcommand("export", "print the public key, or the seed if that is asked");
  for (CLI::App* const command : {new_command, show_command, import_command, export_command})
    command->add_option("NAME", options.name, "what it is called here")->required();
  import_command->add_option("FILE", options.file, "that holds the seed; standard input unless given");
  export_command->add_flag("--seed", options.seed, "the secret itself: whoever has it can sign");
  add_passphrase(*new_command, options, true);
  add_passphrase(*import_command, options, true);
  add_passphrase(*export_command, options, false);
  for (CLI::App* const command : {new_command, list_command, show_command, import_command})
    command->add_flag("--json", options.json, "as JSON");
  app.footer(
      "\nFor example:\n\n  berth keys new account shop\n  berth sign module.wasm --as shop --grant 'http.out "
      "https://api.example.com/*'\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(new_command->parsed()      ? make(options)
                : list_command->parsed()   ? list(options)
                : show_command->parsed()   ? show(options)
                : import_command->parsed() ? import(options)
                                           : export_key(options),
                style_of(options.json));
}

}  // namespace berth::cli
