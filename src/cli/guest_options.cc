// SPDX-License-Identifier: Apache-2.0
#include "cli/guest_options.h"

#include "cli/test_switches.h"

namespace berth::cli {

void add_policy_options(CLI::App& app, host::AskedPolicy& policy) {
  app.add_option("--grant", policy.grants,
                 "open a door: 'files ./data:/data:rw', 'http.out https://example.com/*'")
      ->type_name("GRANT")
      ->allow_extra_args(false);
  app.add_option("--dir", policy.folders,
                 "a folder, or berth's own by a name, read-only unless :rw: short for --grant 'files …'")
      ->type_name("HOST|@NAME[:GUEST][:rw]")
      ->allow_extra_args(false);
  app.add_option("--env", policy.env, "a variable, or this shell's own: short for --grant 'env …'")
      ->type_name("KEY[=VALUE]")
      ->allow_extra_args(false);
  app.add_option("--policy", policy.policy_file, "grants and limits from a TOML file")->type_name("FILE");
  app.add_option("--memory", policy.memory, "memory of the whole module; 1GiB unless given")
      ->type_name("SIZE");
  app.add_option("--cpu-time", policy.cpu_time, "CPU time")->type_name("TIME");
  app.add_option("--wall", policy.wall, "time until it has to be done, waiting included")->type_name("TIME");
  app.add_option("--limit", policy.limits, "any limit by its name: cpu.fuel=1000000")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void add_trust_options(CLI::App& app, host::AskedTrust& trust) {
  app.add_option("--trust", trust.file,
                 "whom to trust to vouch for modules, besides those in the owner's trust.toml")
      ->type_name("FILE");
  app.add_flag("--require-signed", trust.require_signed,
               "run nothing that nobody whom the file trusts vouches for");
}

void add_guest_options(CLI::App& app, GuestOptions& options) {
  add_policy_options(app, options.policy);
  add_trust_options(app, options.trust);
  app.add_option_function<std::string>(
         "--activity",
         [&options](const std::string& place) {
           options.activity = place;
           options.policy.activity = true;
         },
         "let it tell of its work, and write that as a line of JSON each at the end of FILE, or with - "
         "to standard output, and all that it prints to standard error")
      ->type_name("FILE|-");
  app.add_flag("--json", options.json,
               "report on the run as one JSON object, the last line of standard error");
  app.add_flag("--report", options.report, "at the end, say what was used of each limit");
  app.add_flag("--quiet", options.quiet, "say nothing of what was refused");
  add_name_options(app, options.names);
  app.add_flag("--no-cache", options.no_cache, "compile anew, and keep nothing");
  app.add_flag("--portable", options.portable, "use only system calls that every POSIX system has");
  if (kTestSwitches) {
    app.add_option("--guard-off", options.guards_off, "for tests: turn one guard off")
        ->allow_extra_args(false);
    app.add_flag("--shared", options.shared, "for tests: as in a process that the guest shares with others");
  }
}

}  // namespace berth::cli
