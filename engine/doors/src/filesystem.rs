// SPDX-License-Identifier: Apache-2.0
//! `wasi:filesystem` 0.2, function by function: what each one asks of the files door.

use crate::content::Fault;
use crate::content_files::{self, ContentNode};
use crate::content_io::{ContentInput, Said};
use crate::counted::{self, Named};
use crate::file_input::FileInput;
use crate::file_output::FileOutput;
use crate::files::At as Standing;
use crate::listing::Listing;
use crate::open_file::At;
use crate::place::Place;
use crate::translate::{error_code, new_times, os_open_flags};
use crate::walk;
use crate::{Door, DoorsView, Operation, Reason};
use rustix::fs::{self as rfs, AtFlags, FileType, Mode, Timestamps};
use rustix::io::Errno;
use std::os::fd::AsFd;
use std::sync::Arc;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir, File, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream, ErrorCode, Filesize,
    Host, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};

fn phantom_stat() -> DescriptorStat {
    DescriptorStat {
        type_: DescriptorType::Directory,
        link_count: 1,
        size: 0,
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

impl<T: DoorsView> preopens::Host for Door<'_, T> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let phantom = self.0.doors().files.phantom.is_some();
        self.directories(phantom)
    }
}

impl<T: DoorsView> Door<'_, T> {
    pub(crate) fn directories(&mut self, phantom: bool) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let door = &self.0.doors().files;
        let folder = |p: &crate::files::Preopen| (p.dir.clone(), p.guest_path.clone(), p.content.clone());
        let folders: Vec<_> = door.preopens.iter().map(folder).collect();
        let mut all = Vec::with_capacity(folders.len() + 1);
        for (grant, (dir, guest_path, content)) in folders.into_iter().enumerate() {
            let place = Place::root(grant);
            let pushed = match content {
                Some(node) => self.push_content(node, place),
                None => self.push_dir(dir, place),
            };
            all.push((pushed.map_err(trapped)?, guest_path));
        }
        // Last: Go takes the first preopen as its working directory.
        if phantom {
            all.push((self.push_phantom().map_err(trapped)?, "/".to_owned()));
        }
        Ok(all)
    }
}

fn trapped(error: FsError) -> wasmtime::Error {
    match error.downcast() {
        Ok(code) => wasmtime::Error::msg(format!("preparing the guest's folders: {code:?}")),
        Err(e) => e,
    }
}

impl<T: DoorsView> Host for Door<'_, T> {
    fn convert_error_code(&mut self, err: FsError) -> wasmtime::Result<ErrorCode> {
        err.downcast()
    }

    fn filesystem_error_code(&mut self, err: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        let error = self.0.ctx().table.get(&err)?;
        Ok(error.downcast_ref::<std::io::Error>().map(error_code))
    }
}

impl<T: DoorsView> HostDescriptor for Door<'_, T> {
    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
        len: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        if self.content(&fd).is_some() {
            return Ok(());
        }
        self.0.filesystem().advise(fd, offset, len, advice).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        if self.is_phantom(&fd)? || self.content(&fd).is_some() {
            return Ok(());
        }
        self.0.filesystem().sync_data(fd).await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        if self.is_phantom(&fd)? || self.content(&fd).is_some() {
            return Ok(());
        }
        self.0.filesystem().sync(fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        if self.is_phantom(&fd)? || self.content(&fd).is_some() {
            return Ok(DescriptorFlags::READ);
        }
        self.0.filesystem().get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        if self.is_phantom(&fd)? {
            return Ok(DescriptorType::Directory);
        }
        if let Some(node) = self.content(&fd) {
            return Ok(content_files::descriptor_type(node.found.kind));
        }
        self.0.filesystem().get_type(fd).await
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        let file = self.file_to_write(&fd)?;
        Ok(file.set_size(size).map_err(|errno| error_code(&errno.into()))?)
    }

    async fn set_times(&mut self, fd: Resource<Descriptor>, a: NewTimestamp, m: NewTimestamp) -> FsResult<()> {
        self.set_times_to(&fd, new_times(a, m))
    }

    async fn read(&mut self, fd: Resource<Descriptor>, len: Filesize, offset: Filesize) -> FsResult<(Vec<u8>, bool)> {
        if let Some(node) = self.content(&fd) {
            return read_content(&node, len, offset).await;
        }
        self.0.filesystem().read(fd, len, offset).await
    }

    async fn write(&mut self, fd: Resource<Descriptor>, buf: Vec<u8>, offset: Filesize) -> FsResult<Filesize> {
        let file = self.file_to_write(&fd)?;
        let written = file.write(&buf, At::Offset(offset)).map_err(|errno| error_code(&errno.into()))?;
        Ok(written as Filesize)
    }

    async fn read_directory(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DirectoryEntryStream>> {
        if let Some(node) = self.content_to_look(&fd, Operation::OpenRead, ".")? {
            let listing = Listing::of_content(list_content(&node)?);
            let stream = self.0.ctx().table.push(listing)?;
            return Ok(Resource::new_own(stream.rep()));
        }
        let listing = match self.at(&fd)? {
            Standing::Phantom => Listing::empty(),
            Standing::Folder(dir) => {
                self.ask(&fd, Operation::OpenRead, ".")?;
                Listing::of(dir.dir)?
            }
        };
        let stream = self.0.ctx().table.push(listing)?;
        Ok(Resource::new_own(stream.rep()))
    }

    async fn create_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.change(&fd, Operation::CreateDirectory, without_slash(&path), |counted, (folder, name)| {
            counted::make(counted, || rfs::mkdirat(folder, name, Mode::from_raw_mode(0o777)))
        })
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        if self.is_phantom(&fd)? {
            return Ok(phantom_stat());
        }
        if let Some(node) = self.content(&fd) {
            return Ok(content_files::stat(&node.found));
        }
        self.0.filesystem().stat(fd).await
    }

    async fn stat_at(&mut self, fd: Resource<Descriptor>, flags: PathFlags, path: String) -> FsResult<DescriptorStat> {
        if is_self(&path) && self.is_phantom(&fd)? {
            return Ok(phantom_stat());
        }
        if let Some(node) = self.content_to_look(&fd, Operation::Stat, &path)? {
            let found = node.stat_at(&path, flags.contains(PathFlags::SYMLINK_FOLLOW)).await;
            let found = self.content_found(&fd, Operation::Stat, &path, found)?;
            return Ok(content_files::stat(&found));
        }
        self.enter(&fd, Operation::Stat, &path)?;
        let stat = self.0.filesystem().stat_at(Resource::new_borrow(fd.rep()), flags, path.clone()).await;
        self.told(&fd, Operation::Stat, &path, stat)
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        a: NewTimestamp,
        m: NewTimestamp,
    ) -> FsResult<()> {
        self.set_times_to_at(&fd, flags, &path, new_times(a, m))
    }

    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let (old, new) = ((&fd, old_path.as_str()), (&new_fd, new_path.as_str()));
        self.change_both(Operation::Link, old, new, |counted, from, to| {
            if flags.contains(PathFlags::SYMLINK_FOLLOW) {
                return Err(Errno::INVAL);
            }
            counted::link(counted, from, to)
        })
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let writes =
            open_flags.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE) || flags.intersects(DescriptorFlags::WRITE);
        let operation = if writes { Operation::OpenWrite } else { Operation::OpenRead };
        if is_self(&path) && !writes && self.is_phantom(&fd)? {
            return self.push_phantom();
        }
        if !writes && let Some(node) = self.content_to_look(&fd, operation, &path)? {
            let opened = node.open_at(&path, path_flags.contains(PathFlags::SYMLINK_FOLLOW)).await;
            return self.content_opened(&fd, &path, open_flags, opened);
        }
        let dir = self.enter(&fd, operation, &path)?;
        let (os_flags, mode) = os_open_flags(path_flags, open_flags, flags)?;
        let (counted, manner) = (self.counted(&fd), self.0.doors().files.manner());
        let opened = counted::open(counted.as_ref(), dir.dir.as_fd(), &path, os_flags, manner);
        let (opened, hold) = opened.map_err(|stop| self.stopped(&fd, operation, &path, stop))?;
        if opened.is_folder {
            let place = self.place(&fd).below(&path);
            return self.push_dir(Dir::new(opened.file, dir.perms, mode, true), place);
        }
        let file = File::new(opened.file, dir.perms, mode, true);
        let fd = self.0.ctx().table.push(Descriptor::File(file))?;
        if let Some(hold) = hold {
            self.0.doors().files.holds.insert(fd.rep(), Arc::new(hold));
        }
        Ok(fd)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        let door = &mut self.0.doors().files;
        door.places.remove(&fd.rep());
        door.contents.remove(&fd.rep());
        door.holds.remove(&fd.rep());
        self.0.ctx().table.delete(fd)?;
        Ok(())
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        if let Some(node) = self.content_to_look(&fd, Operation::ReadLink, &path)? {
            let found = node.stat_at(&path, false).await;
            return self.content_link(&fd, &path, found);
        }
        self.enter(&fd, Operation::ReadLink, &path)?;
        let link = self.0.filesystem().readlink_at(Resource::new_borrow(fd.rep()), path.clone()).await;
        self.told(&fd, Operation::ReadLink, &path, link)
    }

    async fn remove_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.change(&fd, Operation::Remove, without_slash(&path), |counted, at| {
            counted::remove(counted, at, AtFlags::REMOVEDIR)
        })
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let folders_only = old_path.ends_with('/') || new_path.ends_with('/');
        let (old, new) = ((&fd, without_slash(&old_path)), (&new_fd, without_slash(&new_path)));
        self.change_both(Operation::Rename, old, new, |counted, from, to| {
            if folders_only && !is_folder(from)? {
                return Err(Errno::NOTDIR);
            }
            counted::rename(counted, from, to)
        })
    }

    async fn symlink_at(&mut self, fd: Resource<Descriptor>, old_path: String, new_path: String) -> FsResult<()> {
        self.enter(&fd, Operation::Symlink, &new_path)?;
        // No guest could follow it, but a program outside could.
        if old_path.starts_with('/') {
            return Err(self.refuse(&fd, Operation::Symlink, &new_path, Reason::Escape));
        }
        self.change(&fd, Operation::Symlink, &new_path, |counted, (folder, name)| {
            counted::make(counted, || rfs::symlinkat(&old_path, folder, name))
        })
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.change(&fd, Operation::Remove, &path, |counted, at| counted::remove(counted, at, AtFlags::empty()))
    }

    fn read_via_stream(&mut self, fd: Resource<Descriptor>, offset: Filesize) -> FsResult<Resource<DynInputStream>> {
        if let Some(node) = self.content(&fd) {
            let stream: DynInputStream = Box::new(ContentInput::new(open_content(&node, offset)?, Said::default()));
            return Ok(self.0.ctx().table.push(stream)?);
        }
        let Some((file, _)) = self.open_file(&fd)? else { return Err(ErrorCode::IsDirectory.into()) };
        let stream: DynInputStream = Box::new(FileInput::new(file, offset));
        Ok(self.0.ctx().table.push(stream)?)
    }

    fn write_via_stream(&mut self, fd: Resource<Descriptor>, offset: Filesize) -> FsResult<Resource<DynOutputStream>> {
        self.output(&fd, At::Offset(offset))
    }

    fn append_via_stream(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        self.output(&fd, At::End)
    }

    async fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> wasmtime::Result<bool> {
        let (pa, pb) = (self.is_phantom(&a).map_err(trapped)?, self.is_phantom(&b).map_err(trapped)?);
        if pa || pb {
            return Ok(pa && pb);
        }
        let (ca, cb) = (self.content(&a), self.content(&b));
        if ca.is_some() || cb.is_some() {
            return Ok(ca.zip(cb).is_some_and(|(ca, cb)| ca.is_same(&cb)));
        }
        self.0.filesystem().is_same_object(a, b).await
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        if self.is_phantom(&fd)? {
            return Ok(MetadataHashValue { lower: 0, upper: 0 });
        }
        if let Some(node) = self.content(&fd) {
            return Ok(content_files::metadata_hash(&node.found));
        }
        self.0.filesystem().metadata_hash(fd).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        if is_self(&path) && self.is_phantom(&fd)? {
            return Ok(MetadataHashValue { lower: 0, upper: 0 });
        }
        if let Some(node) = self.content_to_look(&fd, Operation::Stat, &path)? {
            let found = node.stat_at(&path, flags.contains(PathFlags::SYMLINK_FOLLOW)).await;
            let found = self.content_found(&fd, Operation::Stat, &path, found)?;
            return Ok(content_files::metadata_hash(&found));
        }
        self.enter(&fd, Operation::Stat, &path)?;
        let hash = self.0.filesystem().metadata_hash_at(Resource::new_borrow(fd.rep()), flags, path.clone()).await;
        self.told(&fd, Operation::Stat, &path, hash)
    }
}

/// Bytes that one call reads of content at most.
const MOST_OF_CONTENT: u64 = 64 << 10;

pub(crate) fn open_content(node: &ContentNode, offset: u64) -> FsResult<crate::content::Asked> {
    if node.is_folder() {
        return Err(ErrorCode::IsDirectory.into());
    }
    Ok(node.read(offset, u64::MAX).map_err(|fault| content_files::code(&fault))?)
}

pub(crate) fn list_content(node: &ContentNode) -> FsResult<content_files::ContentListing> {
    if !node.is_folder() {
        return Err(ErrorCode::NotDirectory.into());
    }
    Ok(node.list().map_err(|fault| content_files::code(&fault))?)
}

async fn read_content(node: &ContentNode, len: Filesize, offset: Filesize) -> FsResult<(Vec<u8>, bool)> {
    if node.is_folder() {
        return Err(ErrorCode::IsDirectory.into());
    }
    let len = len.min(MOST_OF_CONTENT);
    let asked = node.read(offset, len).map_err(|fault| content_files::code(&fault))?;
    let bytes = asked.all().await.map_err(|fault| content_files::code(&fault))?;
    let ended = offset.saturating_add(bytes.len() as u64) >= node.found.size;
    Ok((bytes, ended))
}

impl<T: DoorsView> Door<'_, T> {
    pub(crate) fn content_opened(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
        flags: OpenFlags,
        opened: Result<Arc<ContentNode>, Fault>,
    ) -> FsResult<Resource<Descriptor>> {
        let node = opened.map_err(|fault| self.content_failed(fd, Operation::OpenRead, path, &fault))?;
        match node.found.kind {
            crate::content::Kind::Symlink => return Err(ErrorCode::Loop.into()),
            _ if flags.contains(OpenFlags::DIRECTORY) && !node.is_folder() => {
                return Err(ErrorCode::NotDirectory.into());
            }
            _ => {}
        }
        let place = self.place(fd).below(path);
        self.push_content(node, place)
    }

    pub(crate) fn content_link(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
        found: Result<crate::content::Found, Fault>,
    ) -> FsResult<String> {
        let found = self.content_found(fd, Operation::ReadLink, path, found)?;
        if found.kind != crate::content::Kind::Symlink {
            return Err(ErrorCode::Invalid.into());
        }
        Ok(found.link)
    }

    fn output(&mut self, fd: &Resource<Descriptor>, at: At) -> FsResult<Resource<DynOutputStream>> {
        let stream: DynOutputStream = Box::new(FileOutput::new(self.file_to_write(fd)?, at));
        Ok(self.0.ctx().table.push(stream)?)
    }

    pub(crate) fn set_times_to(
        &mut self,
        fd: &Resource<Descriptor>,
        times: Result<Timestamps, ErrorCode>,
    ) -> FsResult<()> {
        let (file, perms) = match self.descriptor(fd)? {
            Descriptor::File(file) => (file.file.clone(), file.perms),
            Descriptor::Dir(_) => {
                let dir = self.enter(fd, Operation::SetTimes, ".")?;
                (dir.dir, dir.perms)
            }
        };
        if perms.write_not_permitted() {
            return Err(ErrorCode::NotPermitted.into());
        }
        Ok(rfs::futimens(&file, &times?).map_err(|errno| error_code(&errno.into()))?)
    }

    pub(crate) fn set_times_to_at(
        &mut self,
        fd: &Resource<Descriptor>,
        flags: PathFlags,
        path: &str,
        times: Result<Timestamps, ErrorCode>,
    ) -> FsResult<()> {
        let dir = self.enter(fd, Operation::SetTimes, path)?;
        let times = times?;
        let end = walk::follow(dir.dir.as_fd(), path, flags.contains(PathFlags::SYMLINK_FOLLOW));
        let set = end.and_then(|end| Ok(rfs::utimensat(end.folder(), &end.name, &times, AtFlags::SYMLINK_NOFOLLOW)?));
        set.map_err(|stop| self.stopped(fd, Operation::SetTimes, path, stop))
    }
}

fn is_self(path: &str) -> bool {
    matches!(path, "." | "./" | "/" | "")
}

/// A path without the slashes at its end, which say no more than that it names a folder.
fn without_slash(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => path,
        trimmed => trimmed,
    }
}

fn is_folder((parent, name): Named<'_>) -> rustix::io::Result<bool> {
    let stat = rfs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

/// A listing travels as the engine's type of stream, and stands in the table as ours.
fn listing_of(stream: &Resource<DirectoryEntryStream>) -> Resource<Listing> {
    Resource::new_borrow(stream.rep())
}

impl<T: DoorsView> HostDirectoryEntryStream for Door<'_, T> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        self.0.ctx().table.get(&listing_of(&stream))?.next_entry().await
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.0.ctx().table.delete(Resource::<Listing>::new_own(stream.rep()))?;
        Ok(())
    }
}
