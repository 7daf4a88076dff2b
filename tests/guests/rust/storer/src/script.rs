// SPDX-License-Identifier: Apache-2.0
//! The script that a storer follows: an operation a line, on the files below `/data`, and an answer a line, each
//! given before the next operation is read.
//!
//! ```text
//! open HANDLE FLAGS PATH      FLAGS: of `create`, `exclusive`, `truncate`, `write`, with commas, or `-`
//! close HANDLE
//! write HANDLE OFFSET COUNT   by the interface's own call
//! stream HANDLE OFFSET COUNT  by a stream
//! append HANDLE COUNT
//! fill HANDLE TIMES COUNT     appends COUNT bytes as many times
//! size HANDLE BYTES
//! mkdir PATH    rmdir PATH    unlink PATH    symlink PATH
//! link PATH PATH    rename PATH PATH
//! ```
//!
//! An answer is `ok` or the error's name, and behind it how many bytes are known to be written.

use std::collections::HashMap;
use std::io::{BufRead, Write};

/// How far it came, and why no further.
pub type Answer<T> = Result<T, (T, String)>;

pub trait Storage {
    type File;
    fn open(&self, flags: &[&str], path: &str) -> Answer<Option<Self::File>>;
    fn write(&self, file: &Self::File, offset: u64, bytes: &[u8]) -> Answer<u64>;
    fn stream(&self, file: &Self::File, offset: u64, bytes: &[u8]) -> Answer<u64>;
    fn append(&self, file: &Self::File, bytes: &[u8]) -> Answer<u64>;
    fn set_size(&self, file: &Self::File, bytes: u64) -> Answer<()>;
    fn make_folder(&self, path: &str) -> Answer<()>;
    fn remove_folder(&self, path: &str) -> Answer<()>;
    fn unlink(&self, path: &str) -> Answer<()>;
    fn symlink(&self, path: &str) -> Answer<()>;
    fn link(&self, path: &str, new_path: &str) -> Answer<()>;
    fn rename(&self, path: &str, new_path: &str) -> Answer<()>;
}

pub fn follow<S: Storage>(storage: &S) {
    let mut files = HashMap::new();
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line to read");
        let words: Vec<&str> = line.split(' ').collect();
        let (answer, count) = match step(storage, &mut files, &words) {
            Ok(count) => ("ok".to_owned(), count),
            Err((count, why)) => (why, count),
        };
        writeln!(output, "{answer} {count}").and_then(|()| output.flush()).expect("somebody who reads");
    }
}

fn step<S: Storage>(storage: &S, files: &mut HashMap<String, S::File>, words: &[&str]) -> Answer<u64> {
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let bytes = |count: &str| vec![b'x'; number(count) as usize];
    let done = |answer: Answer<()>| answer.map(|()| 0).map_err(|((), why)| (0, why));
    match *words {
        ["open", handle, flags, path] => {
            let flags: Vec<&str> = flags.split(',').collect();
            match storage.open(&flags, path) {
                Ok(file) => files.insert(handle.to_owned(), file.expect("an open file")),
                Err((_, why)) => return Err((0, why)),
            };
            Ok(0)
        }
        ["close", handle] => {
            files.remove(handle);
            Ok(0)
        }
        ["write", handle, offset, count] => storage.write(&files[handle], number(offset), &bytes(count)),
        ["stream", handle, offset, count] => storage.stream(&files[handle], number(offset), &bytes(count)),
        ["append", handle, count] => storage.append(&files[handle], &bytes(count)),
        ["fill", handle, times, count] => {
            let bytes = bytes(count);
            (0..number(times)).try_fold(0, |sum, _| Ok(sum + storage.append(&files[handle], &bytes)?))
        }
        ["size", handle, count] => done(storage.set_size(&files[handle], number(count))),
        ["mkdir", path] => done(storage.make_folder(path)),
        ["rmdir", path] => done(storage.remove_folder(path)),
        ["unlink", path] => done(storage.unlink(path)),
        ["symlink", path] => done(storage.symlink(path)),
        ["link", path, new_path] => done(storage.link(path, new_path)),
        ["rename", path, new_path] => done(storage.rename(path, new_path)),
        _ => panic!("no operation: {words:?}"),
    }
}
