// SPDX-License-Identifier: Apache-2.0
//! What depends on the operating system. What only Linux has stands beside a portable way; `Ways::Portable`
//! forces the latter, and a test runs both. Paths are followed in [`crate::beneath`].

use rustix::fs::{self as rfs, Mode, OFlags};
use std::os::fd::{BorrowedFd, OwnedFd};

/// Which calls may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    /// The best that this system has.
    Native,
    /// Only what every POSIX system has.
    Portable,
    /// Whatever blocks: the guard of the standard streams turned off, for a hostile test.
    Blocking,
}

/// CPU time of the calling thread in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    (t.tv_sec as u64) * 1_000_000_000 + t.tv_nsec as u64
}

/// CPU time of all this process's threads in nanoseconds.
pub fn process_cpu_ns() -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    (t.tv_sec as u64) * 1_000_000_000 + t.tv_nsec as u64
}

/// A clock that only goes on, in nanoseconds: the same for all processes of this machine.
pub fn monotonic_ns() -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    (t.tv_sec as u64) * 1_000_000_000 + t.tv_nsec as u64
}

/// Writes at the end of a file, wherever that is by then.
pub fn append(file: &std::fs::File, bytes: &[u8], ways: Ways) -> rustix::io::Result<usize> {
    #[cfg(target_os = "linux")]
    if ways == Ways::Native {
        use rustix::io::{Errno, ReadWriteFlags, pwritev2};
        match pwritev2(file, &[std::io::IoSlice::new(bytes)], 0, ReadWriteFlags::APPEND) {
            Err(Errno::NOSYS | Errno::NOTSUP) => {}
            done => return done,
        }
    }
    // The guest's alone, and it is in one call at a time: nobody writes at the description's own position.
    let _ = ways;
    let flags = rfs::fcntl_getfl(file)?;
    rfs::fcntl_setfl(file, flags | OFlags::APPEND)?;
    let written = rustix::io::write(file, bytes);
    rfs::fcntl_setfl(file, flags)?;
    written
}

/// Whether `openat2` can be used: Linux 5.6 and later, and not refused by a sandbox around us.
pub fn has_open_beneath() -> bool {
    #[cfg(target_os = "linux")]
    {
        use std::sync::OnceLock;
        static HAS: OnceLock<bool> = OnceLock::new();
        *HAS.get_or_init(|| {
            let here = rfs::openat2(rfs::CWD, ".", OFlags::PATH, Mode::empty(), rfs::ResolveFlags::BENEATH);
            here.is_ok()
        })
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// A second, non-blocking description of an open stream, so that the first, which other processes share,
/// keeps its mode. Nothing where the system or the kind of file can't give one.
pub fn reopen_nonblocking(fd: BorrowedFd<'_>, ways: Ways) -> Option<OwnedFd> {
    if ways != Ways::Native || !cfg!(target_os = "linux") {
        return None;
    }
    use std::os::fd::AsRawFd;
    let kind = rfs::FileType::from_raw_mode(rfs::fstat(fd).ok()?.st_mode);
    if kind != rfs::FileType::Fifo && !std::io::IsTerminal::is_terminal(&fd) {
        return None;
    }
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rfs::open(path, flags, Mode::empty()).ok()
}
