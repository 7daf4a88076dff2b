// SPDX-License-Identifier: Apache-2.0
//! What makes, removes or renames files, and is entered where the folder is counted: looked at, done and entered while
//! nobody else enters anything.

use crate::beneath::{self, Manner, Opened, Stop};
use crate::ledger::{Books, Counted, Hold};
use crate::records::{Inode, Key};
use rustix::fs::{self as rfs, AtFlags, OFlags, Stat};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd};

/// A folder on this machine, and a name in it.
pub type Named<'a> = (BorrowedFd<'a>, &'a str);

/// As [`beneath::open`].
pub fn open(
    counted: Option<&Counted>,
    dir: BorrowedFd<'_>,
    path: &str,
    flags: OFlags,
    manner: Manner,
) -> Result<(Opened, Option<Hold>), Stop> {
    let Some(counted) = counted else { return Ok((beneath::open(dir, path, flags, manner)?, None)) };
    let mut books = counted.books();
    // What is there is opened as it is, and cut off once its size is known.
    let cautious = flags - OFlags::TRUNC;
    let looked = if flags.contains(OFlags::EXCL) {
        Err(Errno::NOENT.into())
    } else {
        beneath::open(dir, path, cautious - OFlags::CREATE, manner)
    };
    let opened = match looked {
        Err(Stop::Os(e)) if e.kind() == std::io::ErrorKind::NotFound && flags.contains(OFlags::CREATE) => {
            create(&mut books, dir, path, cautious, manner)?
        }
        opened => opened?,
    };
    if opened.is_folder {
        return Ok((opened, None));
    }
    let hold = counted.hold(&mut books, &rfs::fstat(&opened.file)?);
    let cut = if flags.contains(OFlags::TRUNC) { cut_off(&mut books, &opened, hold.record()) } else { Ok(()) };
    drop(books);
    cut?;
    Ok((opened, Some(hold)))
}

fn create(
    books: &mut Books<'_>,
    dir: BorrowedFd<'_>,
    path: &str,
    flags: OFlags,
    manner: Manner,
) -> Result<Opened, Stop> {
    let room = books.room_for_file();
    if room.is_err() {
        // Without room it can still be said what else is wrong.
        match beneath::open(dir, path, flags - OFlags::CREATE - OFlags::EXCL, manner) {
            Ok(_) => return Err(Errno::EXIST.into()),
            Err(Stop::Os(e)) if e.kind() == std::io::ErrorKind::NotFound => room?,
            Err(stop) => return Err(stop),
        }
    }
    let opened = beneath::open(dir, path, flags, manner)?;
    books.made_file();
    Ok(opened)
}

fn cut_off(books: &mut Books<'_>, opened: &Opened, file: Key) -> rustix::io::Result<()> {
    rfs::ftruncate(&opened.file, 0)?;
    books.sized(file, 0);
    Ok(())
}

/// Makes a file of another kind.
pub fn make(counted: Option<&Counted>, make: impl FnOnce() -> rustix::io::Result<()>) -> rustix::io::Result<()> {
    let Some(counted) = counted else { return make() };
    let mut books = counted.books();
    books.room_for_file()?;
    make()?;
    books.made_file();
    Ok(())
}

pub fn remove(counted: Option<&Counted>, (folder, name): Named<'_>, flags: AtFlags) -> rustix::io::Result<()> {
    let remove = || rfs::unlinkat(folder, name, flags);
    let Some(counted) = counted else { return remove() };
    let mut books = counted.books();
    let was = look((folder, name));
    remove()?;
    was.iter().for_each(|stat| books.unnamed(stat));
    Ok(())
}

pub fn link(counted: Option<&Counted>, from: Named<'_>, to: Named<'_>) -> rustix::io::Result<()> {
    let link = || rfs::linkat(from.0, from.1, to.0, to.1, AtFlags::empty());
    let Some(counted) = counted else { return link() };
    let mut books = counted.books();
    let what = look(from);
    if what.is_some() && look(to).is_none() {
        books.room_for_name()?;
    }
    link()?;
    what.iter().for_each(|stat| books.named(stat));
    Ok(())
}

pub fn rename(counted: Option<&Counted>, from: Named<'_>, to: Named<'_>) -> rustix::io::Result<()> {
    let rename = || rfs::renameat(from.0, from.1, to.0, to.1);
    let Some(counted) = counted else { return rename() };
    let mut books = counted.books();
    let (what, over) = (look(from), look(to));
    rename()?;
    // Two names of one file stay what they are.
    let same = what.is_some_and(|what| over.is_some_and(|over| Inode::of(&what) == Inode::of(&over)));
    over.iter().filter(|_| !same).for_each(|stat| books.unnamed(stat));
    Ok(())
}

fn look((folder, name): Named<'_>) -> Option<Stat> {
    rfs::statat(folder.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW).ok()
}
