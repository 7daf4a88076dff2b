// SPDX-License-Identifier: Apache-2.0
// retrieval-check compile BERTH FOLDER MODULE…: compiles modules into a folder, by the program berth.
// retrieval-check run POLICY EVENTS FOLDER CID/NAME…: runs all of a folder side by side, with these paths.
//
// They have one host, and so one store and one set of connections. The status is 0 when all of them did well.

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "compiled.h"

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// What goes on, where somebody looks: the last line of a terminal.
void show(const std::string& line) {
  if (isatty(STDERR_FILENO) != 0) std::cerr << "\r\33[K" << line << std::flush;
}

auto milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::round<std::chrono::milliseconds>(time).count();
}

berth::Result<int> compile_all(const std::string& berth, const fs::path& folder, const Words& modules) {
  const auto host = berth::Host::create({.compiler = berth});
  if (!host) return std::unexpected(host.error());
  int status = 0;
  for (const std::string& module : modules) {
    show("compiling " + module);
    const auto compiled = compile(**host, module, folder);
    show("");
    if (compiled) continue;
    std::cerr << module << ": " << compiled.error().message << '\n';
    status = 1;
  }
  return status;
}

/// A module that runs, and what it came to.
class Check {
 public:
  Check(berth::Host& host, const fs::path& file, const berth::InstanceOptions& options)
      : name_(file.stem()), instance_(make(host, file, options)) {}

  void start() {
    if (instance_) run_ = (*instance_)->start_run();
  }
  /// Waits for its end, and says how it ended, what came for it from where, and how fast.
  bool tell() const {
    show("waiting for " + name_);
    const auto status = run_ ? run_->wait() : std::unexpected(instance_.error());
    show("");
    std::cout << name_ << ": " << (status ? "status " + std::to_string(*status) : status.error().message)
              << '\n';
    if (!instance_) return false;
    const berth::Brought brought = (*instance_)->brought();
    std::cout << "  this machine: " << brought.store_bytes << " bytes\n";
    for (const berth::BroughtFrom& from : brought.gateways) {
      std::cout << "  " << from.gateway << ": " << from.bytes << " bytes, requests: " << from.requests
                << ", first block after " << milliseconds(from.first_byte) << " ms, the rest in "
                << milliseconds(from.time) << " ms\n";
    }
    return status == 0;
  }

 private:
  using Instance = berth::Result<std::shared_ptr<berth::Instance>>;

  static Instance make(berth::Host& host, const fs::path& file, const berth::InstanceOptions& options) {
    const auto module = load(host, file);
    if (!module) return std::unexpected(module.error());
    return (*module)->instantiate(options);
  }

  std::string name_;
  Instance instance_;
  std::optional<berth::Call<int>> run_;
};

berth::Result<int> run_all(const berth::InstanceOptions& options, const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed))
    if (entry.path().extension() == kCompiled) files.push_back(entry.path());
  if (files.empty())
    return berth::fail(berth::ErrorCode::kNotFound, "no compiled modules in '" + folder.string() + "'");
  std::ranges::sort(files);
  const auto host = berth::Host::create({.callers = files.size()});
  if (!host) return std::unexpected(host.error());
  std::vector<Check> checks;
  for (const fs::path& file : files) checks.emplace_back(**host, file, options);
  for (Check& check : checks) check.start();
  const auto good = std::ranges::count_if(checks, [](const Check& check) { return check.tell(); });
  return good == std::ssize(checks) ? 0 : 1;
}

/// What each of them gets.
berth::InstanceOptions options_of(const std::string& policy, const std::string& events, const Words& paths) {
  berth::InstanceOptions options{
      .grants = {"stdio out,err"}, .arguments = paths, .policy_file = policy, .activity = events};
  // A program of preview 1 knows files alone, so content is a folder for it.
  for (const std::string& path : paths) {
    const std::string cid = path.substr(0, path.rfind('/'));
    options.grants.push_back("files ipfs://" + cid + ":/content/" + cid + ":ro");
  }
  return options;
}

berth::Result<int> run(const Words& words) {
  if (words.size() > 3 && words[0] == "compile")
    return compile_all(words[1], words[2], {words.begin() + 3, words.end()});
  if (words.size() > 4 && words[0] == "run")
    return run_all(options_of(words[1], words[2], {words.begin() + 4, words.end()}), words[3]);
  return berth::fail(
      berth::ErrorCode::kInvalidArgument,
      "write 'retrieval-check compile BERTH FOLDER MODULE…', then 'retrieval-check run POLICY EVENTS "
      "FOLDER CID/NAME…'");
}

}  // namespace

int main(int argc, char** argv) {
  const auto done = run({argv + 1, argv + argc});
  if (!done) std::cerr << "retrieval-check: " << done.error().message << '\n';
  return done ? *done : 1;
}
