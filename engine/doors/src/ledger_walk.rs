// SPDX-License-Identifier: Apache-2.0
//! How a ledger comes by its folder: it is locked against other ledgers, of any process, and walked once.
//!
//! A ledger's folder has an exclusive lock of its own (`flock`). Another folder above it or below it would be counted
//! twice, so a lock is looked for on the way up and, by the walk, on each folder below. Two that are opened at the same
//! time each look once both are locked, so that one of them at least sees the other.

use rustix::fs::{self as rfs, AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// A walk that comes by holds a folder's lock for a moment.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

pub fn lock(path: &str) -> Result<File, String> {
    let root = rfs::open(path, FOLDER, Mode::empty()).map_err(|errno| cannot(path, errno))?;
    take(&root, FlockOperation::NonBlockingLockExclusive).map_err(|errno| unlocked(path, path, errno))?;
    for above in Path::new(path).ancestors().skip(1) {
        // Where nobody may read, no ledger of theirs can be either.
        let Ok(folder) = rfs::open(above, FOLDER, Mode::empty()) else { continue };
        if let Err(Errno::WOULDBLOCK) = take(&folder, FlockOperation::NonBlockingLockShared) {
            return Err(unlocked(path, &above.to_string_lossy(), Errno::WOULDBLOCK));
        }
    }
    Ok(root.into())
}

fn take(folder: &OwnedFd, how: FlockOperation) -> rustix::io::Result<()> {
    for _ in 1..TRIES {
        match rfs::flock(folder, how) {
            Err(Errno::WOULDBLOCK | Errno::INTR) => std::thread::sleep(BETWEEN_TRIES),
            done => return done,
        }
    }
    rfs::flock(folder, how)
}

fn cannot(path: &str, errno: Errno) -> String {
    let why = std::io::Error::from(errno);
    format!("what is stored in '{path}' can't be counted: {why}; make it readable, or grant it without a limit")
}

fn unlocked(path: &str, locked: &str, errno: Errno) -> String {
    if errno != Errno::WOULDBLOCK {
        return cannot(path, errno);
    }
    let which = if path == locked { String::new() } else { format!(" at '{locked}'") };
    format!(
        "'{path}' is in use{which} by another module whose storage is limited, and can't be counted for two: wait until \
         that one has ended, or grant another folder"
    )
}

/// A folder on the way down: what lies below it and is still to be visited.
struct Level {
    folders: Vec<CString>,
    /// Its device and inode: the way back up ends here, or somebody has moved what is walked.
    identity: (u64, u64),
}

/// Tells of everything below the folder, by its names; a link is told of and not followed.
pub fn walk(root: &File, path: &str, found: &mut dyn FnMut(&Stat)) -> Result<(), String> {
    // One folder is open at a time, however deep they lie.
    let mut here = rfs::openat(root, c".", FOLDER, Mode::empty()).map_err(|errno| cannot(path, errno))?;
    let mut levels = vec![list(&here, found).map_err(|errno| cannot(path, errno))?];
    while let Some(level) = levels.last_mut() {
        let failed = |errno| cannot(path, errno);
        if let Some(name) = level.folders.pop() {
            here = match rfs::openat(&here, &name, FOLDER, Mode::empty()) {
                Ok(below) => below,
                // Removed, or put something else in its place.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
                Err(errno) => return Err(failed(errno)),
            };
            if let Err(Errno::WOULDBLOCK) = take(&here, FlockOperation::NonBlockingLockShared) {
                return Err(unlocked(path, &format!("…/{}", name.to_string_lossy()), Errno::WOULDBLOCK));
            }
            levels.push(list(&here, found).map_err(failed)?);
            continue;
        }
        levels.pop();
        if let Some(above) = levels.last() {
            here = rfs::openat(&here, c"..", FOLDER, Mode::empty()).map_err(failed)?;
            let stat = rfs::fstat(&here).map_err(failed)?;
            if (stat.st_dev, stat.st_ino) != above.identity {
                return Err(format!("'{path}' was changed while what is stored in it was counted: try again"));
            }
        }
    }
    Ok(())
}

fn list(folder: &OwnedFd, found: &mut dyn FnMut(&Stat)) -> rustix::io::Result<Level> {
    let itself = rfs::fstat(folder)?;
    let mut folders = Vec::new();
    let mut entries = Dir::read_from(folder)?;
    while let Some(entry) = entries.read() {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let stat = match rfs::statat(folder.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => continue,
            stat => stat?,
        };
        found(&stat);
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            folders.push(name.to_owned());
        }
    }
    Ok(Level { folders, identity: (itself.st_dev, itself.st_ino) })
}
