// SPDX-License-Identifier: Apache-2.0
//! Content as a folder of `wasi:filesystem`, read-only and brought as it is read. Behind such a handle stands no folder of
//! this machine, so that a forgotten check opens nothing; what it is stands here, by its handle.

use crate::content::{Ask, Asked, ContentDoor, Entry, Fault, Found, Kind, Verb, Why};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, MetadataHashValue,
};

/// A file or a folder in granted content.
pub struct ContentNode {
    pub door: ContentDoor,
    /// The grant's own, `ipfs://CID/a`.
    target: String,
    /// Without a CID for the grant's own folder.
    pub found: Found,
}

impl ContentNode {
    /// A grant's own folder. Whether it is there is seen when it is used.
    pub fn root(door: ContentDoor, target: &str) -> Arc<Self> {
        let found = Found {
            kind: Kind::Directory,
            size: 0,
            cid: String::new(),
            link: String::new(),
            media_type: String::new(),
        };
        Arc::new(ContentNode { door, target: target.to_owned(), found })
    }

    pub fn is_folder(&self) -> bool {
        self.found.kind == Kind::Directory
    }

    /// What a way leads to that begins here, and doesn't leave it.
    fn words(&self, way: &str) -> Vec<u8> {
        [self.found.cid.as_bytes(), &[0], way.as_bytes()].concat()
    }

    fn ask(&self, verb: Verb, way: &str, follow: bool) -> Result<Asked, Fault> {
        let ask = Ask { more: &self.words(way), folder: true, follow, ..Ask::new(verb, &self.target) };
        self.door.begin(&ask)
    }

    /// What a path leads to from here. An absolute path leads out, and so does one that goes above.
    pub async fn stat_at(&self, path: &str, follow: bool) -> Result<Found, Fault> {
        if path.starts_with('/') {
            return Err(Fault { why: Why::Denied, words: String::new() });
        }
        self.ask(Verb::Stat, path, follow)?.found().await
    }

    pub async fn open_at(&self, path: &str, follow: bool) -> Result<Arc<Self>, Fault> {
        let found = self.stat_at(path, follow).await?;
        Ok(Arc::new(ContentNode { door: self.door.clone(), target: self.target.clone(), found }))
    }

    /// Of a file: its bytes from a position on.
    pub fn read(&self, offset: u64, length: u64) -> Result<Asked, Fault> {
        let more = &self.words("");
        let ask = Ask { more, offset, length, folder: true, follow: true, ..Ask::new(Verb::Open, &self.target) };
        self.door.begin(&ask)
    }

    pub fn list(&self) -> Result<ContentListing, Fault> {
        Ok(ContentListing { asked: self.ask(Verb::List, "", true)?, waiting: Mutex::default() })
    }

    pub fn is_same(&self, other: &Self) -> bool {
        (&self.target, &self.found.cid) == (&other.target, &other.found.cid)
    }
}

/// A folder that is listed.
pub struct ContentListing {
    asked: Asked,
    waiting: Mutex<VecDeque<Entry>>,
}

impl ContentListing {
    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Entry>> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn poll_next(&self, cx: &Context<'_>) -> Poll<Result<Option<DirectoryEntry>, Fault>> {
        loop {
            if let Some(entry) = self.waiting().pop_front() {
                let type_ = entry.kind.map_or(DescriptorType::Unknown, descriptor_type);
                return Poll::Ready(Ok(Some(DirectoryEntry { type_, name: entry.name })));
            }
            let Some(entries) = ready!(self.asked.poll_entries(cx))? else { return Poll::Ready(Ok(None)) };
            self.waiting().extend(entries);
        }
    }

    pub async fn next(&self) -> Result<Option<DirectoryEntry>, Fault> {
        poll_fn(|cx| self.poll_next(cx)).await
    }
}

pub fn descriptor_type(kind: Kind) -> DescriptorType {
    match kind {
        Kind::File => DescriptorType::RegularFile,
        Kind::Directory => DescriptorType::Directory,
        Kind::Symlink => DescriptorType::SymbolicLink,
        Kind::Block => DescriptorType::Unknown,
    }
}

pub fn stat(found: &Found) -> DescriptorStat {
    let size = if found.kind == Kind::Symlink { found.link.len() as u64 } else { found.size };
    DescriptorStat {
        type_: descriptor_type(found.kind),
        link_count: 1,
        size,
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

pub fn metadata_hash(found: &Found) -> MetadataHashValue {
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, &found.cid).hash(&mut hasher);
        hasher.finish()
    };
    MetadataHashValue { lower: hash(0), upper: hash(1) }
}

/// As a read-only folder of this machine would say it.
pub fn code(fault: &Fault) -> ErrorCode {
    match fault.why {
        Why::NotFound => ErrorCode::NoEntry,
        Why::Denied => ErrorCode::NotPermitted,
        Why::Invalid => ErrorCode::NotDirectory,
        Why::TooLarge => ErrorCode::FileTooLarge,
        Why::Unavailable => ErrorCode::Io,
        Why::Limit => ErrorCode::InsufficientMemory,
    }
}
