// SPDX-License-Identifier: Apache-2.0
//! Listings of folders, read as the guest reads them: a listing of a million files holds one entry.

use crate::content_files::{self, ContentListing};
use rustix::fs::{AtFlags, Dir as OsDir, FileType};
use std::fs::File;
use std::sync::{Arc, Mutex};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorType, DirectoryEntry, ErrorCode};

/// An open listing. The phantom folder's is empty.
pub struct Listing {
    open: Option<(Arc<File>, Mutex<OsDir>)>,
    content: Option<ContentListing>,
}

impl Listing {
    pub fn empty() -> Self {
        Listing { open: None, content: None }
    }

    pub fn of_content(content: ContentListing) -> Self {
        Listing { open: None, content: Some(content) }
    }

    pub fn of(folder: Arc<File>) -> std::io::Result<Self> {
        let entries = OsDir::read_from(&*folder)?;
        Ok(Listing { open: Some((folder, Mutex::new(entries))), content: None })
    }

    /// Waits where the listing is of content.
    pub async fn next_entry(&self) -> FsResult<Option<DirectoryEntry>> {
        match &self.content {
            Some(content) => Ok(content.next().await.map_err(|fault| content_files::code(&fault))?),
            None => self.next(),
        }
    }

    pub fn next(&self) -> FsResult<Option<DirectoryEntry>> {
        let Some((folder, entries)) = &self.open else { return Ok(None) };
        let mut entries = entries.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        loop {
            let Some(entry) = entries.read() else { return Ok(None) };
            let entry = entry.map_err(std::io::Error::from)?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            let type_ = match entry.file_type() {
                // Some filesystems don't say in the listing.
                FileType::Unknown => match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => descriptor_type(FileType::from_raw_mode(stat.st_mode)),
                    Err(rustix::io::Errno::NOENT) => continue,
                    Err(_) => DescriptorType::Unknown,
                },
                known => descriptor_type(known),
            };
            let name = name.to_str().map_err(|_| ErrorCode::IllegalByteSequence)?.to_owned();
            return Ok(Some(DirectoryEntry { type_, name }));
        }
    }
}

fn descriptor_type(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::Fifo => DescriptorType::Fifo,
        FileType::Socket => DescriptorType::Socket,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        _ => DescriptorType::Unknown,
    }
}
