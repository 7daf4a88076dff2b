// SPDX-License-Identifier: Apache-2.0
// berth sign: what an account vouches for of a module, or an operator of an account.

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/os/file.h"
#include "base/units.h"
#include "base/unix_time.h"
#include "claims/signed_module.h"
#include "claims/trust.h"
#include "cli/name_options.h"
#include "cli/options.h"
#include "cli/passphrase.h"
#include "engine/hashes.h"
#include "host/keyring.h"
#include "host/vouching.h"
#include "policy/policy.h"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;
using claims::KeyRole;
using claims::PublicKey;
using claims::Seed;
using claims::Token;
using host::Keyring;

constexpr std::string_view kNever = "never";
constexpr uint64_t kDaySeconds = 86400;

struct Options {
  std::string module;
  std::string account;  // instead of a module
  std::string as;
  std::vector<std::string> grants;
  std::vector<std::string> limits;
  std::string expires = "90d";
  std::string not_before;
  std::string name;
  std::string version;
  std::optional<uint64_t> revision;
  std::vector<std::string> tags;
  std::string module_key;
  std::string chain;
  std::string out;
  std::optional<std::string> passphrase_file;
  bool json = false;
  NameOptions names;
};

/// Seconds from now: "90d", "12h", "1h30m".
Result<uint64_t> seconds_of(const std::string& text) {
  if (text.ends_with('d')) {
    const auto days = parse_count(text.substr(0, text.size() - 1));
    if (days && *days <= 100'000) return *days * kDaySeconds;
  } else if (const auto time = parse_duration(text)) {
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(*time).count());
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is no time from now: write it as in 90d, 12h or {}", text, kNever));
}

Result<claims::Vouched> vouched_of(const Options& options, bool of_module) {
  claims::Vouched vouched;
  bool streams = false;
  if (of_module || !options.grants.empty()) vouched.grants.emplace();
  for (const std::string& text : options.grants) {
    vouched.grants->push_back(BERTH_TRY(policy::parse_grant(text, "command line", policy::Role::kOwner)));
    if (const auto fits = claims::check_grant(vouched.grants->back()); !fits)
      return fail(ErrorCode::kInvalidArgument, fmt::format("this can't be signed: {}", fits.error().message));
    streams = streams || vouched.grants->back().capability == policy::Capability::kStdio;
  }
  // As any command has them.
  if (vouched.grants && !streams)
    vouched.grants->push_back(BERTH_TRY(policy::parse_grant("stdio in,out,err", "every token's")));
  for (const std::string& limit : options.limits) {
    const size_t equals = std::min(limit.find('='), limit.size());
    BERTH_TRY_VOID(policy::set_limit(vouched.limits, limit.substr(0, equals),
                                     std::string_view(limit).substr(std::min(equals + 1, limit.size()))));
  }
  return vouched;
}

/// What both kinds of token have.
Result<Token> draft(const Options& options, const Seed& issuer, const PublicKey& subject) {
  Token token{
      .issuer = issuer.public_key(), .subject = subject, .issued_at = static_cast<uint64_t>(unix_seconds())};
  Digest id;
  random_bytes(std::as_writable_bytes(std::span(id.bytes)));
  token.id = id.hex().substr(0, 32);
  if (options.expires != kNever) token.expires = token.issued_at + BERTH_TRY(seconds_of(options.expires));
  if (!options.not_before.empty())
    token.not_before = token.issued_at + BERTH_TRY(seconds_of(options.not_before));
  token.vouched = BERTH_TRY(vouched_of(options, subject.role == KeyRole::kModule));
  token.has_berths_claim = true;
  return token;
}

Result<Seed> signer(const Options& options, const Keyring& ring, KeyRole role) {
  if (options.as.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("whose word it is isn't said: name the key of an {} with --as", role_name(role)));
  }
  const host::KeyEntry entry = BERTH_TRY(ring.find(options.as));
  if (entry.key.role != role) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' is the key of an {}: an {} vouches for {}", options.as, role_name(entry.key.role),
                    role_name(role), role == KeyRole::kAccount ? "modules" : "accounts"));
  }
  return ring.open(options.as, passphrase_from(options.passphrase_file));
}

nlohmann::json json_of(const Token& token, const std::string& file) {
  nlohmann::json grants = nlohmann::json::array();
  if (token.vouched.grants) {
    for (const policy::Grant& grant : *token.vouched.grants) grants.push_back(policy::to_text(grant));
  }
  return {{"file", file},
          {"token", token.id},
          {"issuer", token.issuer.text()},
          {"subject", token.subject.text()},
          {"grants", token.vouched.grants ? grants : nlohmann::json()},
          {"expires", token.expires ? nlohmann::json(*token.expires) : nlohmann::json()}};
}

Result<int> tell_signed(const Token& token, const Options& options, const std::string& file) {
  if (options.json) return print_json(json_of(token, file));
  std::string text =
      fmt::format("{}\n  {:<8}  {}\n  signed by {}\n  {}\n", file, role_name(token.subject.role),
                  token.subject.text(), token.issuer.text(),
                  token.expires ? "valid until " + claims::utc_text(*token.expires) : "valid for ever");
  if (!token.vouched.grants) {
    text += "  vouches for anything that the account does\n";
  } else {
    text += "  vouches for\n";
    for (const policy::Grant& grant : *token.vouched.grants)
      text += fmt::format("    {}\n", policy::to_text(grant));
  }
  return print(text);
}

/// An operator's word about an account, kept beside the account's key, or written where it is asked.
Result<int> sign_account(const Options& options) {
  const UserFolders folders = BERTH_TRY(user_folders());
  const Keyring ring(folders);
  const auto key = claims::parse_public_key(options.account);
  std::optional<host::KeyEntry> entry;
  if (!key) entry = BERTH_TRY(ring.find(options.account));
  const PublicKey subject = entry ? entry->key : *key;
  if (subject.role != KeyRole::kAccount) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is the key of an {}, no account's",
                                                         options.account, role_name(subject.role)));
  }
  if (!entry && options.out.empty()) {
    return fail(
        ErrorCode::kInvalidArgument,
        "this account's key isn't here: say where its token goes with --out FILE, and send it to them");
  }
  const Seed seed = BERTH_TRY(signer(options, ring, KeyRole::kOperator));
  Token token = BERTH_TRY(draft(options, seed, subject));
  token.name = options.name.empty() && entry ? entry->name : options.name;
  const std::string text = BERTH_TRY(claims::write_token(token, seed));
  std::string file = options.out;
  if (file.empty()) {
    file = BERTH_TRY(ring.keep_token(entry->name, text));
  } else {
    const std::string_view parts[] = {text, "\n"};
    BERTH_TRY_VOID(write_file(file, parts, 0644, Durability::kSynced));
  }
  return tell_signed(token, options, file);
}

/// Who the module is: the key that is named; who it was, where this account had signed it before; or a new
/// key of its own.
Result<PublicKey> subject_of(const Options& options, const Keyring& ring, const Token* before,
                             const PublicKey& account, const std::string& name) {
  if (options.module_key.empty() && before != nullptr && before->issuer == account) return before->subject;
  const std::string key = options.module_key.empty() ? name + "-module" : options.module_key;
  auto entry = ring.find(key);
  if (!entry && options.module_key.empty() && entry.error().code == ErrorCode::kNotFound) {
    std::array<uint8_t, 32> secret{};
    random_bytes(std::as_writable_bytes(std::span(secret)));
    entry = ring.add(key, Seed(KeyRole::kModule, secret), std::nullopt);
    if (entry) say(fmt::format("made the key '{}', which names this module from now on", key));
  }
  if (!entry) return std::unexpected(entry.error());
  if (entry->key.role == KeyRole::kModule) return entry->key;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is the key of an {}, no module's", key, role_name(entry->key.role)));
}

/// The token that the module has, if it is one.
std::optional<Token> token_before(std::string_view module) {
  const auto place = claims::find_token(module);
  if (!place || !*place) return std::nullopt;
  auto token = claims::read_token((*place)->token);
  return token ? std::optional(*std::move(token)) : std::nullopt;
}

std::string plain_name(const std::string& path) {
  std::string name = fs::path(path).stem().string();
  std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '/'; });
  return name.empty() ? "module" : name;
}

void warn_of_less(const Token& token, const std::optional<Token>& account) {
  if (!account) return;
  const policy::Bounds most{.grants = account->vouched.grants,
                            .limits = account->vouched.limits,
                            .source = fmt::format("operator {}", account->issuer.text()),
                            .party = policy::Party::kClaims};
  const auto left =
      policy::intersect({.grants = *token.vouched.grants, .limits = token.vouched.limits}, most);
  for (const policy::Cut& cut : left.cuts) say(policy::explain(cut));
  for (const policy::Lowered& lowered : left.lowered) say(policy::explain(lowered));
}

/// A file keeps its mode; what the store has may be read by its user alone, and what is made of it by all.
Result<void> write_module(const registry::Located& from, const std::string& to, std::string_view module) {
  std::error_code error;
  const auto mode = static_cast<unsigned>(fs::status(from.path, error).permissions() & fs::perms::all);
  return write_file(to, {&module, 1}, error || from.digest ? 0644U : mode, Durability::kSynced);
}

Result<int> sign_module(const Options& options) {
  const UserFolders folders = BERTH_TRY(user_folders());
  const Keyring ring(folders);
  if (registry::has_scheme(options.module) && options.out.empty()) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' isn't signed where it is: say with --out FILE where the signed one goes, and "
                    "push it from there",
                    options.module));
  }
  const registry::Located located = BERTH_TRY(locate_shown(options.module, options.names));
  const registry::ModuleFile file = BERTH_TRY(registry::read_located(located));
  const Seed seed = BERTH_TRY(signer(options, ring, KeyRole::kAccount));
  const auto before = token_before(file.bytes);
  const std::string name = !options.name.empty()             ? options.name
                           : before && !before->name.empty() ? before->name
                                                             : plain_name(located.name);
  // Before a key is made for it.
  std::ignore = BERTH_TRY(vouched_of(options, true));
  const PublicKey subject = BERTH_TRY(
      subject_of(options, ring, before ? &*before : nullptr, seed.public_key(), plain_name(located.name)));
  Token token = BERTH_TRY(draft(options, seed, subject));
  token.name = name;
  token.version = options.version;
  token.revision = options.revision;
  token.tags = options.tags;
  if (!options.chain.empty()) {
    std::string text = BERTH_TRY(read_file(options.chain, claims::kLargestToken));
    text.resize(std::min(text.find('\n'), text.size()));
    token.account_token = std::move(text);
  } else if (auto kept = BERTH_TRY(ring.token(options.as))) {
    token.account_token = *std::move(kept);
  }
  const std::string whole = BERTH_TRY(claims::sign_module(file.bytes, token, seed, engine::content_hash));
  const auto chain = BERTH_TRY(claims::read_signed(whole, engine::content_hash));
  warn_of_less(chain->module, chain->account);
  const std::string to = options.out.empty() ? options.module : options.out;
  BERTH_TRY_VOID(write_module(located, to, whole));
  return tell_signed(chain->module, options, to);
}

Result<int> sign(const Options& options) {
  if (options.module.empty() == options.account.empty()) {
    return fail(
        ErrorCode::kInvalidArgument,
        "say what is signed: a MODULE, or the key of an account with --account; see 'berth sign --help'");
  }
  return options.account.empty() ? sign_module(options) : sign_account(options);
}

}  // namespace

int sign_verb(const Arguments& arguments) {
  CLI::App app(
      "Puts a token into a module: what an account vouches for. It covers every byte of the module, and "
      "whoever "
      "runs\n"
      "it gets no more than that, whatever is granted. Folders are named as the module sees them: 'files "
      "*:/data:rw'.\n"
      "The standard streams are vouched for unless a grant says otherwise. Signing again replaces the "
      "token.\n\n"
      "With --account it is an operator's word about an account, which goes into what that account signs: "
      "then "
      "it is\n"
      "enough to trust the operator. Without a grant there, it is about anything.\n",
      "berth sign");
  Options options;
  app.add_option("MODULE", options.module, "a .wasm file, or a module's name with --out");
  app.add_option("--as", options.as, "the key of the account, or of the operator, whose word this is")
      ->type_name("KEY");
  app.add_option("--account", options.account, "vouch for an account: its key's name here, or its public key")
      ->type_name("KEY");
  app.add_option("--grant", options.grants, "vouch for an opened door: 'http.out https://api.example.com/*'")
      ->type_name("GRANT")
      ->allow_extra_args(false);
  app.add_option("--limit", options.limits, "vouch for no more than: memory=64MiB")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--expires", options.expires, "time from now, or 'never'; 90d unless given")
      ->type_name("TIME");
  app.add_option("--not-before", options.not_before, "time from now until it is valid")->type_name("TIME");
  app.add_option("--name", options.name, "what the module is called; its file's name unless given");
  app.add_option("--version", options.version, "its version, as in 1.2.0");
  app.add_option("--revision", options.revision, "a number that grows with each");
  app.add_option("--tag", options.tags, "a word to find it by")->allow_extra_args(false);
  app.add_option("--module-key", options.module_key, "the key that names the module")->type_name("KEY");
  app.add_option("--chain", options.chain, "the operator's token about the account, from a file")
      ->type_name("FILE");
  app.add_option("--out", options.out, "write there instead of over the module")->type_name("FILE");
  app.add_option("--passphrase-file", options.passphrase_file, "a file whose first line opens the key")
      ->type_name("FILE");
  app.add_flag("--json", options.json, "what was signed, as JSON");
  add_name_options(app, options.names);
  app.footer(
      "\nFor example:\n\n  berth keys new account shop\n"
      "  berth sign module.wasm --as shop --grant 'http.out https://api.example.com/*' --limit memory=64MiB\n"
      "  berth inspect module.wasm\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(sign(options), style_of(options.json));
}

}  // namespace berth::cli
