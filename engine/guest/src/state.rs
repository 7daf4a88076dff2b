// SPDX-License-Identifier: Apache-2.0
//! What a store holds for its guest: the WASI contexts, the doors and the limits.

use crate::call::{Folder, Guest};
use crate::limits::{Draws, GuardsOff, Meter};
use crate::pulse::Pulse;
use berth_doors::account::Lent;
use berth_doors::files::{FilesDoor, Guards, Phantom};
use berth_doors::net::{Common, NetDoor};
use berth_doors::stdio::Output;
use berth_doors::{Doors, DoorsView, Knock, Owner};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use wasmtime::component::ResourceTable;
use wasmtime::{Result, Store};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
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

/// A store whose fuel is counted when it goes, however the call ends.
pub(crate) struct Metered {
    pub store: Store<State>,
    pub meter: Meter,
}

impl Drop for Metered {
    fn drop(&mut self) {
        // An engine that doesn't count has no fuel to ask for.
        if let Ok(left) = self.store.get_fuel() {
            self.meter.fuel_used.store(self.meter.fuel_limit.saturating_sub(left), Relaxed);
        }
    }
}

/// What a guest is given, made real.
pub(crate) fn state(common: &Arc<Common>, guest: Guest, pulse: &Arc<Pulse>, outputs: &[Output; 2]) -> Result<State> {
    let mut folders = Vec::with_capacity(guest.folders.len());
    for Folder { host_path: host, guest_path, access, counted } in &guest.folders {
        // Without its guard a read-only grant is a writable one.
        let access = if guest.guards_off.has(GuardsOff::READ_ONLY) { FsPerms::ReadWrite } else { *access };
        let folder = FilesDoor::open_folder(host, guest_path, access, counted.clone());
        folders.push(folder.map_err(|e| wasmtime::Error::msg(format!("opening the granted folder '{host}': {e}")))?);
    }
    let off = guest.guards_off;
    let guards = Guards {
        confinement: !off.has(GuardsOff::CONFINEMENT),
        read_only: !off.has(GuardsOff::READ_ONLY),
        cross_grant: !off.has(GuardsOff::CROSS_GRANT),
        special_files: !off.has(GuardsOff::SPECIAL_FILES),
    };
    let phantom = if off.has(GuardsOff::PHANTOM) { Phantom::None } else { guest.phantom };
    let files = FilesDoor::new(folders, phantom, guest.ways, guards)?;

    let mut wasi = WasiCtxBuilder::new();
    wasi.args(&guest.args).envs(&guest.env).allow_blocking_current_thread(true);
    let random = if off.has(GuardsOff::HOST_BUFFERS) { u64::MAX } else { guest.host_buffer_bytes as u64 };
    wasi.max_random_size(random);
    let lent = Lent {
        owner: if off.has(GuardsOff::NETWORK) { Arc::new(NoOwner) } else { guest.owner.clone() },
        funds: Box::new(guest.budget),
        sent_bytes: guest.meter.net_sent_bytes,
        received_bytes: guest.meter.net_received_bytes,
        connections: guest.meter.connections,
        cpu_used_ns: guest.meter.cpu_used_ns,
        drawing: pulse.drawing.clone(),
    };
    let net = NetDoor::new(common, guest.net, lent);
    net.guard_sockets(&mut wasi);
    if guest.stdio.stdin {
        wasi.stdin(wasmtime_wasi::cli::stdin());
    }
    if guest.stdio.stdout {
        wasi.stdout(outputs[0].clone());
    }
    if guest.stdio.stderr {
        wasi.stderr(outputs[1].clone());
    }
    // A handle of `wasi:http` may hold this much, and all of them together a quarter of the guest's memory.
    let most_fields = (guest.budget.limit / 4 / guest.handles.max(1) as u64).clamp(8 << 10, 128 << 10);
    let mut http = WasiHttpCtx::new();
    if !off.has(GuardsOff::HOST_BUFFERS) {
        http.set_field_size_limit(most_fields as usize);
    }
    let mut table = ResourceTable::new();
    table.set_max_capacity(if off.has(GuardsOff::HANDLES) { usize::MAX } else { guest.handles });
    Ok(State {
        table,
        wasi: wasi.build(),
        http,
        doors: Doors { files, net, owner: guest.owner },
        draws: Draws::new(guest.budget, guest.guards_off),
    })
}

/// In a hostile test without the guard of the network: nobody is asked.
struct NoOwner;

impl Owner for NoOwner {
    fn ask(&self, _knock: &Knock<'_>) -> bool {
        true
    }
}
