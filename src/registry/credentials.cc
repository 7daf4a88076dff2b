// SPDX-License-Identifier: Apache-2.0
#include "registry/credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/os/file.h"
#include "base/os/process.h"
#include "base/os/user.h"
#include "base/text_codes.h"
#include "policy/printable.h"
#include "registry/challenge.h"
#include "web/foreign_json.h"

namespace berth::registry {
namespace {

using nlohmann::json;

constexpr uint64_t kMostConfig = 1 << 20;
constexpr size_t kMostAnswer = 64 << 10;
constexpr size_t kDeepest = 16;
constexpr std::chrono::seconds kHelperTime{10};
constexpr std::string_view kDockerHub = "docker.io";

Result<std::string> config_path() {
  if (const auto folder = environment("DOCKER_CONFIG")) return *folder + "/config.json";
  if (const auto home = environment("HOME")) return *home + "/.docker/config.json";
  return std::string();
}

/// What a host is called in the configuration.
std::vector<std::string> keys_of(std::string_view host) {
  if (host == kDockerHub) return {"https://index.docker.io/v1/", "index.docker.io", "docker.io"};
  return {std::string(host), fmt::format("https://{}", host), fmt::format("http://{}", host),
          fmt::format("https://{}/", host)};
}

/// An object's member that is an object; null when there is none.
const json* member(const json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

Result<Credentials> from_auth(const json& entry, std::string_view host) {
  if (std::string token = web::text_of(entry, "identitytoken"); !token.empty())
    return Credentials{.user = "", .secret = std::move(token), .identity_token = true};
  if (entry.contains("auth")) {
    const auto decoded = from_base64(web::text_of(entry, "auth"));
    const size_t colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon != std::string::npos)
      return Credentials{.user = decoded->substr(0, colon), .secret = decoded->substr(colon + 1)};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the Docker configuration's 'auth' for {} isn't base64 of NAME:PASSWORD", host));
  }
  return Credentials{.user = web::text_of(entry, "username"), .secret = web::text_of(entry, "password")};
}

/// A helper's name becomes a program's: nothing but a plain word.
bool is_plain(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<std::optional<Credentials>> ask_helper(const std::string& name, std::string_view key) {
  if (!is_plain(name))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the Docker configuration names a credential helper {}, which is no plain word",
                            policy::quoted(name)));
  const std::string program = own_program("docker-credential-" + name, OwnProgramBy::kSearch);
  const auto answer =
      run_child({program, "get"}, key, {.most_time = kHelperTime, .most_output = kMostAnswer});
  if (!answer) return fail(ErrorCode::kUnavailable, answer.error().message);
  if (answer->exit_status != 0 || answer->signal) {
    // What it says then, by its protocol, on standard output.
    if (answer->output.find("credentials not found") != std::string::npos) return std::nullopt;
    return fail(ErrorCode::kUnavailable,
                fmt::format("'docker-credential-{}' gives no credentials for {}: {}", name, key,
                            policy::printable(answer->output + answer->errors)));
  }
  const json whole = web::parse_shallow(answer->output, kDeepest);
  if (!whole.is_object() || web::text_of(whole, "Secret").empty())
    return fail(ErrorCode::kUnavailable,
                fmt::format("'docker-credential-{}' gives no JSON with a secret", name));
  const std::string user = web::text_of(whole, "Username");
  return Credentials{
      .user = user, .secret = web::text_of(whole, "Secret"), .identity_token = user == "<token>"};
}

}  // namespace

Result<std::string> docker_config() {
  const std::string path = BERTH_TRY(config_path());
  if (path.empty()) return std::string();
  auto text = read_file(path, kMostConfig);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::string();
  if (!text) return fail(ErrorCode::kInvalidArgument, text.error().message);
  return text;
}

Result<std::optional<Credentials>> credentials_for(std::string_view host, std::string_view config) {
  if (config.empty()) return std::nullopt;
  const json whole = web::parse_shallow(config, kDeepest);
  if (!whole.is_object()) {
    return fail(ErrorCode::kInvalidArgument,
                "the Docker configuration (config.json in DOCKER_CONFIG, or in ~/.docker) is no JSON object");
  }
  const json* const helpers = member(whole, "credHelpers");
  const json* const auths = member(whole, "auths");
  for (const std::string& key : keys_of(host)) {
    if (helpers != nullptr && helpers->contains(key))
      return ask_helper(web::text_of(*helpers, key.c_str()), key);
  }
  for (const std::string& key : keys_of(host)) {
    const json* const entry = auths == nullptr ? nullptr : member(*auths, key);
    if (entry == nullptr) continue;
    Credentials found = BERTH_TRY(from_auth(*entry, host));
    if (!found.secret.empty()) return found;
  }
  if (const std::string store = web::text_of(whole, "credsStore"); !store.empty())
    return ask_helper(store, keys_of(host).front());
  return std::nullopt;
}

}  // namespace berth::registry
