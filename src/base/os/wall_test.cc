// SPDX-License-Identifier: Apache-2.0
#include "base/os/wall.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include "base/os/landlock.h"
#include "base/testing.h"

// The thread sanitizer has a thread of its own in every process, which Landlock wouldn't hold for.
#if defined(__linux__) && !defined(__SANITIZE_THREAD__)
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <thread>

namespace berth {
namespace {

namespace fs = std::filesystem;

/// The error number of a call that returns -1, or 0.
int error_of(long result) {
  return result == -1 ? errno : 0;
}

int opening(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (file < 0) return errno;
  ::close(file);
  return 0;
}

/// Two folders to be let in and one that isn't, each with a file.
struct Scene {
  Scene() {
    std::string path = (fs::temp_directory_path() / "berth-wall-XXXXXX").string();
    root = ::mkdtemp(path.data());
    for (const char* name : {"ro", "rw", "outside"}) {
      fs::create_directories(root / name / "below");
      std::ofstream(root / name / "below" / "file") << "contents";
    }
  }
  ~Scene() {
    fs::remove_all(root);
  }
  std::string operator()(const char* name) const {
    return (root / name).string();
  }
  WallPlan plan() const {
    return {.readable = {(*this)("ro"), (*this)("missing")}, .writable = {(*this)("rw")}};
  }
  fs::path root;
};

int connecting(uint16_t port) {
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  return error_of(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to));
}

struct Forbidden {
  const char* name;
  int (*attempt)();
  int with_wall = EPERM;
  bool anyone = true;  // without the wall it isn't refused, whoever asks and wherever this runs
};

// Each with arguments that are wrong where the call would do something.
const auto kForbidden = std::to_array<Forbidden>({
    {"execve", [] { return error_of(::syscall(SYS_execve, nullptr, nullptr, nullptr)); }},
    {"execveat", [] { return error_of(::syscall(SYS_execveat, -1, nullptr, nullptr, nullptr, 0)); }},
    {"fork by clone",
     [] {
       const long child = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0);
       if (child == 0) ::_exit(0);
       return error_of(child);
     }},
    {"fork of the C library",
     [] {
       const pid_t child = ::fork();
       if (child == 0) ::_exit(0);
       return error_of(child);
     }},
    {"clone3", [] { return error_of(::syscall(SYS_clone3, nullptr, size_t{0})); }, ENOSYS},
#ifdef SYS_vfork
    {"fork",
     [] {
       const long child = ::syscall(SYS_fork);
       if (child == 0) ::_exit(0);
       return error_of(child);
     }},
#endif
    {"setuid", [] { return error_of(::syscall(SYS_setuid, ::getuid())); }},
    {"setresgid", [] { return error_of(::syscall(SYS_setresgid, -1, -1, -1)); }},
    {"a UNIX socket", [] { return error_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
    {"a netlink socket", [] { return error_of(::socket(AF_NETLINK, SOCK_RAW, 0)); }},
    {"memory to run",
     [] {
       void* at =
           ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       return at == MAP_FAILED ? errno : 0;
     }},
    {"memory made runnable",
     [] {
       void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       return error_of(::mprotect(at, 4096, PROT_READ | PROT_EXEC));
     }},
    {"typing into a terminal", [] { return error_of(::ioctl(-1, TIOCSTI, nullptr)); }},
    {"chmod", [] { return error_of(::fchmod(-1, 0)); }},
    {"a FIFO", [] { return error_of(::mknodat(-1, "x", S_IFIFO, 0)); }},
    {"shared memory", [] { return error_of(::syscall(SYS_shmget, 1, 0, 0)); }},
    {"ptrace", [] { return error_of(::syscall(SYS_ptrace, 0x7fff, 1, 0, 0)); }, EPERM, false},
    {"process_vm_readv",
     [] { return error_of(::syscall(SYS_process_vm_readv, 1, nullptr, 0, nullptr, 0, 1)); }, EPERM, false},
    {"process_vm_writev",
     [] { return error_of(::syscall(SYS_process_vm_writev, 1, nullptr, 0, nullptr, 0, 1)); }, EPERM, false},
    {"mount", [] { return error_of(::syscall(SYS_mount, nullptr, nullptr, nullptr, 0, nullptr)); }, EPERM,
     false},
    {"fsopen", [] { return error_of(::syscall(SYS_fsopen, nullptr, 0)); }, EPERM, false},
    {"pivot_root", [] { return error_of(::syscall(SYS_pivot_root, nullptr, nullptr)); }, EPERM, false},
    {"chroot", [] { return error_of(::syscall(SYS_chroot, nullptr)); }, EPERM, false},
    {"unshare", [] { return error_of(::syscall(SYS_unshare, 0)); }, EPERM, false},
    {"setns", [] { return error_of(::syscall(SYS_setns, -1, 0)); }, EPERM, false},
    {"bpf", [] { return error_of(::syscall(SYS_bpf, -1, nullptr, 0)); }, EPERM, false},
    {"perf_event_open", [] { return error_of(::syscall(SYS_perf_event_open, nullptr, 0, 0, -1, 0)); }, EPERM,
     false},
    {"userfaultfd", [] { return error_of(::syscall(SYS_userfaultfd, -1)); }, EPERM, false},
    {"keyctl", [] { return error_of(::syscall(SYS_keyctl, -1, 0, 0, 0, 0)); }, EPERM, false},
    {"add_key", [] { return error_of(::syscall(SYS_add_key, nullptr, nullptr, nullptr, 0, 0)); }, EPERM,
     false},
    {"io_uring_setup", [] { return error_of(::syscall(SYS_io_uring_setup, 0, nullptr)); }, EPERM, false},
    {"open_by_handle_at", [] { return error_of(::syscall(SYS_open_by_handle_at, -1, nullptr, 0)); }, EPERM,
     false},
    {"quotactl", [] { return error_of(::syscall(SYS_quotactl, -1, nullptr, 0, nullptr)); }, EPERM, false},
    {"init_module", [] { return error_of(::syscall(SYS_init_module, nullptr, 0, nullptr)); }, EPERM, false},
    {"kexec_load", [] { return error_of(::syscall(SYS_kexec_load, 0, 0, nullptr, -1)); }, EPERM, false},
    {"reboot", [] { return error_of(::syscall(SYS_reboot, 0, 0, 0, nullptr)); }, EPERM, false},
    {"swapon", [] { return error_of(::syscall(SYS_swapon, nullptr, 0)); }, EPERM, false},
    {"personality", [] { return error_of(::syscall(SYS_personality, 0xffffffff)); }, EPERM, false},
    {"a call that isn't known yet", [] { return error_of(::syscall(2000)); }, ENOSYS, false},
});

}  // namespace

TEST_CASE("each system call that berth never makes is refused where the wall says so, and by nothing else") {
  for (const bool wanted : {true, false}) {
    const WallPlan plan{.landlock = 0, .seccomp = wanted};
    const bool holds = in_child([&] { return raise_wall(plan).seccomp ? 1 : 0; }) == 1;
    CAPTURE(holds);
    for (const Forbidden& call : kForbidden) {
      CAPTURE(call.name);
      const int error = in_child([&] {
        raise_wall(plan);
        return call.attempt();
      });
      if (holds) CHECK(error == call.with_wall);
      if (!holds && call.anyone) CHECK(error != call.with_wall);
    }
    if (!wanted) CHECK_FALSE(holds);
  }
}

TEST_CASE("what berth needs goes on behind the wall") {
  CHECK(in_child([] {
          raise_wall({.tcp = WallPlan::Tcp::kOpen});
          int ends[2];
          if (::pipe(ends) != 0 || ::socket(AF_INET6, SOCK_DGRAM, 0) < 0) return 1;
          if (connecting(1) != ECONNREFUSED) return 2;
          void* at = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          if (::mprotect(at, 4096, PROT_READ | PROT_WRITE) != 0) return 3;
          if (opening("/dev/null", O_RDWR) != 0) return 4;
          bool ran = false;
          std::thread([&] { ran = true; }).join();
          if (!ran) return 5;
          return 0;
        }) == 0);
}

TEST_CASE("behind the wall one port may be connected to, where it is let in") {
  if (landlock_version().value_or(0) < 4) return;  // this kernel's has no word for ports
  const WallPlan plan{.ports = {1}};
  CHECK(in_child([&] {
          raise_wall(plan);
          return connecting(1);
        }) == ECONNREFUSED);
  CHECK(in_child([&] {
          raise_wall(plan);
          return connecting(2);
        }) == EACCES);
}

TEST_CASE("behind the wall files are within reach as far as they are let in, for each version of Landlock") {
  const Scene scene;
  const WallPlan plan = scene.plan();
  for (int version = 0; version <= kNewestLandlock; ++version) {
    CAPTURE(version);
    WallPlan older = plan;
    older.landlock = version;
    const int used = in_child([&] { return raise_wall(older).landlock; });
    // Either it is as new as asked for, or this kernel's is older. The first can't rename between folders.
    const int kernels = landlock_version().value_or(0);
    CHECK(used == (version < 2 ? 0 : std::min(version, kernels < 2 ? 0 : kernels)));
    const int refused = used > 0 ? EACCES : 0;
    const auto behind = [&](auto attempt) {
      return in_child([&] {
        raise_wall(older);
        return attempt();
      });
    };
    CHECK(behind([&] { return opening(scene("ro/below/file"), O_RDONLY); }) == 0);
    CHECK(behind([&] { return opening(scene("ro/below/file"), O_WRONLY); }) == refused);
    CHECK(behind([&] { return opening(scene("rw/below/file"), O_RDWR | O_TRUNC); }) == 0);
    CHECK(behind([&] { return opening(scene("rw/below/made"), O_WRONLY | O_CREAT); }) == 0);
    CHECK(behind([&] {
            return error_of(::rename(scene("rw/below/made").c_str(), scene("rw/made").c_str()));
          }) == 0);
    CHECK(behind([&] { return error_of(::unlink(scene("rw/made").c_str())); }) == 0);
    CHECK(behind([&] { return opening(scene("outside/below/file"), O_RDONLY); }) == refused);
    CHECK(behind([&] { return opening(scene("outside"), O_RDONLY | O_DIRECTORY); }) == refused);
    CHECK(behind([&] {
            const int made = error_of(::mkdir(scene("outside/made").c_str(), 0700));
            ::rmdir(scene("outside/made").c_str());
            return made;
          }) == refused);
    const int without_truncate = used > 0 && used < 3 ? 0 : refused;
    CHECK(behind([&] { return error_of(::truncate(scene("outside/below/file").c_str(), 1)); }) ==
          without_truncate);
    CHECK(behind([] { return connecting(1); }) == (used >= 4 ? EACCES : ECONNREFUSED));
  }
}

TEST_CASE("threads that are started while the wall goes up are behind all of it") {
  CHECK(in_child([] {
          std::atomic<bool> up = false;
          int file = -1;
          int program = -1;
          std::thread early;
          WallPlan plan;
          plan.start_threads = [&] {
            early = std::thread([&] {
              while (!up) std::this_thread::yield();
              file = opening("/", O_RDONLY | O_DIRECTORY);
              program = error_of(::syscall(SYS_execve, nullptr, nullptr, nullptr));
            });
          };
          const Wall wall = raise_wall(plan);
          up = true;
          early.join();
          return file == (wall.landlock > 0 ? EACCES : 0) && (program == EPERM) == wall.seccomp ? 0 : 1;
        }) == 0);
}

TEST_CASE("with another thread running Landlock isn't claimed") {
  CHECK(in_child([] {
          std::thread([] { ::pause(); }).detach();
          const Wall wall = raise_wall({});
          return wall.landlock == 0 && !wall.whole() ? 0 : 1;
        }) == 0);
}

TEST_CASE("in a container that forbids its parts, the wall claims none of them and the process goes on") {
  CHECK(in_child([] {
          const auto refused = std::to_array<sock_filter>({
              BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
              BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 1, 0),
              BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
              BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
              BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
          });
          const sock_fprog container{.len = refused.size(),
                                     .filter = const_cast<sock_filter*>(refused.data())};
          ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &container) != 0) return 1;
          const Wall wall = raise_wall({});
          if (!wall.no_new_privileges || wall.landlock != 0 || wall.seccomp) return 2;
          if (wall.missing.size() != 2 || !wall.missing[0].starts_with("landlock: ")) return 3;
          return opening("/", O_RDONLY | O_DIRECTORY);
        }) == 0);
}

TEST_CASE("a wall says that it holds what it does hold") {
  const WallTrial trial = try_wall().value();
  CHECK(trial.claimed.no_new_privileges);
  CHECK(trial.file_refused == (trial.claimed.landlock > 0));
  CHECK(trial.tcp_refused == (trial.claimed.landlock >= 4));
  CHECK(trial.call_refused == trial.claimed.seccomp);
  CHECK(trial.claimed.whole() == (trial.claimed.landlock > 0 && trial.claimed.seccomp));
}

}  // namespace berth
#endif
