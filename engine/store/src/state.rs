// SPDX-License-Identifier: Apache-2.0
//! What a store holds for its guest: the WASI contexts, the doors, the limits and the fuel.

use crate::limits::Draws;
use crate::program::Program;
use berth_doors::{Doors, DoorsView};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use wasmtime::component::ResourceTable;
use wasmtime::{AsContext, AsContextMut, Result, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

pub struct State {
    pub table: ResourceTable,
    pub wasi: WasiCtx,
    pub http: WasiHttpCtx,
    pub doors: Doors,
    pub draws: Draws,
    pub fuel: Fuel,
    /// What a program gives to the module beside WASI.
    pub program: Option<Arc<dyn Program>>,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.doors.net.http, table: &mut self.table, ctx: &mut self.http }
    }
}

impl DoorsView for State {
    fn doors(&mut self) -> &mut Doors {
        &mut self.doors
    }
}

/// What a guest was given of fuel, and where it is counted.
pub struct Fuel {
    pub limit: u64,
    pub filled: u64,
    pub used: &'static AtomicU64,
}

/// Gives a guest the fuel for a call, with what is left of the calls beside it, and has it looked at within a tick.
pub fn fill(mut store: impl AsContextMut<Data = State>, beside: bool) -> Result<()> {
    let mut store = store.as_context_mut();
    // An engine that doesn't count has no fuel to ask for.
    if let Ok(left) = store.get_fuel() {
        let fuel = &mut store.data_mut().fuel;
        let full = fuel.limit.saturating_add(if beside { left } else { 0 });
        fuel.filled = fuel.filled.saturating_add(full - left.min(full));
        store.set_fuel(full)?;
    }
    store.set_epoch_deadline(1);
    Ok(())
}

/// What the guest has used of fuel until now goes to its meter.
pub fn count_fuel(store: impl AsContext<Data = State>) {
    let store = store.as_context();
    if let Ok(left) = store.get_fuel() {
        let fuel = &store.data().fuel;
        fuel.used.store(fuel.filled.saturating_sub(left), Relaxed);
    }
}

/// A store whose fuel is counted when it goes, however the call ends.
pub struct Metered(pub Store<State>);

impl Drop for Metered {
    fn drop(&mut self) {
        count_fuel(&self.0);
    }
}
