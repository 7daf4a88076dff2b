// SPDX-License-Identifier: Apache-2.0
//! Files by the standard library: `files VERB PATH`, where VERB is cat, dir, names, link, size, write, rm or mkdir. What fails is
//! `error: KIND`, and the status is 1.

use std::fs;
use std::io::Write;

fn main() {
    let args: Vec<String> = std::env::args().skip(2).collect();
    match files(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(bytes) => std::io::stdout().write_all(&bytes).expect("standard output"),
        Err(error) => {
            println!("error: {error}");
            std::process::exit(1);
        }
    }
}

/// What came of it, in the words of the standard library.
fn word<T>(result: std::io::Result<T>) -> Result<T, String> {
    result.map_err(|error| format!("{:?}", error.kind()))
}

fn files(args: &[&str]) -> Result<Vec<u8>, String> {
    Ok(match args {
        // In pieces: the C library of a component has little room beside the adapter.
        ["cat", path] => {
            word(std::io::copy(&mut word(fs::File::open(path))?, &mut std::io::stdout()))?;
            Vec::new()
        }
        ["dir", path] => {
            let mut names = Vec::new();
            for entry in word(fs::read_dir(path))? {
                let entry = word(entry)?;
                let kind = word(entry.file_type())?;
                let letter = if kind.is_dir() {
                    'd'
                } else if kind.is_symlink() {
                    'l'
                } else {
                    'f'
                };
                names.push(format!("{letter} {}\n", entry.file_name().to_string_lossy()));
            }
            names.sort();
            names.concat().into_bytes()
        }
        ["names", path] => word(fs::read_dir(path))?.count().to_string().into_bytes(),
        ["link", path] => word(fs::read_link(path))?.to_string_lossy().into_owned().into_bytes(),
        ["size", path] => word(fs::metadata(path))?.len().to_string().into_bytes(),
        ["write", path] => word(fs::write(path, b"changed")).map(|()| Vec::new())?,
        ["rm", path] => word(fs::remove_file(path)).map(|()| Vec::new())?,
        ["mkdir", path] => word(fs::create_dir(path)).map(|()| Vec::new())?,
        _ => return Err("no such verb".to_owned()),
    })
}
