// SPDX-License-Identifier: Apache-2.0
//! How a call ended, read from the engine's error: the one place that knows its types and, where it has none, its words.

use crate::call::Outcome;
use crate::limits::Limit;
use crate::pulse::End;
use berth_store::program::ProgramFailed;
use wasmtime::component::ResourceTableError;
use wasmtime::{FrameInfo, PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

fn frames(trace: &WasmBacktrace) -> Vec<String> {
    let frame = |(number, frame): (usize, &FrameInfo)| {
        let at = frame.module_offset().map(|offset| format!("{offset:#8x} - ")).unwrap_or_default();
        let function = match frame.func_name() {
            Some(name) => name.to_owned(),
            None => format!("<wasm function {}>", frame.func_index()),
        };
        format!("{number:>5}: {at}{}!{function}", frame.module().name().unwrap_or("<unknown>"))
    };
    trace.frames().iter().enumerate().map(frame).collect()
}

fn trace_of(error: &wasmtime::Error) -> Vec<String> {
    error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default()
}

/// "requested len N exceeds limit M", of `wasi:random`.
fn too_much_randomness(reason: &str) -> bool {
    reason.starts_with("requested len ") && reason.contains(" exceeds limit ")
}

/// `memory_refused`: a growth was refused during the call.
pub(crate) fn classify(error: wasmtime::Error, memory_refused: bool) -> Outcome {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Outcome::Exited(exit.0);
    }
    if let Some(end) = error.downcast_ref::<End>() {
        return (*end).into();
    }
    if let Some(limit) = error.downcast_ref::<Limit>() {
        return Outcome::Limited(*limit);
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Outcome::Limited(Limit::Places);
    }
    if let Some(failed) = error.downcast_ref::<ProgramFailed>() {
        return Outcome::Trapped { reason: failed.to_string(), trace: trace_of(&error) };
    }
    let reason = error.root_cause().to_string();
    let full = error.downcast_ref::<ResourceTableError>().is_some_and(|e| matches!(e, ResourceTableError::Full));
    if full || reason.contains("store handle limit exceeded") {
        return Outcome::Limited(Limit::Handles);
    }
    if reason.contains("fuel allocated for hostcalls") || too_much_randomness(&reason) {
        return Outcome::Limited(Limit::HostBuffers);
    }
    let trap = error.downcast_ref::<Trap>();
    match trap {
        Some(Trap::StackOverflow) => return Outcome::Limited(Limit::Stack),
        Some(Trap::OutOfFuel) => return Outcome::Limited(Limit::Fuel),
        _ => {}
    }
    // A guest that was refused memory and then fell over, or whose first memory was too large.
    if memory_refused {
        return Outcome::Limited(Limit::Memory);
    }
    let reason = trap.map_or(reason, ToString::to_string);
    let trace = trace_of(&error);
    if trap.is_none() && trace.is_empty() {
        return Outcome::Failed(format!("{error:#}"));
    }
    Outcome::Trapped { reason, trace }
}
