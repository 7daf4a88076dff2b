// SPDX-License-Identifier: Apache-2.0
//! Paths that a guest gave, followed below a folder that it was given: what is opened, and where a name lies
//! that is made, moved or removed. Nothing here ever leads outside, or waits. Any thread.

use crate::os::{Ways, has_open_beneath};
use crate::walk;
use rustix::fs::{self as rfs, AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Why a path was not followed to its end.
pub enum Stop {
    /// The path leads out of the folder.
    Escape,
    /// A FIFO, a socket or a device.
    SpecialFile,
    Os(io::Error),
}

impl From<rustix::io::Errno> for Stop {
    fn from(errno: rustix::io::Errno) -> Self {
        Stop::Os(errno.into())
    }
}

/// How paths are followed. `confine` and `plain` are off only in the hostile tests.
#[derive(Clone, Copy)]
pub struct Manner {
    pub ways: Ways,
    /// Never outside of the folder.
    pub confine: bool,
    /// Never a FIFO, a socket or a device.
    pub plain: bool,
}

pub struct Opened {
    pub file: File,
    pub is_folder: bool,
}

impl Manner {
    fn is_native(self) -> bool {
        self.ways == Ways::Native && has_open_beneath()
    }
}

/// Opens `path` below `dir`, never outside, and never a special file, without ever waiting for one.
///
/// Looks first, so that opening a device has no effect, then opens without blocking and looks again, so that
/// a swap in between gains nothing.
pub fn open(dir: BorrowedFd<'_>, path: &str, flags: OFlags, manner: Manner) -> Result<Opened, Stop> {
    let mode = if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(0o666) } else { Mode::empty() };
    let flags = flags | OFlags::CLOEXEC;
    if !manner.confine || !manner.plain {
        return open_unguarded(dir, path, flags, mode, manner);
    }
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = match manner.is_native() {
        true => open_native(dir, path, flags, mode),
        false => open_portable(dir, path, flags, mode),
    };
    let fd = match opened {
        // O_NONBLOCK on a FIFO without a reader, or on a socket.
        Err(Stop::Os(e)) if e.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
            return Err(Stop::SpecialFile);
        }
        opened => opened?,
    };
    let is_folder = regular_or_folder(rfs::fstat(&fd)?)?;
    // Only the opening may not wait: nothing else is set here that this takes away.
    rfs::fcntl_setfl(&fd, OFlags::empty())?;
    Ok(Opened { file: File::from(fd), is_folder })
}

#[cfg(target_os = "linux")]
fn open_native(dir: BorrowedFd<'_>, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Stop> {
    let look = OFlags::PATH | OFlags::CLOEXEC | (flags & OFlags::NOFOLLOW);
    match openat2(dir, path, look, Mode::empty()) {
        Ok(fd) => {
            regular_or_folder(rfs::fstat(fd)?)?;
        }
        Err(error) => to_be_created(error, flags)?,
    }
    openat2(dir, path, flags, mode)
}

#[cfg(not(target_os = "linux"))]
use open_portable as open_native;

fn open_portable(dir: BorrowedFd<'_>, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Stop> {
    if flags.contains(OFlags::CREATE) && path.ends_with('/') {
        return Err(Errno::ISDIR.into());
    }
    let end = walk::follow(dir, path, !flags.intersects(OFlags::NOFOLLOW | OFlags::EXCL))?;
    match rfs::statat(end.folder(), &end.name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => {
            regular_or_folder(stat)?;
        }
        Err(errno) => to_be_created(errno.into(), flags)?,
    }
    Ok(rfs::openat(end.folder(), &end.name, flags | OFlags::NOFOLLOW, mode)?)
}

/// What isn't there yet may be created; every other error is the caller's answer.
fn to_be_created(error: Stop, flags: OFlags) -> Result<(), Stop> {
    match error {
        Stop::Os(e) if e.kind() == io::ErrorKind::NotFound && flags.contains(OFlags::CREATE) => Ok(()),
        error => Err(error),
    }
}

fn open_unguarded(dir: BorrowedFd<'_>, path: &str, flags: OFlags, mode: Mode, manner: Manner) -> Result<Opened, Stop> {
    let fd = match manner.confine {
        #[cfg(target_os = "linux")]
        true => openat2(dir, path, flags, mode)?,
        _ => rfs::openat(dir, path, flags, mode)?,
    };
    let file = File::from(fd);
    let is_folder = file.metadata().map_err(Stop::Os)?.is_dir();
    Ok(Opened { file, is_folder })
}

#[cfg(target_os = "linux")]
fn openat2(dir: BorrowedFd<'_>, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Stop> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    // EAGAIN: something was renamed while the kernel walked a `..`; it asks to be called again.
    for _ in 0..64 {
        match rfs::openat2(dir, path, flags, mode, resolve) {
            Ok(fd) => return Ok(fd),
            Err(Errno::AGAIN | Errno::INTR) => continue,
            Err(Errno::XDEV) => return Err(Stop::Escape),
            Err(e) => return Err(e.into()),
        }
    }
    Err(Errno::AGAIN.into())
}

/// Whether it is a folder, where it is something that may be opened.
fn regular_or_folder(stat: rfs::Stat) -> Result<bool, Stop> {
    match rfs::FileType::from_raw_mode(stat.st_mode) {
        rfs::FileType::Directory => Ok(true),
        rfs::FileType::RegularFile | rfs::FileType::Symlink => Ok(false),
        _ => Err(Stop::SpecialFile),
    }
}

/// A folder that a path leads to.
pub enum Folder<'a> {
    Start(BorrowedFd<'a>),
    Below(OwnedFd),
}

impl AsFd for Folder<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Folder::Start(fd) => *fd,
            Folder::Below(fd) => fd.as_fd(),
        }
    }
}

/// The folder below `dir` that holds what `path` names, and its name there: no link with that name is followed.
/// For a path that ends in a slash, a `.` or a `..` it is the folder itself, by the name of `.`.
pub fn parent<'a>(dir: BorrowedFd<'a>, path: &'a str, manner: Manner) -> Result<(Folder<'a>, &'a str), Stop> {
    if path.is_empty() {
        return Err(Errno::NOENT.into());
    }
    let (way, name) = path.rsplit_once('/').map_or(("", path), |(way, name)| (&path[..way.len() + 1], name));
    let (way, name) = if matches!(name, "" | "." | "..") { (path, ".") } else { (way, name) };
    if matches!(way, "" | ".") {
        return Ok((Folder::Start(dir), name));
    }
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(match manner.confine {
        false => (Folder::Below(rfs::openat(dir, way, flags, Mode::empty())?), name),
        #[cfg(target_os = "linux")]
        true if manner.is_native() => (Folder::Below(openat2(dir, way, flags | OFlags::PATH, Mode::empty())?), name),
        true => (walk::follow_to_folder(dir, way)?, name),
    })
}
