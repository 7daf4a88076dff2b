// SPDX-License-Identifier: Apache-2.0
//! The folders a case works in: what the runner prepared, and fresh ones for cases that change something.

use crate::check::{Mismatch, holds, works};
use std::sync::atomic::{AtomicU32, Ordering};
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};

pub const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;
pub const NO_FOLLOW: PathFlags = PathFlags::empty();
pub const READ: DescriptorFlags = DescriptorFlags::READ;
pub const WRITE: DescriptorFlags = DescriptorFlags::WRITE;
pub const PLAIN: OpenFlags = OpenFlags::empty();

/// What the runner wrote into `file`.
pub const CONTENTS: &[u8] = b"contents of the file\n";

pub type Opened = Result<Descriptor, Mismatch>;

fn grant(name: &str) -> Opened {
    let found = get_directories().into_iter().find(|(_, path)| path == name);
    holds(found.is_some(), &format!("a grant called {name}"), "none")?;
    Ok(found.expect("just looked").0)
}

/// The read-write grant, with the prepared contents. Cases may only add to it.
pub fn sandbox() -> Opened {
    grant("/sandbox")
}

/// A second read-write grant, empty at first.
pub fn other() -> Opened {
    grant("/other")
}

/// A read-only grant with the same contents.
pub fn readonly() -> Opened {
    grant("/readonly")
}

/// The empty folder that stands for all that isn't granted.
pub fn phantom() -> Opened {
    grant("/")
}

/// A fresh, empty folder inside the sandbox.
pub fn scratch() -> Opened {
    let (sandbox, name) = (sandbox()?, fresh_name());
    works(sandbox.create_directory_at(&name))?;
    open_directory(&sandbox, &name)
}

/// A name that no case of this process has used. Processes of one test run have folders of their own.
pub fn fresh_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("fresh-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn open_directory(base: &Descriptor, path: &str) -> Opened {
    works(base.open_at(FOLLOW, path, OpenFlags::DIRECTORY, READ | DescriptorFlags::MUTATE_DIRECTORY))
}

pub fn open_file(base: &Descriptor, path: &str) -> Opened {
    works(base.open_at(FOLLOW, path, PLAIN, READ))
}

/// A new file that is open for reading and writing.
pub fn new_file(base: &Descriptor, path: &str, contents: &[u8]) -> Opened {
    let file = works(base.open_at(NO_FOLLOW, path, OpenFlags::CREATE | OpenFlags::EXCLUSIVE, READ | WRITE))?;
    let written = works(file.write(contents, 0))?;
    holds(written == contents.len() as u64, "a whole write", written)?;
    Ok(file)
}

/// A new file in a fresh folder.
pub fn scratch_file(contents: &[u8]) -> Opened {
    new_file(&scratch()?, "file", contents)
}

/// All of a file.
pub fn contents(file: &Descriptor) -> Result<Vec<u8>, Mismatch> {
    let mut all = Vec::new();
    loop {
        let (bytes, end) = works(file.read(4096, all.len() as u64))?;
        all.extend_from_slice(&bytes);
        if end || bytes.is_empty() {
            return Ok(all);
        }
    }
}

/// The names in a folder, in order.
pub fn names(directory: &Descriptor) -> Result<Vec<String>, Mismatch> {
    let entries = works(directory.read_directory())?;
    let mut names = Vec::new();
    while let Some(entry) = works(entries.read_directory_entry())? {
        names.push(entry.name);
    }
    names.sort();
    Ok(names)
}

pub fn exists(base: &Descriptor, path: &str) -> bool {
    !matches!(base.stat_at(NO_FOLLOW, path), Err(ErrorCode::NoEntry))
}
