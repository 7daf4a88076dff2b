// SPDX-License-Identifier: Apache-2.0
#include "base/os/seccomp.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace berth {
namespace {

// From here on the kernel gives a call the same number on all machines; these are newer than Debian 12's
// headers.
constexpr uint32_t kFchmodat2 = 452;
constexpr uint32_t kSetxattrat = 463;
constexpr uint32_t kRemovexattrat = 466;
constexpr uint32_t kOpenTreeAttr = 467;
constexpr uint32_t kFileSetattr = 469;
constexpr uint32_t kNewest = kFileSetattr;

constexpr auto kNeverCalled = std::to_array<uint32_t>({
    // Other programs, and other processes.
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_process_madvise,
    SYS_process_mrelease,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_unshare,
    SYS_setns,
    // Who this process is.
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_setgroups,
    SYS_capset,
    SYS_personality,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    // File systems, and what a file is besides its contents and times.
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    kOpenTreeAttr,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_swapon,
    SYS_swapoff,
    SYS_fanotify_init,
    SYS_mknodat,
    SYS_fchmod,
    SYS_fchmodat,
    kFchmodat2,
    SYS_fchown,
    SYS_fchownat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    kSetxattrat,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    kRemovexattrat,
    kFileSetattr,
    // The kernel and the machine.
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_syslog,
    SYS_acct,
    SYS_vhangup,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_sethostname,
    SYS_setdomainname,
    // Memory, queues and semaphores that other processes share.
    SYS_shmget,
    SYS_shmat,
    SYS_shmctl,
    SYS_semget,
    SYS_semctl,
    SYS_semop,
    SYS_semtimedop,
    SYS_msgget,
    SYS_msgctl,
    SYS_msgsnd,
    SYS_msgrcv,
    SYS_mq_open,
    SYS_mq_unlink,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef __x86_64__
    SYS_fork,
    SYS_vfork,
    SYS_mknod,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
    SYS_ustat,
    SYS_sysfs,
    SYS_create_module,
    SYS_get_kernel_syms,
    SYS_query_module,
    SYS_nfsservctl,
    SYS__sysctl,
#endif
});

#ifdef __x86_64__
constexpr uint32_t kMachine = AUDIT_ARCH_X86_64;
#else
constexpr uint32_t kMachine = AUDIT_ARCH_AARCH64;
#endif
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "an argument's low half comes first");

using Program = std::vector<sock_filter>;

constexpr void append(Program& program, const Program& more) {
  program.insert(program.end(), more.begin(), more.end());
}

constexpr sock_filter statement(uint16_t code, uint32_t k) {
  return {.code = code, .jt = 0, .jf = 0, .k = k};
}

constexpr sock_filter jump(uint16_t compare, uint32_t k, size_t if_so, size_t if_not) {
  return {.code = static_cast<uint16_t>(BPF_JMP | compare | BPF_K),
          .jt = static_cast<uint8_t>(if_so),
          .jf = static_cast<uint8_t>(if_not),
          .k = k};
}

constexpr sock_filter load(size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

/// The low half of an argument.
constexpr sock_filter argument(size_t number) {
  return load(offsetof(seccomp_data, args) + number * sizeof(uint64_t));
}

constexpr sock_filter kAllow = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
constexpr sock_filter kDeny = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
constexpr sock_filter kUnknown = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);

/// What becomes of a call; the first three whatever its arguments are.
enum Verdict : size_t { kAllowed, kDenied, kUnheardOf, kByCloneFlags, kByProtection, kByFamily, kByRequest };

constexpr std::vector<Program> verdicts() {
  return {{kAllow},
          {kDeny},
          {kUnknown},
          {argument(0), jump(BPF_JSET, CLONE_THREAD, 0, 1), kAllow, kDeny},
          {argument(2), jump(BPF_JSET, PROT_EXEC, 1, 0), kAllow, kDeny},
          {argument(0), jump(BPF_JEQ, AF_INET, 1, 0), jump(BPF_JEQ, AF_INET6, 0, 1), kAllow, kDeny},
          {argument(1), jump(BPF_JEQ, TIOCSTI, 2, 0), jump(BPF_JEQ, TIOCLINUX, 1, 0), kAllow, kDeny}};
}

/// All calls from this one to before the next stretch.
struct Stretch {
  uint32_t first = 0;
  Verdict verdict = kAllowed;
};

constexpr std::vector<Stretch> stretches() {
  std::vector<Stretch> rules{{SYS_clone, kByCloneFlags},
                             // glibc then calls clone, whose flags can be looked at.
                             {SYS_clone3, kUnheardOf},
                             {SYS_mmap, kByProtection},
                             {SYS_mprotect, kByProtection},
                             {SYS_pkey_mprotect, kByProtection},
                             {SYS_socket, kByFamily},
                             {SYS_ioctl, kByRequest}};
  for (const uint32_t call : kNeverCalled) rules.push_back({call, kDenied});
  std::ranges::sort(rules, {}, &Stretch::first);
  std::vector<Stretch> all{{0, kAllowed}};
  for (const Stretch& rule : rules) {
    if (all.back().first == rule.first) all.pop_back();
    if (all.empty() || all.back().verdict != rule.verdict) all.push_back(rule);
    all.push_back({rule.first + 1, kAllowed});
  }
  // Those of another kind of this machine's programs (x32) are above these, too.
  if (all.back().first == kNewest + 1) all.pop_back();
  all.push_back({kNewest + 1, kUnheardOf});
  return all;
}

/// A comparison with the first call of a stretch, and where it leads: to another one, or to a verdict.
struct Step {
  struct Way {
    bool ends = false;
    size_t index = 0;
  };
  uint32_t first = 0;
  Way from_there;
  Way below;
};

/// Halves the stretches until one is left.
constexpr Step::Way search(std::span<const Stretch> among, std::vector<Step>& steps) {
  if (among.size() == 1) return {.ends = true, .index = among.front().verdict};
  const size_t half = among.size() / 2;
  const size_t at = steps.size();
  steps.push_back({.first = among[half].first});
  const Step::Way below = search(among.first(half), steps);
  const Step::Way from_there = search(among.subspan(half), steps);
  steps[at].below = below;
  steps[at].from_there = from_there;
  return {.ends = false, .index = at};
}

/// The steps and then the verdicts. When this is loaded the kernel goes through it for each call that there
/// is, and makes machine code of it: both cost the less the shorter the ways and the whole are.
constexpr Program filter() {
  std::vector<Step> steps;
  search(stretches(), steps);
  std::vector<size_t> verdict_at;
  Program ends;
  for (const Program& verdict : verdicts()) {
    verdict_at.push_back(steps.size() + ends.size());
    append(ends, verdict);
  }
  Program program{load(offsetof(seccomp_data, arch)), jump(BPF_JEQ, kMachine, 1, 0), kDeny,
                  load(offsetof(seccomp_data, nr))};
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto distance = [&](const Step::Way& way) {
      const size_t jumped = (way.ends ? verdict_at[way.index] : way.index) - (i + 1);
      if (jumped > UINT8_MAX) throw "a jump goes no further";
      return jumped;
    };
    program.push_back(jump(BPF_JGE, steps[i].first, distance(steps[i].from_there), distance(steps[i].below)));
  }
  append(program, ends);
  return program;
}

constexpr auto kFilter = [] {
  std::array<sock_filter, filter().size()> fixed{};
  std::ranges::copy(filter(), fixed.begin());
  return fixed;
}();

}  // namespace

Result<void> raise_seccomp() {
#ifdef __SANITIZE_ADDRESS__
  return fail(ErrorCode::kUnsupported, "this build looks for leaks at the end, by a process of its own");
#endif
  const sock_fprog loaded{.len = kFilter.size(), .filter = const_cast<sock_filter*>(kFilter.data())};
  // Speculation stays as it was: before Linux 5.16 a filter would else slow down all that the guest does.
  constexpr unsigned kFlags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kFlags, &loaded) == 0) return {};
  return fail(
      ErrorCode::kUnsupported,
      fmt::format("{}: the kernel needs CONFIG_SECCOMP_FILTER, and what berth runs in has to allow the "
                  "system call seccomp",
                  std::strerror(errno)));
}

}  // namespace berth

#else

namespace berth {

Result<void> raise_seccomp() {
  return fail(ErrorCode::kUnsupported, "it is written for Linux on x86-64 and aarch64");
}

}  // namespace berth

#endif
