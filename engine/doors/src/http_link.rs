// SPDX-License-Identifier: Apache-2.0
//! `wasi:http/types.http-error-code` of 0.2: the engine's own looks for another type than the one that a body's
//! stream fails with, and so never finds a code.

use crate::http_error::wit_code;
use wasmtime::component::{Linker, Resource};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::WasiView;
use wasmtime_wasi_http::Error;
use wasmtime_wasi_http::p2::bindings::http::types::{
    DnsErrorPayload, ErrorCode, FieldSizePayload, TlsAlertReceivedPayload,
};

/// The engine's `wasi:http`, whose version it is.
const TYPES: &str = "wasi:http/types@0.2.12";

/// Takes the place of the engine's function: call it after the engine's `wasi:http` was linked.
pub fn link_error_code<T: WasiView>(linker: &mut Linker<T>) -> Result<()> {
    linker.allow_shadowing(true);
    linker.instance(TYPES)?.func_wrap(
        "http-error-code",
        |mut store: StoreContextMut<'_, T>, (error,): (Resource<wasmtime::Error>,)| {
            let error = store.data_mut().ctx().table.get(&error)?;
            let code = error.downcast_ref::<Error>().map(code_of);
            Ok((code.or_else(|| error.downcast_ref::<ErrorCode>().cloned()),))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// The door's error as 0.2 has it.
fn code_of(error: &Error) -> ErrorCode {
    wit_code!(error)
}
