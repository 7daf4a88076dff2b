// SPDX-License-Identifier: Apache-2.0
//! Stores what a script says, or as much as it can, over WASI 0.3: what `storer` does over 0.2.

#[path = "../../storer/src/hoard.rs"]
mod hoard;
#[path = "../../storer/src/script.rs"]
mod script;

use script::{Answer, Storage, follow};
use std::future::Future;
use wasip3::filesystem::preopens::get_directories;
use wasip3::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};
use wasip3::wit_bindgen::{FutureReader, StreamReader, block_on};

struct Storer;

wasip3::cli::command::export!(Storer);

impl wasip3::exports::cli::run::Guest for Storer {
    async fn run() -> Result<(), ()> {
        let data = get_directories().into_iter().find(|(_, path)| path == "/data");
        let data = Folder(data.expect("a grant called /data").0);
        match wasip3::cli::environment::get_arguments().get(2) {
            None => follow(&data),
            Some(way) => wasip3::cli::exit::exit_with_code(hoard::hoard(&data, way) as u8),
        }
        Ok(())
    }
}

struct Folder(Descriptor);

fn done(call: impl Future<Output = Result<(), ErrorCode>>) -> Answer<()> {
    block_on(call).map_err(|code| ((), name(&code)))
}

fn name(code: &ErrorCode) -> String {
    let text = format!("{code:?}").replace("ErrorCode::", "");
    word(text.split(['(', ' ']).next().unwrap_or_default())
}

/// An error as its interface calls it: `InsufficientSpace` is `insufficient-space`.
fn word(name: &str) -> String {
    let mut word = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.extend(c.to_lowercase());
    }
    word
}

/// Through a stream, of which `to` takes the other end.
fn put(bytes: &[u8], to: impl FnOnce(StreamReader<u8>) -> FutureReader<Result<(), ErrorCode>>) -> Answer<u64> {
    let (mut writer, reader) = wasip3::wit_stream::new();
    let end = to(reader);
    let unwritten = block_on(writer.write_all(bytes.to_vec()));
    drop(writer);
    let written = (bytes.len() - unwritten.len()) as u64;
    block_on(async { end.await }).map(|()| written).map_err(|code| (written, name(&code)))
}

impl Storage for Folder {
    type File = Descriptor;

    fn open(&self, flags: &[&str], path: &str) -> Answer<Option<Descriptor>> {
        let (mut open, mut wanted) = (OpenFlags::empty(), DescriptorFlags::READ);
        for flag in flags {
            match *flag {
                "create" => open |= OpenFlags::CREATE,
                "exclusive" => open |= OpenFlags::EXCLUSIVE,
                "truncate" => open |= OpenFlags::TRUNCATE,
                "write" => wanted |= DescriptorFlags::WRITE,
                _ => {}
            }
        }
        let opened = block_on(self.0.open_at(PathFlags::SYMLINK_FOLLOW, path.to_owned(), open, wanted));
        opened.map(Some).map_err(|code| (None, name(&code)))
    }

    fn write(&self, file: &Descriptor, offset: u64, bytes: &[u8]) -> Answer<u64> {
        put(bytes, |stream| file.write_via_stream(stream, offset))
    }

    fn stream(&self, file: &Descriptor, offset: u64, bytes: &[u8]) -> Answer<u64> {
        put(bytes, |stream| file.write_via_stream(stream, offset))
    }

    fn append(&self, file: &Descriptor, bytes: &[u8]) -> Answer<u64> {
        put(bytes, |stream| file.append_via_stream(stream))
    }

    fn set_size(&self, file: &Descriptor, bytes: u64) -> Answer<()> {
        done(file.set_size(bytes))
    }

    fn make_folder(&self, path: &str) -> Answer<()> {
        done(self.0.create_directory_at(path.to_owned()))
    }

    fn remove_folder(&self, path: &str) -> Answer<()> {
        done(self.0.remove_directory_at(path.to_owned()))
    }

    fn unlink(&self, path: &str) -> Answer<()> {
        done(self.0.unlink_file_at(path.to_owned()))
    }

    fn symlink(&self, path: &str) -> Answer<()> {
        done(self.0.symlink_at("nowhere".to_owned(), path.to_owned()))
    }

    fn link(&self, path: &str, new_path: &str) -> Answer<()> {
        done(self.0.link_at(PathFlags::empty(), path.to_owned(), &self.0, new_path.to_owned()))
    }

    fn rename(&self, path: &str, new_path: &str) -> Answer<()> {
        done(self.0.rename_at(path.to_owned(), &self.0, new_path.to_owned()))
    }
}
