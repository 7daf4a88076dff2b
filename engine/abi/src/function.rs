// SPDX-License-Identifier: Apache-2.0
//! The exports for a module's functions: what there is, and a text that names one and gives its arguments.

use crate::berth_module;
use crate::boundary::{Failure, INVALID_ARGUMENT, INVALID_MODULE, NOT_FOUND, UNSUPPORTED, guarded, owned, text};
use crate::plain;
use crate::types::{berth_bytes, berth_slice};
use ::berth_guest::{Function, Notation, Refused};
use std::sync::Arc;

/// A module's function with the values for its parameters. Any thread.
pub struct berth_function(pub(crate) Arc<Function>);

fn failure(refused: Refused) -> Failure {
    match refused {
        Refused::Unknown(name) => Failure::new(NOT_FOUND, name),
        Refused::Wrong(lines) => Failure::lines(INVALID_ARGUMENT, &lines),
        Refused::Unsupported(lines) => Failure::lines(UNSUPPORTED, &lines),
        Refused::Unlinked(why) => Failure::new(INVALID_MODULE, why),
    }
}

/// The functions that a module exports: `name: func(a: s32) -> s32`, each closed by a newline. It is an error that it has imports that
/// aren't WASI's, unless a program gives it those. *Own* `out`. Any thread.
///
/// # Safety
/// *Borrow* `module`; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_module_functions(
    module: *const berth_module,
    with_program: bool,
    out: *mut berth_bytes,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let functions = unsafe { &*module }.0.functions(with_program).map_err(failure)?;
        let lines: String = functions.iter().map(|line| plain::one_line(line) + "\n").collect();
        // SAFETY: the caller's promise.
        unsafe { out.write(owned(lines.into_bytes())) };
        Ok(())
    })
}

/// Reads `name(arguments)`, the arguments in WAVE, and checks it against the module's types; nothing is instantiated.
/// The result will be JSON if `json`, else WAVE. Of an error "not found" the message is the name; others may be of
/// several lines. *Own* `out`. Any thread.
///
/// # Safety
/// *Borrow* `module`; `call` is readable; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_function_new(
    module: *const berth_module,
    call: berth_slice,
    json: bool,
    out: *mut *mut berth_function,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        // SAFETY: the caller's promise.
        let (module, call) = unsafe { (&*module, text(call, "the call")?) };
        let notation = if json { Notation::Json } else { Notation::Wave };
        let function = module.0.function(&call, notation).map_err(failure)?;
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(Box::new(berth_function(Arc::new(function))))) };
        Ok(())
    })
}

/// *Own* `function`; null is fine. Calls of it go on.
///
/// # Safety
/// `function` came from `berth_function_new` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_function_free(function: *mut berth_function) {
    if !function.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(function) });
    }
}
