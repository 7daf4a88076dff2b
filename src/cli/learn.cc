// SPDX-License-Identifier: Apache-2.0
#include "cli/learn.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error_table.h"
#include "base/os/file.h"
#include "base/os/relay.h"
#include "base/units.h"
#include "cli/learn_questions.h"
#include "cli/learn_report.h"
#include "cli/own_group.h"
#include "host/learn.h"
#include "host/volumes.h"
#include "policy/printable.h"
#include "registry/name.h"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;
using host::Proposal;
using host::Standing;
using nlohmann::json;
using policy::Grant;

// What CLI11 makes of `--learn` alone, and of `--learn=auto`.
constexpr std::string_view kLearnAsking = "true";
constexpr std::string_view kLearnAuto = "auto";
constexpr size_t kMostRounds = 100;
constexpr size_t kLinesShown = 10;
constexpr uint64_t kLeastMemoryTold = 4 << 20;

/// A folder that is gone when this goes.
class ScratchFolder {
 public:
  static Result<std::unique_ptr<ScratchFolder>> create() {
    std::error_code error;
    std::string path = (fs::temp_directory_path(error) / "berth-learn-XXXXXX").string();
    if (error || ::mkdtemp(path.data()) == nullptr) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("a folder for the rounds can't be made in '{}'; set TMPDIR to one that can be "
                              "written",
                              fs::path(path).parent_path().string()));
    }
    return std::unique_ptr<ScratchFolder>(new ScratchFolder(std::move(path)));
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }

  std::string file(std::string_view name) const {
    return fmt::format("{}/{}", path_, name);
  }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

Result<void> write_text(const std::string& file, std::string_view text, unsigned mode) {
  return write_file(file, {&text, 1}, mode, Durability::kRenamed);
}

/// Never over a file that is there, also not one that came since it was last looked for.
Result<void> write_new(const std::string& file, std::string_view text) {
  return write_new_file(file, {&text, 1}, 0644, Durability::kRenamed);
}

/// A file without its folder, or a name as it is written.
std::string called(const std::string& module) {
  return registry::has_scheme(module) ? module : fs::path(module).filename().string();
}

std::string default_file(const std::string& module) {
  const auto name = registry::parse_name(module);
  return (name ? short_name(*name) : fs::path(module).stem().string()) + ".policy.toml";
}

/// What a session starts from.
struct Ground {
  host::LearnScope scope;
  std::vector<Grant> env;  // given, and kept
  policy::Limits limits;
  std::string file;
  std::vector<FolderLock> volumes;
};

Result<Ground> ground_of(const LearnRequest& request) {
  const UserFolders folders = BERTH_TRY(user_folders());
  const policy::Policy asked = BERTH_TRY(host::asked_policy(request.policy));
  policy::Bounds owner = BERTH_TRY(host::owners_bounds(folders));
  policy::Effective effective = policy::intersect(asked, owner);
  for (const policy::Cut& cut : effective.cuts) {
    if (cut.asked.capability != policy::Capability::kStdio) say(policy::explain(cut));
  }
  for (const policy::Lowered& lowered : effective.lowered) say(policy::explain(lowered));
  const host::Volumes volumes(folders.state);
  Ground ground;
  ground.volumes = BERTH_TRY(volumes.open(effective.policy));
  ground.scope.volumes = volumes.folder();
  for (const Grant& grant : effective.policy.grants) {
    if (grant.capability == policy::Capability::kStdio) continue;
    (grant.capability == policy::Capability::kEnv ? ground.env : ground.scope.given).push_back(grant);
  }
  // Of the limits, those that were asked for: the owner's bind every run anyway.
  for (const policy::LimitName& limit : policy::limit_names()) {
    if (!policy::limit_text(asked.limits, limit.name)) continue;
    const auto value = policy::limit_text(effective.policy.limits, limit.name);
    if (value) BERTH_TRY_VOID(policy::set_limit(ground.limits, limit.name, *value));
  }
  if (request.learn.within) {
    policy::Bounds within = BERTH_TRY(host::bounds_of(*request.learn.within));
    ground.scope.within = std::move(within.grants);
    ground.limits = policy::minimum(ground.limits, within.limits);
  } else if (request.learn.mode == kLearnAuto) {
    ground.scope.within = owner.grants;
  }
  const bool unbounded = !ground.scope.within && ground.scope.given.empty();
  if (request.learn.mode == kLearnAuto && unbounded) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("--learn=auto opens only what an outer policy holds, and there is none{}: give one "
                    "with --within FILE, grants on the command line, or grants in {}/host.toml",
                    request.learn.within ? fmt::format(" in '{}'", *request.learn.within) : "",
                    folders.config));
  }
  ground.scope.owner = std::move(owner);
  std::error_code error;
  ground.scope.folder = fs::canonical(".", error).string();
  if (error) return fail(ErrorCode::kUnavailable, fmt::format("the current folder: {}", error.message()));
  ground.file = request.learn.to.value_or(default_file(request.module));
  if (!request.learn.force && fs::exists(fs::symlink_status(ground.file, error))) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' is there already: learn into another file with --learn-to FILE, or write over "
                    "it with --force",
                    ground.file));
  }
  return ground;
}

class Session {
 public:
  Session(const LearnRequest& request, Ground ground, std::unique_ptr<ScratchFolder> scratch,
          std::optional<LearnQuestions> questions)
      : request_(request),
        ground_(std::move(ground)),
        scratch_(std::move(scratch)),
        questions_(std::move(questions)),
        learner_(ground_.scope) {}

  Result<int> run();

 private:
  /// A round's end: what to do next.
  enum class Next { kAnotherRound, kDone, kQuit, kWrite };

  Result<void> play_round();
  Next after_round();
  Next open_one(const std::vector<Proposal>& proposals, json& opened);
  Answer decide(const Proposal& proposal);
  void tell_round(const host::Sorted& sorted);
  void note(std::string_view line) const {
    if (!request_.quiet && !request_.json) say(line);
  }
  std::string policy_text(const std::vector<std::string>& head) const;
  std::string command_line() const;
  Result<int> finish(bool write);
  int interrupted(int signal);

  const LearnRequest& request_;
  const Ground ground_;
  const std::unique_ptr<ScratchFolder> scratch_;
  std::optional<LearnQuestions> questions_;  // none for `auto`
  Relay relay_;
  host::Learner learner_;
  size_t round_ = 0;
  RoundReport last_;
  bool reported_ = false;  // the round got as far as its guest
  int status_ = 0;
  uint64_t memory_peak_bytes_ = 0;
  size_t probes_ = 0;
  std::set<std::string> told_;
  json rounds_ = json::array();
};

std::string Session::policy_text(const std::vector<std::string>& head) const {
  policy::LearnedNotes notes{.head = head, .given = ground_.env, .limits = {}};
  if (memory_peak_bytes_ > 0) {
    std::string line = fmt::format("most memory that a round used: {}", format_bytes(memory_peak_bytes_));
    if (!ground_.limits.memory_bytes) {
      const uint64_t roomy = std::max(kLeastMemoryTold, std::bit_ceil(2 * memory_peak_bytes_));
      line += fmt::format("; a limit with room to spare: memory = \"{}\"", exact_bytes(roomy));
    }
    notes.limits.push_back(std::move(line));
  }
  return policy::learned_toml({.grants = learner_.grants(), .limits = ground_.limits}, learner_.uses(),
                              notes);
}

Result<void> Session::play_round() {
  ++round_;
  const std::string policy_file = scratch_->file("policy.toml");
  const std::string report_file = scratch_->file("report.json");
  BERTH_TRY_VOID(write_text(policy_file, policy_text({}), 0600));
  std::error_code error;
  fs::remove(report_file, error);
  std::vector<std::string> command{
      program(request_.portable), "run", "--quiet", "--policy", policy_file, kRoundReport, report_file};
  command.insert(command.end(), request_.run_options.begin(), request_.run_options.end());
  command.push_back(request_.module);
  command.insert(command.end(), request_.args.begin(), request_.args.end());
  const Relay::End end = BERTH_TRY(relay_.run(command));
  status_ = end.signal ? 128 + *end.signal : end.exit_status;
  auto report = read_round_report(report_file);
  reported_ = report.has_value();
  if (!report && report.error().code != ErrorCode::kNotFound) return std::unexpected(report.error());
  last_ = reported_ ? std::move(*report) : RoundReport{};
  if (last_.unfinished_line && relay_.shares_terminal()) note_unfinished_line();
  memory_peak_bytes_ = std::max(memory_peak_bytes_, last_.memory_peak_bytes);
  return {};
}

void Session::tell_round(const host::Sorted& sorted) {
  std::vector<std::string> lines;
  const auto add = [&](const policy::Knock& use, std::string_view why) {
    std::string line =
        fmt::format("  {} {}{}", policy::capability_name(use.capability), policy::use_text(use), why);
    if (told_.insert(line).second) lines.push_back(std::move(line));
  };
  for (const Proposal& proposal : sorted.proposals) add(proposal.use, "");
  for (const Proposal& proposal : sorted.on_the_way) {
    if (!last_.succeeded) add(proposal.use, ", a folder above others");
  }
  for (const host::Shut& shut : sorted.shut)
    add(shut.use, fmt::format(": no line would open it: {}", shut.why));
  probes_ = sorted.probes;
  if (request_.quiet || request_.json) return;
  std::string text = fmt::format("berth: round {} {}{}\n", round_, last_.ending,
                                 lines.empty() ? ", and asked for nothing new" : ", and was refused");
  for (size_t i = 0; i < std::min(lines.size(), kLinesShown); ++i) text += lines[i] + "\n";
  if (lines.size() > kLinesShown) text += fmt::format("  … and {} more\n", lines.size() - kLinesShown);
  tell(text);
}

Answer Session::decide(const Proposal& proposal) {
  const std::string lines = listed(proposal.lines);
  switch (proposal.standing) {
    case Standing::kGiven:
      note(fmt::format("opened: {} (given)", lines));
      return Answer::kYes;
    case Standing::kWithin:
      note(fmt::format("opened: {} (within the outer policy)", lines));
      return Answer::kYes;
    case Standing::kForbidden:
      note(fmt::format("not opened: {}: the owner of this machine doesn't allow it ({})", lines,
                       ground_.scope.owner.source));
      return Answer::kNo;
    case Standing::kToAsk:
      break;
  }
  if (request_.learn.mode == kLearnAuto) {
    note(fmt::format("not opened: {}: it lies outside of the outer policy", lines));
    return Answer::kNo;
  }
  if (questions_->agreed(proposal)) {
    note(fmt::format("opened: {} (of a kind that you agreed to)", lines));
    return Answer::kYes;
  }
  return questions_->ask(proposal, relay_);
}

/// Opens the first that is agreed to, and what belongs to the same line.
Session::Next Session::open_one(const std::vector<Proposal>& proposals, json& opened) {
  std::optional<Proposal> first;
  for (const Proposal& proposal : proposals) {
    const auto now = learner_.again(proposal);
    if (!now) {
      // Open already, by a line of this round.
      if (first && policy::allows(learner_.grants(), proposal.use)) {
        learner_.open({.use = proposal.use, .lines = {}, .replaced = {}, .wider = {}});
      }
      continue;
    }
    if (first && !host::Learner::one_line(*first, *now)) continue;
    const Answer answer = decide(*now);
    if (answer == Answer::kQuit) return Next::kQuit;
    if (answer == Answer::kWrite) return Next::kWrite;
    json lines = json::array();
    for (const Grant& line : now->lines) lines.push_back(policy::to_text(line));
    opened.push_back({{"use", policy::use_text(now->use)},
                      {"lines", std::move(lines)},
                      {"opened", answer == Answer::kYes}});
    if (answer == Answer::kNo) {
      learner_.refuse(*now);
      continue;
    }
    learner_.open(*now);
    first = *now;
  }
  return first ? Next::kAnotherRound : Next::kDone;
}

Session::Next Session::after_round() {
  const host::Sorted sorted = learner_.sort(last_.knocks);
  tell_round(sorted);
  json opened = json::array();
  Next next = open_one(sorted.proposals, opened);
  // A folder above others is mostly only passed by: opened where nothing else helps.
  if (next == Next::kDone && !last_.succeeded) next = open_one(sorted.on_the_way, opened);
  json shut = json::array();
  for (const host::Shut& one : sorted.shut) {
    shut.push_back({{"use", policy::use_text(one.use)}, {"why", one.why}});
  }
  rounds_.push_back({{"round", round_},
                     {"ending", last_.ending},
                     {"exit_status", status_},
                     {"cpu_used_ns", last_.cpu_used_ns},
                     {"memory_peak_bytes", last_.memory_peak_bytes},
                     {"asked", std::move(opened)},
                     {"shut", std::move(shut)},
                     {"probes", sorted.probes}});
  return next;
}

/// The words that run the module with what was learned.
std::string Session::command_line() const {
  const auto word = [](const std::string& text) {
    const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("/._-=:,+@%").contains(c);
    });
    return plain ? text : policy::shell_quoted(policy::printable(text));
  };
  std::string line = fmt::format("berth run --policy {} {}", word(ground_.file), word(request_.module));
  for (const std::string& argument : request_.args) line += " " + word(argument);
  return line;
}

int Session::interrupted(int signal) {
  relay_.release();
  say(fmt::format("interrupted in round {}: nothing is written", round_));
  return 128 + signal;
}

/// Passes the last round's output on, writes the file, says so.
Result<int> Session::finish(bool write) {
  relay_.release();
  bool written = false;
  if (write && !last_.ended_by_itself) {
    note(fmt::format("nothing is written: the last round {}, so more may be needed", last_.ending));
  } else if (!write) {
    note("nothing is written");
  } else {
    std::vector<std::string> head{fmt::format("learned by 'berth run --learn' in {} of {}",
                                              round_ == 1 ? "one round" : fmt::format("{} rounds", round_),
                                              called(request_.module))};
    if (!last_.succeeded) head.push_back(fmt::format("the last round {}: it may need more", last_.ending));
    const std::string text = policy_text(head);
    BERTH_TRY_VOID(request_.learn.force ? write_text(ground_.file, text, 0644)
                                        : write_new(ground_.file, text));
    written = true;
    const bool root = std::ranges::any_of(learner_.grants(), [](const Grant& grant) {
      const auto* files = std::get_if<policy::FilesGrant>(&grant.extent);
      return files != nullptr && files->guest_path == "/";
    });
    if (!last_.succeeded && probes_ > 0) {
      note(fmt::format(
          "{} looks for what isn't on this machine were left out: 'berth why --probes {}' lists them",
          probes_, request_.module));
    }
    if (!last_.succeeded && root) {
      note("a folder is the guest's '/': what it misses there is not told, since it looks into that folder");
    }
    note(fmt::format(
        "wrote {} to '{}'; run it with: {}",
        learner_.grants().size() == 1 ? "1 grant" : fmt::format("{} grants", learner_.grants().size()),
        ground_.file, command_line()));
  }
  if (request_.json) {
    json grants = json::array();
    json wider = json::array();
    for (const Grant& grant : learner_.grants()) {
      grants.push_back(policy::to_text(grant));
      wider.push_back(policy::widening_of(grant));
    }
    const json value = {{"learned",
                         {{"module", request_.module},
                          {"rounds", rounds_},
                          {"grants", std::move(grants)},
                          {"wider", std::move(wider)},
                          {"file", written ? json(ground_.file) : json(nullptr)},
                          {"exit_status", status_}}}};
    tell(value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
  }
  return status_;
}

Result<int> Session::run() {
  note(fmt::format(
      "learning what '{}' needs: it runs in rounds, each from its beginning; what it does behind an "
      "open door is done in every round",
      request_.module));
  for (;;) {
    BERTH_TRY_VOID(play_round());
    if (const auto signal = Relay::signal()) return interrupted(*signal);
    if (!reported_) {
      // It said itself what is wrong.
      relay_.release();
      return status_;
    }
    const Next next = after_round();
    if (const auto signal = Relay::signal()) return interrupted(*signal);
    if (next != Next::kAnotherRound) return finish(next != Next::kQuit);
    if (round_ == kMostRounds) {
      relay_.release();
      return fail(
          ErrorCode::kLimit,
          fmt::format("{} rounds are not enough: nothing is written; give the folders and hosts that it "
                      "needs with --policy or --grant, and learn the rest",
                      kMostRounds));
    }
    if (!relay_.can_run_again()) {
      relay_.release();
      return fail(
          ErrorCode::kUnsupported,
          fmt::format("standard input is longer than the {} that are kept for another round: give it as "
                      "a file, with '<'",
                      format_bytes(Relay::kMost)));
    }
    if (relay_.handed_on()) {
      say(fmt::format(
          "round {} wrote more than the {} that are held back: that is out already, and comes again", round_,
          format_bytes(Relay::kMost)));
    }
  }
}

}  // namespace

void describe_learn(CLI::App& app, LearnOptions& options) {
  app.add_flag("--learn", options.mode, "run it in rounds, ask which doors to open, write a policy that does")
      ->type_name("[=auto]");
  app.add_option("--learn-to", options.to, "the policy file to write; MODULE.policy.toml here unless given")
      ->type_name("FILE");
  app.add_option(
         "--within", options.within,
         "what --learn opens without asking, written as host.toml is; for =auto that file unless given")
      ->type_name("FILE");
  app.add_flag("--force", options.force, "let --learn write over its file");
}

Result<void> check(const LearnOptions& options) {
  if (options.mode.empty()) {
    if (options.to || options.within || options.force) {
      return fail(ErrorCode::kInvalidArgument, "--learn-to, --within and --force belong to --learn; add it");
    }
    return {};
  }
  if (options.mode == kLearnAsking || options.mode == kLearnAuto) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("--learn={} is not a way to learn; use --learn, which asks, or --learn=auto",
                          policy::printable(options.mode)));
}

Result<int> learn(const LearnRequest& request) {
  Ground ground = BERTH_TRY(ground_of(request));
  // Each round takes one beside it, which it can't from a group that this process stays in.
  OwnGroup group;
  const policy::Bounds& owner = ground.scope.owner;
  BERTH_TRY_VOID(group.take(owner.host.priority.value_or(policy::Priority{}), owner.source));
  std::optional<LearnQuestions> questions;
  if (request.learn.mode == kLearnAsking) {
    questions = LearnQuestions::on_terminal();
    if (!questions) {
      return fail(ErrorCode::kInvalidArgument,
                  "--learn asks on a terminal, and there is none: use --learn=auto with an outer policy, "
                  "--within FILE");
    }
  }
  return Session(request, std::move(ground), BERTH_TRY(ScratchFolder::create()), std::move(questions)).run();
}

}  // namespace berth::cli
