// SPDX-License-Identifier: Apache-2.0
//! Where machine code becomes executable. Behind its second wall a process can't make memory so, and a server takes new
//! versions of its modules there: their images lie in memory that was mapped executable before the wall went up, and that
//! only a process outside of it writes to. The engine copies an image; of the copy's code, the original's pages are put in
//! the place.

use crate::engines::Kind;
use crate::runtime::{Module, Needs, Runtime};
use rustix::mm::{MprotectFlags, MremapFlags, mprotect, mremap_fixed};
use rustix::param::page_size;
use std::cell::Cell;
use wasmtime::{CustomCodeMemory, Result, format_err};

thread_local! {
    /// The image that is being opened on this thread, if its memory is executable.
    static ORIGINAL: Cell<Option<&'static [u8]>> = const { Cell::new(None) };
}

impl Runtime {
    /// As [`Runtime::open`], of an image in memory that is executable and shared, and begins with a page. The image is
    /// in use for as long as the module is.
    ///
    /// # Safety
    /// As for [`Runtime::open`]; the memory stays mapped, and as it is, for as long as the module lives.
    pub unsafe fn open_executable(&self, kind: Kind, needs: Needs, image: &'static [u8]) -> Result<Module> {
        ORIGINAL.set(Some(image));
        // SAFETY: the caller's promise.
        let opened = unsafe { self.open(kind, needs, image) };
        ORIGINAL.set(None);
        opened
    }
}

pub(crate) struct CodeMemory;

impl CustomCodeMemory for CodeMemory {
    fn required_alignment(&self) -> usize {
        page_size()
    }

    fn publish_executable(&self, code: *const u8, len: usize) -> Result<()> {
        let flags = MprotectFlags::READ | MprotectFlags::EXEC;
        // SAFETY: whole pages of the engine's, which holds no reference that writes to them any more.
        let made = unsafe { mprotect(code.cast_mut().cast(), len, flags) };
        match (made, ORIGINAL.get()) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(original)) => map_again(original, code, len),
            (Err(error), None) => Err(error.into()),
        }
    }

    fn unpublish_executable(&self, _: *const u8, _: usize) -> Result<()> {
        // What is mapped there goes with the engine's copy.
        Ok(())
    }
}

/// Puts the original's pages where its copy's code is.
fn map_again(original: &'static [u8], code: *const u8, len: usize) -> Result<()> {
    let page = page_size();
    // SAFETY: the engine hands out its own copy, which it has made readable.
    let copied = unsafe { std::slice::from_raw_parts(code, len) };
    let begin = (0..original.len())
        .step_by(page)
        .find(|&begin| original.get(begin..begin + len) == Some(copied))
        .ok_or_else(|| format_err!("its code isn't what was handed over"))?;
    let from = original[begin..].as_ptr().cast_mut().cast();
    // SAFETY: both are whole pages; the copy's hold the same bytes, and the engine knows of no other owner. An old length of 0
    // maps shared pages once more.
    unsafe { mremap_fixed(from, 0, len.next_multiple_of(page), MremapFlags::MAYMOVE, code.cast_mut().cast())? };
    Ok(())
}
