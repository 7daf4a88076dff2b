// SPDX-License-Identifier: Apache-2.0
//! Tries to store far more than any quota of a test, in one way. The exit status is 0 when there was no room any more,
//! also when it is asked again, and 1 when it came through with all of it.

use crate::script::{Answer, Storage};

const BYTES: u64 = 48 << 20;
/// More than a volume holds unless its grant says so; in files that a system with a bound of its own lets be.
const MUCH: u64 = 80 << 20;
const FILE_OF_MUCH: u64 = 8 << 20;
const PIECE: u64 = 32 << 10;
const FILES: u64 = 2_000;
const TRIES: u64 = 100;
const NO_ROOM: &str = "insufficient-space";

pub fn hoard<S: Storage>(storage: &S, way: &str) -> i32 {
    let mut refused = 0;
    let mut files = Vec::new();
    let bytes = if way == "much" { MUCH } else { BYTES };
    for step in 0..FILES.max(bytes / PIECE) {
        match take(storage, way, step, &mut files) {
            Ok(true) => return 1,
            Ok(false) if refused > 0 && !gives_room(way) => return 1,
            Ok(false) => {}
            Err(why) if why == NO_ROOM => refused += 1,
            Err(why) => {
                println!("{why}");
                return 2;
            }
        }
        if refused == TRIES {
            return 0;
        }
    }
    1
}

/// Ways whose pieces differ in size: behind one that was refused a smaller one may fit.
fn gives_room(way: &str) -> bool {
    way == "halves"
}

/// One more piece; whether that was the last.
fn take<S: Storage>(storage: &S, way: &str, step: u64, files: &mut Vec<S::File>) -> Result<bool, String> {
    let name = format!("{}-{step}", "n".repeat(100));
    let piece = vec![b'x'; PIECE as usize];
    let made = |flags: &[&str], path: &str| plain(storage.open(flags, path)).map(|file| file.expect("an open file"));
    let (create, fresh) = (["create", "write"], ["create", "exclusive", "write"]);
    match way {
        "append" => {
            let file = made(&create, "hoard")?;
            plain(storage.append(&file, &piece))?;
        }
        "much" => {
            let file = made(&create, &format!("hoard-{}", step * PIECE / FILE_OF_MUCH))?;
            plain(storage.append(&file, &piece))?;
            return Ok((step + 1) * PIECE >= MUCH);
        }
        "offset" => {
            let file = made(&create, "hoard")?;
            plain(storage.write(&file, (step + 1) * PIECE, b"x"))?;
        }
        "halves" => {
            let file = made(&create, "hoard")?;
            plain(storage.stream(&file, BYTES >> (step % 8), b"x"))?;
        }
        "truncate" => {
            let file = made(&create, "hoard")?;
            plain(storage.set_size(&file, (step + 1) * PIECE))?;
        }
        // Many at once, each of which sees that there is room.
        "streams" => {
            if files.len() < 64 {
                files.push(made(&create, &format!("hoard-{step}"))?);
                return Ok(false);
            }
            plain(storage.append(&files[step as usize % files.len()], &piece))?;
        }
        // Its bytes are still there, though it has no name.
        "deleted" => {
            let file = made(&create, "hoard")?;
            plain(storage.unlink("hoard"))?;
            files.push(file);
            plain(storage.append(&files[files.len() - 1], &piece))?;
            return Ok(files.len() as u64 * PIECE >= BYTES / 16);
        }
        "links" => {
            drop(made(&create, "hoard")?);
            plain(storage.link("hoard", &name))?;
        }
        "files" => drop(made(&fresh, &name)?),
        "folders" => plain(storage.make_folder(&name))?,
        "symlinks" => plain(storage.symlink(&name))?,
        _ => return Err(format!("no way to hoard: {way}")),
    }
    Ok(way != "links" && way != "files" && way != "folders" && way != "symlinks" && (step + 1) * PIECE >= BYTES)
}

fn plain<T>(answer: Answer<T>) -> Result<T, String> {
    answer.map_err(|(_, why)| why)
}
