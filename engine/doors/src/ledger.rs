// SPDX-License-Identifier: Apache-2.0
//! What a module stores, counted to the byte: in each of its counted folders, and in all of them together.
//!
//! Counted are the apparent sizes of regular files, by device and inode: a file with several names once, a sparse one
//! in full, one without a name until the last handle to it goes. And files: every inode, folders and links too, but the
//! counted folder itself; a further name of a file is no file, but there can't be more of those than files.
//!
//! The ledger is made by a walk over the folders, and is right from then on for all that happens through it: each
//! change is made and entered under one lock. A folder that it counts is locked against any other ledger (see
//! `ledger_walk`). What other programs change meanwhile is found by the next walk.

use crate::ledger_walk;
use crate::records::{Inode, Key, Records};
use rustix::fs::{FileType, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard};

/// The most that may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub bytes: u64,
    pub files: u64,
}

impl Quota {
    pub const NONE: Quota = Quota { bytes: u64::MAX, files: u64::MAX };
}

/// What is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub bytes: u64,
    pub files: u64,
    pub peak_bytes: u64,
    pub peak_files: u64,
    /// How often there was no room for bytes, and for files or their names.
    pub refused_bytes: u64,
    pub refused_files: u64,
}

/// One account: a folder's, or that of all of them.
#[derive(Clone, Debug)]
struct Account {
    quota: Quota,
    usage: Usage,
    /// Names that files have beside their first.
    names: u64,
}

impl Account {
    fn new(quota: Quota) -> Self {
        Account { quota, usage: Usage::default(), names: 0 }
    }

    fn room(&self) -> u64 {
        self.quota.bytes.saturating_sub(self.usage.bytes)
    }
}

struct State {
    total: Account,
    folders: Vec<Account>,
    records: Records,
}

pub struct Ledger {
    state: Mutex<State>,
    /// Held for their locks.
    _roots: Vec<File>,
}

impl Ledger {
    /// Locks and counts the folders. They are apart: none lies in another.
    ///
    /// # Errors
    /// What a person can do something about, in words: another ledger counts the folder, or it can't be read.
    pub fn open(folders: &[(String, Quota)], total: Quota) -> Result<Arc<Self>, String> {
        let accounts = folders.iter().map(|(_, quota)| Account::new(*quota)).collect();
        let mut state = State { total: Account::new(total), folders: accounts, records: Records::default() };
        let mut roots = Vec::with_capacity(folders.len());
        for (folder, (path, _)) in folders.iter().enumerate() {
            let root = ledger_walk::lock(path)?;
            ledger_walk::walk(&root, path, &mut |stat| state.found(folder, stat))?;
            roots.push(root);
        }
        state.records.retain(|record| record.names > 1);
        Ok(Arc::new(Ledger { state: Mutex::new(state), _roots: roots }))
    }

    pub fn total(&self) -> Usage {
        self.lock().total.usage
    }

    pub fn folder(&self, folder: usize) -> Option<Usage> {
        self.lock().folders.get(folder).map(|account| account.usage)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// One of a ledger's folders.
#[derive(Clone)]
pub struct Counted {
    pub ledger: Arc<Ledger>,
    pub folder: usize,
}

impl Counted {
    /// Nobody else enters anything until these go.
    pub fn books(&self) -> Books<'_> {
        Books { state: self.ledger.lock(), folder: self.folder }
    }

    /// A handle to an open file: it keeps the file's bytes counted.
    pub fn hold(&self, books: &mut Books<'_>, stat: &Stat) -> Hold {
        let record = books.state.record(stat);
        books.state.records[record].handles += 1;
        Hold { counted: self.clone(), record }
    }
}

/// A counted file that somebody has open.
pub struct Hold {
    counted: Counted,
    record: Key,
}

impl Hold {
    pub fn books(&self) -> Books<'_> {
        self.counted.books()
    }

    /// The file, in the books.
    pub fn record(&self) -> Key {
        self.record
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut books = self.counted.books();
        books.state.records[self.record].handles -= 1;
        let folder = books.folder;
        books.state.settle(folder, self.record);
    }
}

/// The open ledger, for changes in one of its folders.
pub struct Books<'a> {
    state: MutexGuard<'a, State>,
    folder: usize,
}

impl Books<'_> {
    /// Room for one more file, before it is made.
    pub fn room_for_file(&mut self) -> rustix::io::Result<()> {
        self.unless(|account| account.usage.files >= account.quota.files, |usage| &mut usage.refused_files)
    }

    /// Room for one more name of a file.
    pub fn room_for_name(&mut self) -> rustix::io::Result<()> {
        self.unless(|account| account.names >= account.quota.files, |usage| &mut usage.refused_files)
    }

    /// How many of `wanted` bytes can be written from `start` on, where there is room for `least` of them.
    pub fn room_to_write(&mut self, file: Key, start: u64, wanted: usize, least: usize) -> rustix::io::Result<usize> {
        let (bytes, room) = (self.bytes_of(file), self.room());
        let end = start.saturating_add(least as u64);
        if least > 0 && end.saturating_sub(bytes) > room {
            self.room_to_be(file, end)?;
        }
        Ok(bytes.saturating_add(room).saturating_sub(start).min(wanted as u64) as usize)
    }

    /// Room for a file of this size.
    pub fn room_to_be(&mut self, file: Key, bytes: u64) -> rustix::io::Result<()> {
        let growth = bytes.saturating_sub(self.bytes_of(file));
        self.unless(|account| growth > account.room(), |usage| &mut usage.refused_bytes)
    }

    /// A file that is open, by what was entered last.
    pub fn bytes_of(&self, file: Key) -> u64 {
        self.state.records[file].bytes
    }

    pub fn made_file(&mut self) {
        let folder = self.folder;
        self.state.each(folder, |account| {
            account.usage.files += 1;
            account.usage.peak_files = account.usage.peak_files.max(account.usage.files);
        });
    }

    /// The file has this size from now on.
    pub fn sized(&mut self, file: Key, bytes: u64) {
        let before = std::mem::replace(&mut self.state.records[file].bytes, bytes);
        let folder = self.folder;
        self.state.each(folder, |account| {
            account.usage.bytes = account.usage.bytes.saturating_sub(before).saturating_add(bytes);
            account.usage.peak_bytes = account.usage.peak_bytes.max(account.usage.bytes);
        });
    }

    /// What had one more name was given another one.
    pub fn named(&mut self, stat: &Stat) {
        let folder = self.folder;
        let record = self.state.record(stat);
        self.state.records[record].names += 1;
        self.state.each(folder, |account| account.names += 1);
    }

    /// What `stat` told of has lost a name.
    pub fn unnamed(&mut self, stat: &Stat) {
        let folder = self.folder;
        if is_folder(stat) {
            self.state.each(folder, |account| account.usage.files = account.usage.files.saturating_sub(1));
            return;
        }
        let key = self.state.record(stat);
        let record = &mut self.state.records[key];
        record.names = record.names.saturating_sub(1);
        if record.names > 0 {
            self.state.each(folder, |account| account.names = account.names.saturating_sub(1));
        }
        self.state.settle(folder, key);
    }

    /// What may come to all that is stored.
    fn room(&self) -> u64 {
        self.accounts().map(Account::room).min().unwrap_or(u64::MAX)
    }

    fn accounts(&self) -> impl Iterator<Item = &Account> {
        [Some(&self.state.total), self.state.folders.get(self.folder)].into_iter().flatten()
    }

    /// Refused where an account is full, which counts it.
    fn unless(
        &mut self,
        full: impl Fn(&Account) -> bool,
        refused: fn(&mut Usage) -> &mut u64,
    ) -> rustix::io::Result<()> {
        if !self.accounts().any(&full) {
            return Ok(());
        }
        let folder = self.folder;
        self.state.each(folder, |account| *refused(&mut account.usage) += u64::from(full(account)));
        Err(Errno::NOSPC)
    }
}

impl State {
    /// What a file's record says, made where there is none: then it has one name and no handle.
    fn record(&mut self, stat: &Stat) -> Key {
        self.records.of(Inode::of(stat), size_of(stat), 1)
    }

    /// Lets go of a record that says nothing, and gives back the room of a file that is gone.
    fn settle(&mut self, folder: usize, key: Key) {
        let record = self.records[key];
        if record.handles > 0 || record.names > 1 {
            return;
        }
        self.records.remove(key);
        if record.names == 0 {
            self.each(folder, |account| {
                account.usage.files = account.usage.files.saturating_sub(1);
                account.usage.bytes = account.usage.bytes.saturating_sub(record.bytes);
            });
        }
    }

    /// A name that the walk came upon.
    fn found(&mut self, folder: usize, stat: &Stat) {
        let mut bytes = size_of(stat);
        if !is_folder(stat) && stat.st_nlink > 1 {
            let key = self.records.of(Inode::of(stat), bytes, 0);
            let record = &mut self.records[key];
            record.names += 1;
            if record.names > 1 {
                self.each(folder, |account| account.names += 1);
                return;
            }
            bytes = record.bytes;
        }
        self.each(folder, |account| {
            account.usage.files += 1;
            account.usage.bytes = account.usage.bytes.saturating_add(bytes);
            account.usage.peak_files = account.usage.files;
            account.usage.peak_bytes = account.usage.bytes;
        });
    }

    fn each(&mut self, folder: usize, change: impl Fn(&mut Account)) {
        change(&mut self.total);
        self.folders.get_mut(folder).into_iter().for_each(change);
    }
}

fn is_folder(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

/// The bytes that are counted for it.
fn size_of(stat: &Stat) -> u64 {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => stat.st_size.try_into().unwrap_or(0),
        _ => 0,
    }
}
