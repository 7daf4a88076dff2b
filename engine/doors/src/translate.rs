// SPDX-License-Identifier: Apache-2.0
//! `wasi:filesystem` in the system's words, and the system's errors in its own.

use rustix::fs::{self as rfs, OFlags, Timespec, Timestamps};
use rustix::io::Errno;
use wasmtime_wasi::OpenMode;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags};

/// What the WASI flags ask of the system, as `wasi:filesystem` and the engine read them.
pub fn os_open_flags(
    path_flags: PathFlags,
    open_flags: OpenFlags,
    flags: DescriptorFlags,
) -> Result<(OFlags, OpenMode), ErrorCode> {
    let sync = DescriptorFlags::FILE_INTEGRITY_SYNC
        | DescriptorFlags::DATA_INTEGRITY_SYNC
        | DescriptorFlags::REQUESTED_WRITE_SYNC;
    if flags.intersects(sync) {
        return Err(ErrorCode::Unsupported);
    }
    let creates = open_flags.intersects(OpenFlags::CREATE | OpenFlags::EXCLUSIVE | OpenFlags::TRUNCATE);
    if open_flags.contains(OpenFlags::DIRECTORY) && creates {
        return Err(ErrorCode::Invalid);
    }
    let mut os = OFlags::empty();
    let mut mode = OpenMode::empty();
    if open_flags.contains(OpenFlags::CREATE) {
        os |= OFlags::CREATE;
        if open_flags.contains(OpenFlags::EXCLUSIVE) {
            os |= OFlags::EXCL;
        }
    }
    if open_flags.contains(OpenFlags::TRUNCATE) {
        os |= OFlags::TRUNC;
    }
    if open_flags.contains(OpenFlags::DIRECTORY) {
        os |= OFlags::DIRECTORY;
    }
    if flags.contains(DescriptorFlags::WRITE) || creates && !open_flags.contains(OpenFlags::DIRECTORY) {
        mode |= OpenMode::WRITE;
    }
    // Opened for reading unless for writing, so that the guest gets the system's answer.
    if flags.contains(DescriptorFlags::READ) || !flags.contains(DescriptorFlags::WRITE) {
        mode |= OpenMode::READ;
    }
    os |= match (mode.contains(OpenMode::READ), mode.contains(OpenMode::WRITE)) {
        (true, true) => OFlags::RDWR,
        (false, true) => OFlags::WRONLY,
        _ => OFlags::RDONLY,
    };
    if !path_flags.contains(PathFlags::SYMLINK_FOLLOW) {
        os |= OFlags::NOFOLLOW;
    }
    Ok((os, mode))
}

/// What leaves a file's time as it is.
pub const NO_CHANGE: Timespec = Timespec { tv_sec: 0, tv_nsec: rfs::UTIME_OMIT as _ };
/// What sets a file's time to now.
pub const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: rfs::UTIME_NOW as _ };

pub fn new_times(access: NewTimestamp, modification: NewTimestamp) -> Result<Timestamps, ErrorCode> {
    let one = |time| match time {
        NewTimestamp::NoChange => Ok(NO_CHANGE),
        NewTimestamp::Now => Ok(NOW),
        NewTimestamp::Timestamp(time) => {
            timespec(time.seconds.try_into().map_err(|_| ErrorCode::Overflow)?, time.nanoseconds)
        }
    };
    Ok(Timestamps { last_access: one(access)?, last_modification: one(modification)? })
}

/// A time in the system's words. More than a second of nanoseconds is carried over.
pub fn timespec(seconds: i64, nanoseconds: u32) -> Result<Timespec, ErrorCode> {
    let seconds = seconds.checked_add((nanoseconds / 1_000_000_000).into()).ok_or(ErrorCode::Overflow)?;
    Ok(Timespec { tv_sec: seconds, tv_nsec: (nanoseconds % 1_000_000_000).into() })
}

/// The engine's table of error codes, and what it leaves out of the interface's.
pub fn error_code(error: &std::io::Error) -> ErrorCode {
    let Some(number) = error.raw_os_error() else { return error.into() };
    match Errno::from_raw_os_error(number) {
        Errno::AGAIN => ErrorCode::WouldBlock,
        Errno::DEADLK => ErrorCode::Deadlock,
        Errno::DQUOT => ErrorCode::Quota,
        Errno::NODEV => ErrorCode::NoDevice,
        Errno::NOLCK => ErrorCode::NoLock,
        Errno::NXIO => ErrorCode::NoSuchDevice,
        Errno::ROFS => ErrorCode::ReadOnly,
        Errno::TXTBSY => ErrorCode::TextFileBusy,
        Errno::XDEV => ErrorCode::CrossDevice,
        _ => error.into(),
    }
}
