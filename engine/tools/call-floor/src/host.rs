// SPDX-License-Identifier: Apache-2.0
//! Calls from the module back to its host: a module without WASI (tests/guests/cpp/relay.cc as CALLER) calls typed Rust functions in a
//! loop of its own, directly.

use crate::quickest;
use std::time::Duration;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Result, Store, StoreContextMut};

/// Host calls in one call of the module.
const CALLS: u32 = 1000;

/// Nanoseconds of a call that makes none; of a host call with integers, and of one with a string of sixteen bytes there and
/// back.
pub fn measure(engine: &Engine, path: &str, time: Duration) -> Result<[(&'static str, f64); 3]> {
    let component = Component::from_file(engine, path)?;
    let mut linker: Linker<()> = Linker::new(engine);
    linker.root().func_wrap("add", |_: StoreContextMut<'_, ()>, (a, b): (i32, i32)| Ok((a.wrapping_add(b),)))?;
    linker.root().func_wrap("greet", |_: StoreContextMut<'_, ()>, (name,): (String,)| Ok((name,)))?;
    linker.root().func_wrap("log", |_: StoreContextMut<'_, ()>, (_,): (String,)| Ok(()))?;
    let mut store = Store::new(engine, ());
    store.set_epoch_deadline(1 << 40);
    let instance = linker.instantiate(&mut store, &component)?;
    let mut timed = |function: &str, calls: u32| -> Result<f64> {
        let function = instance.get_typed_func::<(u32,), (u32,)>(&mut store, function)?;
        let of_many = quickest(time, || function.call(&mut store, (calls,)).map(|_| ()))?;
        Ok(of_many / f64::from(calls.max(1)))
    };
    Ok([("direct", timed("adds", 0)?), ("host_add", timed("adds", CALLS)?), ("host_text", timed("greets", CALLS)?)])
}
