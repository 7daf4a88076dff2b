// SPDX-License-Identifier: Apache-2.0
//! Whether the stack that a program calls from has room for a guest, which may use all of its own share before it calls the
//! program, which may call the next guest from there. Where there is none, the guest gets a stack of its own.

use crate::engines::WASM_STACK;

/// What is left for the program's functions when a guest has used its share.
const FOR_THE_PROGRAM: usize = 512 << 10;

/// On this thread's own stack, with enough of it left.
pub fn there_is() -> bool {
    let place = 0u8;
    let here = (&raw const place).addr();
    own_stack().is_some_and(|(begin, end)| here < end && here.saturating_sub(begin) >= WASM_STACK + FOR_THE_PROGRAM)
}

/// Where this thread's own stack lies, if that can be told. It grows down to its beginning.
#[cfg(target_os = "linux")]
fn own_stack() -> Option<(usize, usize)> {
    thread_local! {
        static STACK: Option<(usize, usize)> = ask();
    }
    STACK.with(|stack| *stack)
}

#[cfg(not(target_os = "linux"))]
fn own_stack() -> Option<(usize, usize)> {
    None
}

#[cfg(target_os = "linux")]
fn ask() -> Option<(usize, usize)> {
    // SAFETY: plain data, which the first call fills in; it is destroyed once.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) != 0 {
            return None;
        }
        let (mut begin, mut bytes) = (std::ptr::null_mut(), 0);
        let found = libc::pthread_attr_getstack(&raw const attributes, &raw mut begin, &raw mut bytes) == 0;
        libc::pthread_attr_destroy(&raw mut attributes);
        found.then(|| (begin.addr(), begin.addr() + bytes))
    }
}
