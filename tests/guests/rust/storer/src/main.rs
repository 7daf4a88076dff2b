// SPDX-License-Identifier: Apache-2.0
//! Stores what a script says, over WASI 0.2, or as much as it can: `storer < SCRIPT`, `storer hoard WAY`. For tests of
//! what is counted.

mod hoard;
mod script;

use script::{Answer, Storage, follow};
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags, filesystem_error_code};
use wasip2::io::streams::{OutputStream, StreamError};

struct Folder(Descriptor);

fn done<T>(result: Result<T, ErrorCode>) -> Answer<()> {
    result.map(|_| ()).map_err(|code| ((), name(code)))
}

fn name(code: ErrorCode) -> String {
    code.name().to_owned()
}

fn why(error: StreamError) -> String {
    match error {
        StreamError::Closed => "closed".to_owned(),
        StreamError::LastOperationFailed(error) => filesystem_error_code(&error).map_or("unknown".to_owned(), name),
    }
}

fn put(stream: Result<OutputStream, ErrorCode>, bytes: &[u8]) -> Answer<u64> {
    let stream = stream.map_err(|code| (0, name(code)))?;
    let mut written = 0;
    for piece in bytes.chunks(4096) {
        stream.blocking_write_and_flush(piece).map_err(|error| (written, why(error)))?;
        written += piece.len() as u64;
    }
    Ok(written)
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
        let opened = self.0.open_at(PathFlags::SYMLINK_FOLLOW, path, open, wanted);
        opened.map(Some).map_err(|code| (None, name(code)))
    }

    fn write(&self, file: &Descriptor, offset: u64, bytes: &[u8]) -> Answer<u64> {
        file.write(bytes, offset).map_err(|code| (0, name(code)))
    }

    fn stream(&self, file: &Descriptor, offset: u64, bytes: &[u8]) -> Answer<u64> {
        put(file.write_via_stream(offset), bytes)
    }

    fn append(&self, file: &Descriptor, bytes: &[u8]) -> Answer<u64> {
        put(file.append_via_stream(), bytes)
    }

    fn set_size(&self, file: &Descriptor, bytes: u64) -> Answer<()> {
        done(file.set_size(bytes))
    }

    fn make_folder(&self, path: &str) -> Answer<()> {
        done(self.0.create_directory_at(path))
    }

    fn remove_folder(&self, path: &str) -> Answer<()> {
        done(self.0.remove_directory_at(path))
    }

    fn unlink(&self, path: &str) -> Answer<()> {
        done(self.0.unlink_file_at(path))
    }

    fn symlink(&self, path: &str) -> Answer<()> {
        done(self.0.symlink_at("nowhere", path))
    }

    fn link(&self, path: &str, new_path: &str) -> Answer<()> {
        done(self.0.link_at(PathFlags::empty(), path, &self.0, new_path))
    }

    fn rename(&self, path: &str, new_path: &str) -> Answer<()> {
        done(self.0.rename_at(path, &self.0, new_path))
    }
}

fn main() {
    let data = get_directories().into_iter().find(|(_, path)| path == "/data");
    let data = Folder(data.expect("a grant called /data").0);
    match std::env::args().nth(2) {
        Some(way) => std::process::exit(hoard::hoard(&data, &way)),
        None => follow(&data),
    }
}
