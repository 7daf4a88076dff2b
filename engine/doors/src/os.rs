// SPDX-License-Identifier: Apache-2.0
//! Every operating-system call that this workspace makes for itself.
//!
//! Linux-only ways stand beside a portable one. `Ways::Portable` forces the latter; a test runs both.

use rustix::fs::{self as rfs, Mode, OFlags};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

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

/// How [`open_beneath`] ended without a file.
pub enum OpenError {
    /// The path leads out of the folder.
    Escape,
    /// A FIFO, a socket or a device.
    SpecialFile,
    Os(io::Error),
}

impl From<rustix::io::Errno> for OpenError {
    fn from(errno: rustix::io::Errno) -> Self {
        OpenError::Os(errno.into())
    }
}

/// Opens `path` below `dir`, never outside, and never a special file, without ever waiting for one.
///
/// Looks first (`O_PATH`), so that opening a device has no effect, then opens without blocking and looks
/// again, so that a swap in between gains nothing. `confine` and `plain` are off only in the hostile tests.
#[cfg(target_os = "linux")]
pub fn open_beneath(
    dir: BorrowedFd<'_>,
    path: &str,
    flags: OFlags,
    confine: bool,
    plain: bool,
) -> Result<File, OpenError> {
    if !plain {
        return Ok(File::from(openat2(dir, path, flags | OFlags::CLOEXEC, Mode::empty(), confine)?));
    }
    let look = OFlags::PATH | OFlags::CLOEXEC | (flags & OFlags::NOFOLLOW);
    match openat2(dir, path, look, Mode::empty(), confine) {
        Ok(fd) => regular_or_folder(&fd)?,
        // What isn't there yet may be created; every other error is the caller's answer.
        Err(OpenError::Os(e)) if e.kind() == io::ErrorKind::NotFound && flags.contains(OFlags::CREATE) => {}
        Err(e) => return Err(e),
    }
    let mode = Mode::from_raw_mode(0o666);
    let mode = if flags.contains(OFlags::CREATE) { mode } else { Mode::empty() };
    let fd = openat2(dir, path, flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC, mode, confine)?;
    regular_or_folder(&fd)?;
    Ok(File::from(fd))
}

#[cfg(target_os = "linux")]
fn openat2(dir: BorrowedFd<'_>, path: &str, flags: OFlags, mode: Mode, confine: bool) -> Result<OwnedFd, OpenError> {
    use rustix::fs::ResolveFlags;
    use rustix::io::Errno;
    let resolve = if confine { ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS } else { ResolveFlags::empty() };
    // EAGAIN: something was renamed while the kernel walked a `..`; it asks to be called again.
    for _ in 0..64 {
        match rfs::openat2(dir, path, flags, mode, resolve) {
            Ok(fd) => return Ok(fd),
            Err(Errno::AGAIN | Errno::INTR) => continue,
            Err(Errno::XDEV) => return Err(OpenError::Escape),
            // O_NONBLOCK on a FIFO without a reader, or on a socket.
            Err(Errno::NXIO) => return Err(OpenError::SpecialFile),
            Err(e) => return Err(e.into()),
        }
    }
    Err(Errno::AGAIN.into())
}

fn regular_or_folder(fd: &impl AsFd) -> Result<(), OpenError> {
    let kind = rfs::FileType::from_raw_mode(rfs::fstat(fd)?.st_mode);
    match kind {
        rfs::FileType::RegularFile | rfs::FileType::Directory | rfs::FileType::Symlink => Ok(()),
        _ => Err(OpenError::SpecialFile),
    }
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
