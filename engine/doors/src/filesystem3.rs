// SPDX-License-Identifier: Apache-2.0
//! `wasi:filesystem` 0.3: the door of 0.2, function by function, in the words of 0.3. What 0.2 does in functions of its
//! own and 0.3 by a stream (reading, writing, listing) is in `file_streams`.

use crate::content_files::{self, ContentNode};
use crate::file_streams::{
    ContentEntries, ContentReader, Entries, FileReader, FileWriter, Outcome, ended, failed, told,
};
use crate::files::At as Place;
use crate::filesystem::{list_content, open_content};
use crate::listing::Listing;
use crate::open_file::At;
use crate::translate::{NO_CHANGE, NOW, timespec};
use crate::{Door, DoorsView, Operation, Through};
use rustix::fs::Timestamps;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use wasmtime::component::{Access, Accessor, FutureReader, Resource, StreamReader};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types as v2;
use wasmtime_wasi::p2::{FsError, FsResult};
use wasmtime_wasi::p3::bindings::clocks::system_clock::Instant;
use wasmtime_wasi::p3::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p3::filesystem::{FilesystemError, FilesystemResult};

use types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, Filesize, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};
use v2::HostDescriptor as V2;

/// Calls the door of 0.2. Its functions never wait, since a file is always ready: one poll is enough.
fn by_0_2<T: DoorsView, R>(
    store: &Accessor<T, Through<T>>,
    call: impl AsyncFnOnce(&mut Door<'_, T>) -> FsResult<R>,
) -> FilesystemResult<R> {
    let result = store.with(|mut access| {
        let mut door = access.get();
        match pin!(call(&mut door)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(FsError::trap(wasmtime::Error::msg("the door of files waited"))),
        }
    });
    result.map_err(error)
}

/// What granted content is asked itself: it waits for what isn't here yet.
fn content<T: DoorsView>(
    store: &Accessor<T, Through<T>>,
    fd: &Resource<Descriptor>,
    operation: Operation,
    path: &str,
) -> FilesystemResult<Option<Arc<ContentNode>>> {
    store.with(|mut access| access.get().content_to_look(fd, operation, path)).map_err(error)
}

impl<T: DoorsView + 'static> types::HostDescriptorWithStore<T> for Through<T> {
    fn read_via_stream(
        mut store: Access<'_, T, Self>,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> wasmtime::Result<(StreamReader<u8>, FutureReader<Outcome>)> {
        if let Some(node) = store.get().content(&fd) {
            let asked = match open_content(&node, offset) {
                Ok(asked) => asked,
                Err(e) => return failed(store, code(e)?),
            };
            let (tell, outcome) = told();
            let bytes = StreamReader::new(&mut store, ContentReader::new(asked, tell))?;
            return Ok((bytes, FutureReader::new(&mut store, outcome)?));
        }
        let Some((file, _)) = store.get().open_file(&fd).map_err(wasmtime::Error::from)? else {
            return failed(store, ErrorCode::IsDirectory);
        };
        let (tell, outcome) = told();
        let bytes = StreamReader::new(&mut store, FileReader::new(file, offset, tell))?;
        Ok((bytes, FutureReader::new(&mut store, outcome)?))
    }

    fn write_via_stream(
        store: Access<'_, T, Self>,
        fd: Resource<Descriptor>,
        data: StreamReader<u8>,
        offset: Filesize,
    ) -> wasmtime::Result<FutureReader<Outcome>> {
        write_stream(store, &fd, data, At::Offset(offset))
    }

    fn append_via_stream(
        store: Access<'_, T, Self>,
        fd: Resource<Descriptor>,
        data: StreamReader<u8>,
    ) -> wasmtime::Result<FutureReader<Outcome>> {
        write_stream(store, &fd, data, At::End)
    }

    async fn advise(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        offset: Filesize,
        length: Filesize,
        advice: Advice,
    ) -> FilesystemResult<()> {
        let advice = match advice {
            Advice::Normal => v2::Advice::Normal,
            Advice::Sequential => v2::Advice::Sequential,
            Advice::Random => v2::Advice::Random,
            Advice::WillNeed => v2::Advice::WillNeed,
            Advice::DontNeed => v2::Advice::DontNeed,
            Advice::NoReuse => v2::Advice::NoReuse,
        };
        by_0_2(store, async |door| V2::advise(door, fd, offset, length, advice).await)
    }

    async fn sync_data(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> FilesystemResult<()> {
        by_0_2(store, async |door| V2::sync_data(door, fd).await)
    }

    async fn get_flags(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> FilesystemResult<DescriptorFlags> {
        let flags = by_0_2(store, async |door| V2::get_flags(door, fd).await)?;
        Ok(descriptor_flags(flags))
    }

    async fn get_type(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> FilesystemResult<DescriptorType> {
        by_0_2(store, async |door| V2::get_type(door, fd).await).map(descriptor_type)
    }

    async fn set_size(store: &Accessor<T, Self>, fd: Resource<Descriptor>, size: Filesize) -> FilesystemResult<()> {
        by_0_2(store, async |door| V2::set_size(door, fd, size).await)
    }

    async fn set_times(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> FilesystemResult<()> {
        let times = new_times(access, modification);
        by_0_2(store, async |door| door.set_times_to(&fd, times))
    }

    fn read_directory(
        mut store: Access<'_, T, Self>,
        fd: Resource<Descriptor>,
    ) -> wasmtime::Result<(StreamReader<DirectoryEntry>, FutureReader<Outcome>)> {
        let mut door = store.get();
        match door.content_to_look(&fd, Operation::OpenRead, ".") {
            Ok(None) => {}
            Ok(Some(node)) => {
                let listing = match list_content(&node) {
                    Ok(listing) => listing,
                    Err(e) => return failed(store, code(e)?),
                };
                let (tell, outcome) = told();
                let entries = StreamReader::new(&mut store, ContentEntries::new(listing, tell))?;
                return Ok((entries, FutureReader::new(&mut store, outcome)?));
            }
            Err(e) => return failed(store, code(e)?),
        }
        let listing = door.at(&fd).and_then(|at| match at {
            Place::Phantom => Ok(Listing::empty()),
            Place::Folder(dir) => {
                door.ask(&fd, Operation::OpenRead, ".")?;
                Ok(Listing::of(dir.dir)?)
            }
        });
        let listing = match listing {
            Ok(listing) => listing,
            Err(e) => return failed(store, code(e)?),
        };
        let (tell, outcome) = told();
        let entries = StreamReader::new(&mut store, Entries::new(listing, tell))?;
        Ok((entries, FutureReader::new(&mut store, outcome)?))
    }

    async fn sync(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> FilesystemResult<()> {
        by_0_2(store, async |door| V2::sync(door, fd).await)
    }

    async fn create_directory_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FilesystemResult<()> {
        by_0_2(store, async |door| V2::create_directory_at(door, fd, path).await)
    }

    async fn stat(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> FilesystemResult<DescriptorStat> {
        by_0_2(store, async |door| V2::stat(door, fd).await).map(descriptor_stat)
    }

    async fn stat_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FilesystemResult<DescriptorStat> {
        let flags = path_flags(flags);
        if let Some(node) = content(store, &fd, Operation::Stat, &path)? {
            let found = node.stat_at(&path, flags.contains(v2::PathFlags::SYMLINK_FOLLOW)).await;
            let found = store.with(|mut access| access.get().content_found(&fd, Operation::Stat, &path, found));
            return found.map(|found| descriptor_stat(content_files::stat(&found))).map_err(error);
        }
        by_0_2(store, async |door| V2::stat_at(door, fd, flags, path).await).map(descriptor_stat)
    }

    async fn set_times_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> FilesystemResult<()> {
        let times = new_times(access, modification);
        by_0_2(store, async |door| door.set_times_to_at(&fd, path_flags(flags), &path, times))
    }

    async fn link_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FilesystemResult<()> {
        let flags = path_flags(flags);
        by_0_2(store, async |door| V2::link_at(door, fd, flags, old_path, new_fd, new_path).await)
    }

    async fn open_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        opening: OpenFlags,
        wanted: DescriptorFlags,
    ) -> FilesystemResult<Resource<Descriptor>> {
        let (flags, opening) = (path_flags(flags), open_flags(opening));
        let wanted = descriptor_flags_0_2(wanted);
        let writes = opening.intersects(v2::OpenFlags::CREATE | v2::OpenFlags::TRUNCATE)
            || wanted.intersects(v2::DescriptorFlags::WRITE);
        if !writes && let Some(node) = content(store, &fd, Operation::OpenRead, &path)? {
            let opened = node.open_at(&path, flags.contains(v2::PathFlags::SYMLINK_FOLLOW)).await;
            return store.with(|mut access| access.get().content_opened(&fd, &path, opening, opened)).map_err(error);
        }
        by_0_2(store, async |door| V2::open_at(door, fd, flags, path, opening, wanted).await)
    }

    async fn readlink_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FilesystemResult<String> {
        if let Some(node) = content(store, &fd, Operation::ReadLink, &path)? {
            let found = node.stat_at(&path, false).await;
            return store.with(|mut access| access.get().content_link(&fd, &path, found)).map_err(error);
        }
        by_0_2(store, async |door| V2::readlink_at(door, fd, path).await)
    }

    async fn remove_directory_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FilesystemResult<()> {
        by_0_2(store, async |door| V2::remove_directory_at(door, fd, path).await)
    }

    async fn rename_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FilesystemResult<()> {
        by_0_2(store, async |door| V2::rename_at(door, fd, old_path, new_fd, new_path).await)
    }

    async fn symlink_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        old_path: String,
        new_path: String,
    ) -> FilesystemResult<()> {
        by_0_2(store, async |door| V2::symlink_at(door, fd, old_path, new_path).await)
    }

    async fn unlink_file_at(store: &Accessor<T, Self>, fd: Resource<Descriptor>, path: String) -> FilesystemResult<()> {
        by_0_2(store, async |door| V2::unlink_file_at(door, fd, path).await)
    }

    async fn is_same_object(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        other: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        let same = async |door: &mut Door<'_, T>| V2::is_same_object(door, fd, other).await.map_err(FsError::trap);
        by_0_2(store, same).map_err(wasmtime::Error::from)
    }

    async fn metadata_hash(store: &Accessor<T, Self>, fd: Resource<Descriptor>) -> FilesystemResult<MetadataHashValue> {
        by_0_2(store, async |door| V2::metadata_hash(door, fd).await).map(metadata_hash)
    }

    async fn metadata_hash_at(
        store: &Accessor<T, Self>,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FilesystemResult<MetadataHashValue> {
        let flags = path_flags(flags);
        if let Some(node) = content(store, &fd, Operation::Stat, &path)? {
            let found = node.stat_at(&path, flags.contains(v2::PathFlags::SYMLINK_FOLLOW)).await;
            let found = store.with(|mut access| access.get().content_found(&fd, Operation::Stat, &path, found));
            return found.map(|found| metadata_hash(content_files::metadata_hash(&found))).map_err(error);
        }
        by_0_2(store, async |door| V2::metadata_hash_at(door, fd, flags, path).await).map(metadata_hash)
    }
}

fn write_stream<T: DoorsView + 'static>(
    mut store: Access<'_, T, Through<T>>,
    fd: &Resource<Descriptor>,
    mut data: StreamReader<u8>,
    at: At,
) -> wasmtime::Result<FutureReader<Outcome>> {
    let refused = match store.get().open_file(fd).map_err(wasmtime::Error::from)? {
        None => ErrorCode::BadDescriptor,
        Some((_, perms)) if perms.write_not_permitted() => ErrorCode::NotPermitted,
        Some((file, _)) => {
            let (tell, outcome) = told();
            data.pipe(&mut store, FileWriter::new(file, at, tell))?;
            return FutureReader::new(&mut store, outcome);
        }
    };
    data.close(&mut store)?;
    FutureReader::new(&mut store, ended(Err(refused)))
}

impl<T: DoorsView> types::HostDescriptor for Door<'_, T> {
    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        V2::drop(self, fd)
    }
}

impl<T: DoorsView> types::Host for Door<'_, T> {
    fn convert_error_code(&mut self, error: FilesystemError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }
}

impl<T: DoorsView> preopens::Host for Door<'_, T> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let door = &self.0.doors().files;
        let phantom = door.phantom.is_some() && (door.phantom_always || door.preopens.is_empty());
        self.directories(phantom)
    }
}

// From here on: the words of one version in those of the other.

fn error(error: FsError) -> FilesystemError {
    match code(error) {
        Ok(code) => code.into(),
        Err(trap) => FilesystemError::trap(trap),
    }
}

/// What the guest is told, or why it traps.
fn code(error: FsError) -> wasmtime::Result<ErrorCode> {
    Ok(error_code_0_3(error.downcast()?))
}

pub(crate) fn error_code_0_3(code: v2::ErrorCode) -> ErrorCode {
    match code {
        v2::ErrorCode::Access => ErrorCode::Access,
        // No part of 0.3, where nothing is told to come back later.
        v2::ErrorCode::WouldBlock => ErrorCode::Other(Some("the operation would wait".to_owned())),
        v2::ErrorCode::Already => ErrorCode::Already,
        v2::ErrorCode::BadDescriptor => ErrorCode::BadDescriptor,
        v2::ErrorCode::Busy => ErrorCode::Busy,
        v2::ErrorCode::Deadlock => ErrorCode::Deadlock,
        v2::ErrorCode::Quota => ErrorCode::Quota,
        v2::ErrorCode::Exist => ErrorCode::Exist,
        v2::ErrorCode::FileTooLarge => ErrorCode::FileTooLarge,
        v2::ErrorCode::IllegalByteSequence => ErrorCode::IllegalByteSequence,
        v2::ErrorCode::InProgress => ErrorCode::InProgress,
        v2::ErrorCode::Interrupted => ErrorCode::Interrupted,
        v2::ErrorCode::Invalid => ErrorCode::Invalid,
        v2::ErrorCode::Io => ErrorCode::Io,
        v2::ErrorCode::IsDirectory => ErrorCode::IsDirectory,
        v2::ErrorCode::Loop => ErrorCode::Loop,
        v2::ErrorCode::TooManyLinks => ErrorCode::TooManyLinks,
        v2::ErrorCode::MessageSize => ErrorCode::MessageSize,
        v2::ErrorCode::NameTooLong => ErrorCode::NameTooLong,
        v2::ErrorCode::NoDevice => ErrorCode::NoDevice,
        v2::ErrorCode::NoEntry => ErrorCode::NoEntry,
        v2::ErrorCode::NoLock => ErrorCode::NoLock,
        v2::ErrorCode::InsufficientMemory => ErrorCode::InsufficientMemory,
        v2::ErrorCode::InsufficientSpace => ErrorCode::InsufficientSpace,
        v2::ErrorCode::NotDirectory => ErrorCode::NotDirectory,
        v2::ErrorCode::NotEmpty => ErrorCode::NotEmpty,
        v2::ErrorCode::NotRecoverable => ErrorCode::NotRecoverable,
        v2::ErrorCode::Unsupported => ErrorCode::Unsupported,
        v2::ErrorCode::NoTty => ErrorCode::NoTty,
        v2::ErrorCode::NoSuchDevice => ErrorCode::NoSuchDevice,
        v2::ErrorCode::Overflow => ErrorCode::Overflow,
        v2::ErrorCode::NotPermitted => ErrorCode::NotPermitted,
        v2::ErrorCode::Pipe => ErrorCode::Pipe,
        v2::ErrorCode::ReadOnly => ErrorCode::ReadOnly,
        v2::ErrorCode::InvalidSeek => ErrorCode::InvalidSeek,
        v2::ErrorCode::TextFileBusy => ErrorCode::TextFileBusy,
        v2::ErrorCode::CrossDevice => ErrorCode::CrossDevice,
    }
}

pub(crate) fn descriptor_type(kind: v2::DescriptorType) -> DescriptorType {
    match kind {
        v2::DescriptorType::Unknown => DescriptorType::Other(None),
        v2::DescriptorType::BlockDevice => DescriptorType::BlockDevice,
        v2::DescriptorType::CharacterDevice => DescriptorType::CharacterDevice,
        v2::DescriptorType::Directory => DescriptorType::Directory,
        v2::DescriptorType::Fifo => DescriptorType::Fifo,
        v2::DescriptorType::SymbolicLink => DescriptorType::SymbolicLink,
        v2::DescriptorType::RegularFile => DescriptorType::RegularFile,
        v2::DescriptorType::Socket => DescriptorType::Socket,
    }
}

fn descriptor_stat(stat: v2::DescriptorStat) -> DescriptorStat {
    let instant = |time: Option<_>| {
        time.map(|time: wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime| Instant {
            seconds: time.seconds.try_into().unwrap_or(i64::MAX),
            nanoseconds: time.nanoseconds,
        })
    };
    DescriptorStat {
        type_: descriptor_type(stat.type_),
        link_count: stat.link_count,
        size: stat.size,
        data_access_timestamp: instant(stat.data_access_timestamp),
        data_modification_timestamp: instant(stat.data_modification_timestamp),
        status_change_timestamp: instant(stat.status_change_timestamp),
    }
}

fn metadata_hash(hash: v2::MetadataHashValue) -> MetadataHashValue {
    MetadataHashValue { lower: hash.lower, upper: hash.upper }
}

/// What one set of flags says, in the words of another: each pair names the same.
macro_rules! flags {
    ($given:expr, $($from:path => $to:path),+ $(,)?) => {{
        let given = $given;
        let mut flags = Default::default();
        $(if given.contains($from) { flags |= $to; })+
        flags
    }};
}

fn path_flags(given: PathFlags) -> v2::PathFlags {
    flags!(given, PathFlags::SYMLINK_FOLLOW => v2::PathFlags::SYMLINK_FOLLOW)
}

fn open_flags(given: OpenFlags) -> v2::OpenFlags {
    flags!(given,
        OpenFlags::CREATE => v2::OpenFlags::CREATE,
        OpenFlags::DIRECTORY => v2::OpenFlags::DIRECTORY,
        OpenFlags::EXCLUSIVE => v2::OpenFlags::EXCLUSIVE,
        OpenFlags::TRUNCATE => v2::OpenFlags::TRUNCATE,
    )
}

fn descriptor_flags(given: v2::DescriptorFlags) -> DescriptorFlags {
    flags!(given,
        v2::DescriptorFlags::READ => DescriptorFlags::READ,
        v2::DescriptorFlags::WRITE => DescriptorFlags::WRITE,
        v2::DescriptorFlags::FILE_INTEGRITY_SYNC => DescriptorFlags::FILE_INTEGRITY_SYNC,
        v2::DescriptorFlags::DATA_INTEGRITY_SYNC => DescriptorFlags::DATA_INTEGRITY_SYNC,
        v2::DescriptorFlags::REQUESTED_WRITE_SYNC => DescriptorFlags::REQUESTED_WRITE_SYNC,
        v2::DescriptorFlags::MUTATE_DIRECTORY => DescriptorFlags::MUTATE_DIRECTORY,
    )
}

fn descriptor_flags_0_2(given: DescriptorFlags) -> v2::DescriptorFlags {
    flags!(given,
        DescriptorFlags::READ => v2::DescriptorFlags::READ,
        DescriptorFlags::WRITE => v2::DescriptorFlags::WRITE,
        DescriptorFlags::FILE_INTEGRITY_SYNC => v2::DescriptorFlags::FILE_INTEGRITY_SYNC,
        DescriptorFlags::DATA_INTEGRITY_SYNC => v2::DescriptorFlags::DATA_INTEGRITY_SYNC,
        DescriptorFlags::REQUESTED_WRITE_SYNC => v2::DescriptorFlags::REQUESTED_WRITE_SYNC,
        DescriptorFlags::MUTATE_DIRECTORY => v2::DescriptorFlags::MUTATE_DIRECTORY,
    )
}

/// Times of 0.3 may lie before 1970.
fn new_times(access: NewTimestamp, modification: NewTimestamp) -> Result<Timestamps, v2::ErrorCode> {
    let one = |time| match time {
        NewTimestamp::NoChange => Ok(NO_CHANGE),
        NewTimestamp::Now => Ok(NOW),
        NewTimestamp::Timestamp(time) => timespec(time.seconds, time.nanoseconds),
    };
    Ok(Timestamps { last_access: one(access)?, last_modification: one(modification)? })
}
