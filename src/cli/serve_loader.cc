// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_loader.h"

#include <algorithm>

#include "base/fields.h"
#include "cli/serve_look.h"

namespace berth::cli {
namespace {

constexpr std::string_view kReady = "ready";
constexpr std::string_view kLook = "look";
constexpr std::string_view kRelease = "release";
constexpr std::string_view kRefuse = "refuse";
constexpr std::chrono::milliseconds kWatchEvery{200};
constexpr std::chrono::milliseconds kForEver{-1};

constexpr size_t kBeforeTexts = 9;

/// A version as fields; the texts come last.
Fields fields_of(const FoundVersion& version) {
  const uint64_t bits = (version.kind.fuel ? 1 : 0) | (version.needs.concurrency ? 2 : 0) |
                        (version.needs.error_contexts ? 4 : 0) | (version.policy ? 8 : 0);
  Fields fields{version.path,
                version.policy.value_or(""),
                version.name,
                std::string(version.digest.bytes.begin(), version.digest.bytes.end()),
                std::to_string(bits),
                std::to_string(version.needs.instance_bytes),
                std::to_string(version.offset),
                std::to_string(version.bytes),
                version.token};
  for (const auto& [path, text] : version.texts) {
    fields.push_back(path);
    fields.push_back(text);
  }
  return fields;
}

FoundVersion version_of(const Fields& fields) {
  const uint64_t bits = number_of(fields.at(4));
  FoundVersion version{.path = fields.at(0),
                       .policy = std::nullopt,
                       .name = fields.at(2),
                       .kind = {.fuel = (bits & 1) != 0, .alone = false},
                       .needs = {.instance_bytes = number_of(fields.at(5)),
                                 .concurrency = (bits & 2) != 0,
                                 .error_contexts = (bits & 4) != 0},
                       .offset = number_of(fields.at(6)),
                       .bytes = number_of(fields.at(7)),
                       .token = fields.at(8)};
  if ((bits & 8) != 0) version.policy = fields.at(1);
  const std::string& digest = fields.at(3);
  std::copy_n(digest.begin(), std::min(digest.size(), version.digest.bytes.size()),
              version.digest.bytes.begin());
  for (size_t i = kBeforeTexts; i + 1 < fields.size(); i += 2) version.texts[fields[i]] = fields[i + 1];
  return version;
}

// A message: whether it was asked for, whether there is a site and its text, a certificate and its key or
// nothing for both, how much was refused, that, and the versions.
constexpr size_t kBeforeRefused = 6;

std::string message_of(const Found& found) {
  Fields fields{found.asked ? "1" : "0",         found.site ? "1" : "0",
                found.site.value_or(""),         found.tls ? found.tls->chain : "",
                found.tls ? found.tls->key : "", std::to_string(found.refused.size())};
  fields.insert(fields.end(), found.refused.begin(), found.refused.end());
  for (const FoundVersion& version : found.versions) fields.push_back(pack(fields_of(version)));
  return pack(fields);
}

std::optional<Found> found_of(std::string_view message) {
  const auto fields = unpack(message);
  if (!fields || fields->size() < kBeforeRefused) return std::nullopt;
  Found found{.asked = fields->at(0) == "1"};
  if (fields->at(1) == "1") found.site = fields->at(2);
  if (!fields->at(3).empty()) found.tls = TlsTexts{.chain = fields->at(3), .key = fields->at(4)};
  const size_t versions_at = kBeforeRefused + number_of(fields->at(kBeforeRefused - 1));
  for (size_t i = kBeforeRefused; i < fields->size(); ++i) {
    if (i < versions_at) {
      found.refused.push_back(fields->at(i));
    } else if (const auto version = unpack(fields->at(i)); version && version->size() >= kBeforeTexts) {
      found.versions.push_back(version_of(*version));
    }
  }
  return found;
}

/// The process's life.
void look_after(const ServeLoader::Task& task, CodeMemory& memory, const Channel& channel) {
  Look look(task, memory);
  if (!channel.send(kReady)) return;
  for (;;) {
    if (!channel.wait(task.watch ? kWatchEvery : kForEver)) {
      if (look.settled_change() && !channel.send(message_of(look.at_files(false)))) return;
      continue;
    }
    const auto message = channel.receive();
    const auto fields = message ? unpack(*message) : std::nullopt;
    if (!fields || fields->empty()) return;
    if (fields->front() == kLook) {
      if (!channel.send(message_of(look.at_files(true)))) return;
    } else if (fields->size() == 2) {
      look.release(number_of(fields->at(1)), fields->front() == kRelease);
    }
  }
}

}  // namespace

Result<std::unique_ptr<ServeLoader>> ServeLoader::start(const Task& task) {
  CodeMemory memory = BERTH_TRY(CodeMemory::create());
  Channel channel = BERTH_TRY(start_companion(
      memory.file(), [&](const Channel& channel_there) { look_after(task, memory, channel_there); }));
  memory.stop_writing();
  // It knows what is there before the server loads it: what changes meanwhile is found again.
  if (channel.receive() != kReady) {
    return fail(ErrorCode::kUnavailable, "the process that loads new versions has ended at its start");
  }
  return std::unique_ptr<ServeLoader>(new ServeLoader(std::move(memory), std::move(channel)));
}

ServeLoader::~ServeLoader() {
  channel_.hang_up();
  if (listener_.joinable()) listener_.join();
}

void ServeLoader::listen(std::function<void(std::optional<Found>)> on_found) {
  listener_ = std::thread([this, on_found = std::move(on_found)] {
    while (const auto message = channel_.receive()) on_found(found_of(*message));
    on_found(std::nullopt);
  });
}

bool ServeLoader::look() const {
  return channel_.send(pack(Fields{std::string(kLook)}));
}

void ServeLoader::release(const FoundVersion& version, bool taken) const {
  // When the process has ended nothing is written there any more.
  std::ignore =
      channel_.send(pack(Fields{std::string(taken ? kRelease : kRefuse), std::to_string(version.offset)}));
}

}  // namespace berth::cli
