// SPDX-License-Identifier: Apache-2.0
//! What a store holds for its guest: the WASI contexts, the doors and the limits.

use crate::limits::Draws;
use berth_doors::{Doors, DoorsView};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

pub struct State {
    pub table: ResourceTable,
    pub wasi: WasiCtx,
    pub http: WasiHttpCtx,
    pub doors: Doors,
    pub draws: Draws,
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
