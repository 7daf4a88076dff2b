// SPDX-License-Identifier: Apache-2.0
//! What a ledger knows of single files: those that are open, or have another number of names than one. Who has a file
//! open has its record's key, so that a write looks nothing up.

use rustix::fs::Stat;
use slab::Slab;
use std::collections::HashMap;
use std::ops::{Index, IndexMut};

/// A file, whatever its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    pub fn of(stat: &Stat) -> Self {
        Inode { device: stat.st_dev, number: stat.st_ino }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Record {
    inode: Inode,
    pub bytes: u64,
    pub names: u64,
    pub handles: u64,
}

/// Good until its record is removed.
#[derive(Clone, Copy, Debug)]
pub struct Key(usize);

#[derive(Default)]
pub struct Records {
    keys: HashMap<Inode, Key>,
    all: Slab<Record>,
}

impl Records {
    /// The record of a file, made where there is none: with so many bytes and names, and no handle.
    pub fn of(&mut self, inode: Inode, bytes: u64, names: u64) -> Key {
        let make = || Key(self.all.insert(Record { inode, bytes, names, handles: 0 }));
        *self.keys.entry(inode).or_insert_with(make)
    }

    pub fn remove(&mut self, key: Key) {
        let record = self.all.remove(key.0);
        self.keys.remove(&record.inode);
    }

    /// Lets go of all of which this isn't true.
    pub fn retain(&mut self, keep: impl Fn(&Record) -> bool) {
        self.all.retain(|_, record| keep(record));
        self.keys.retain(|_, key| self.all.contains(key.0));
    }
}

impl Index<Key> for Records {
    type Output = Record;

    fn index(&self, key: Key) -> &Record {
        &self.all[key.0]
    }
}

impl IndexMut<Key> for Records {
    fn index_mut(&mut self, key: Key) -> &mut Record {
        &mut self.all[key.0]
    }
}
