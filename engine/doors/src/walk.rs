// SPDX-License-Identifier: Apache-2.0
//! A path followed below a folder with what every POSIX system has: one name at a time, each link read here
//! and never by the system. For where `openat2` is missing.

use crate::beneath::{Folder, Stop};
use rustix::fs::{self as rfs, Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Links that one path may lead through, as on Linux.
const MOST_LINKS: usize = 40;

/// Folders on the way that are held open at once: the way back for a `..`.
const MOST_FOLDERS: usize = 256;

/// A folder that is only passed through needs no permission to be read, where the system can say so.
#[cfg(target_os = "linux")]
const PASS: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const PASS: OFlags = OFlags::RDONLY;

/// Where a path ends: a name in a folder that isn't outside. A name of `.` is the folder itself.
pub struct End<'a> {
    start: BorrowedFd<'a>,
    /// The folders passed through, without the first. A `..` goes back to the one before, wherever they
    /// have been moved to since.
    passed: Vec<OwnedFd>,
    pub name: Vec<u8>,
}

impl End<'_> {
    pub fn folder(&self) -> BorrowedFd<'_> {
        self.passed.last().map_or(self.start, AsFd::as_fd)
    }

    fn enter(&mut self, name: &[u8]) -> Result<(), Stop> {
        if self.passed.len() == MOST_FOLDERS {
            return Err(Errno::NAMETOOLONG.into());
        }
        let flags = PASS | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rfs::openat(self.folder(), name, flags, Mode::empty())?;
        self.passed.push(folder);
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Stop> {
        self.passed.pop().map(drop).ok_or(Stop::Escape)
    }
}

/// Follows `path` from `start`. A link at its end is followed where `follow` says so, or where a slash is
/// behind it. What the path ends at need not exist.
pub fn follow<'a>(start: BorrowedFd<'a>, path: &str, follow: bool) -> Result<End<'a>, Stop> {
    let mut end = End { start, passed: Vec::new(), name: b".".to_vec() };
    let mut ahead = Vec::new();
    let mut links = 0;
    put_ahead(&mut ahead, path.as_bytes())?;
    while let Some(part) = ahead.pop() {
        let last = ahead.is_empty();
        match part.as_slice() {
            b"." => continue,
            b".." => {
                end.leave()?;
                continue;
            }
            _ if last && !follow => return Ok(End { name: part, ..end }),
            _ => {}
        }
        let entered = if last { Err(Errno::NOTDIR.into()) } else { end.enter(&part) };
        let Err(error) = entered else { continue };
        match rfs::readlinkat(end.folder(), &part, Vec::new()) {
            Ok(_) if links == MOST_LINKS => return Err(Errno::LOOP.into()),
            Ok(target) => put_ahead(&mut ahead, target.as_bytes())?,
            // No link, or nothing: whoever opens it hears why.
            Err(_) if last => return Ok(End { name: part, ..end }),
            Err(_) => return Err(error),
        }
        links += 1;
    }
    Ok(end)
}

/// The folder that `path` leads to.
pub fn follow_to_folder<'a>(start: BorrowedFd<'a>, path: &str) -> Result<Folder<'a>, Stop> {
    let mut end = follow(start, &format!("{path}/"), true)?;
    Ok(end.passed.pop().map_or(Folder::Start(start), Folder::Below))
}

/// Puts the parts of a path before those that are left to follow, the next one last.
fn put_ahead(ahead: &mut Vec<Vec<u8>>, path: &[u8]) -> Result<(), Stop> {
    if path.is_empty() {
        return Err(Errno::NOENT.into());
    }
    if path.starts_with(b"/") {
        return Err(Stop::Escape);
    }
    // Only a folder has a slash behind it, and only a folder has a `.` in it.
    if path.ends_with(b"/") {
        ahead.push(b".".to_vec());
    }
    ahead.extend(path.split(|&byte| byte == b'/').rev().filter(|part| !part.is_empty()).map(<[u8]>::to_vec));
    Ok(())
}
