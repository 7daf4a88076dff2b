// SPDX-License-Identifier: Apache-2.0
//! What a guest is given, made real: the state of its store.

use crate::call::{Folder, Guest};
use crate::limits::{Draws, GuardsOff};
use crate::pulse::Pulse;
use berth_doors::account::Lent;
use berth_doors::activity::ActivityDoor;
use berth_doors::content::{self, ContentDoor};
use berth_doors::files::{FilesDoor, Guards, Phantom};
use berth_doors::net::{Common, NetDoor};
use berth_doors::stdio::Output;
use berth_doors::{Doors, Knock, Owner};
use berth_store::{Fuel, State};
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};
use wasmtime_wasi_http::WasiHttpCtx;

pub(crate) fn state(common: &Arc<Common>, guest: &Guest, pulse: &Arc<Pulse>, outputs: &[Output; 2]) -> Result<State> {
    let off = guest.guards_off;
    let lent = Lent {
        owner: if off.has(GuardsOff::NETWORK) { Arc::new(NoOwner) } else { guest.owner.clone() },
        funds: Box::new(guest.budget),
        sent_bytes: pulse.meter.net_sent_bytes,
        received_bytes: pulse.meter.net_received_bytes,
        connections: pulse.meter.connections,
        cpu_used_ns: pulse.meter.cpu_used_ns,
        drawing: pulse.drawing.clone(),
    };
    let mut net = NetDoor::new(common, guest.net.clone(), lent);
    let bounds =
        content::Guards { most_open: !off.has(GuardsOff::CONTENT_OPEN), memory: !off.has(GuardsOff::CONTENT_MEMORY) };
    let content = ContentDoor::new(guest.content.clone(), net.guard.account().clone(), bounds);
    net.http.give_content(content.clone());

    let mut folders = Vec::with_capacity(guest.folders.len());
    for Folder { host_path: host, content: shown, guest_path, access, counted } in &guest.folders {
        if let Some(shown) = shown {
            folders.push(FilesDoor::open_content(shown, guest_path, content.clone())?);
            continue;
        }
        // Without its guard a read-only grant is a writable one.
        let access = if guest.guards_off.has(GuardsOff::READ_ONLY) { FsPerms::ReadWrite } else { *access };
        let folder = FilesDoor::open_folder(host, guest_path, access, counted.clone());
        folders.push(folder.map_err(|e| wasmtime::Error::msg(format!("opening the granted folder '{host}': {e}")))?);
    }
    let guards = Guards {
        confinement: !off.has(GuardsOff::CONFINEMENT),
        read_only: !off.has(GuardsOff::READ_ONLY),
        cross_grant: !off.has(GuardsOff::CROSS_GRANT),
        special_files: !off.has(GuardsOff::SPECIAL_FILES),
    };
    let phantom = if off.has(GuardsOff::PHANTOM) { Phantom::None } else { guest.phantom };
    let mut files = FilesDoor::new(folders, phantom, guest.ways, guards)?;
    files.asks_each = guest.files_asked;

    let mut wasi = WasiCtxBuilder::new();
    wasi.args(&guest.args).envs(&guest.env).allow_blocking_current_thread(true);
    let random = if off.has(GuardsOff::HOST_BUFFERS) { u64::MAX } else { guest.host_buffer_bytes as u64 };
    wasi.max_random_size(random);
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
        doors: Doors {
            files,
            net,
            content,
            activity: ActivityDoor(guest.activity.clone()),
            owner: guest.owner.clone(),
        },
        draws: Draws::new(guest.budget, guest.guards_off),
        fuel: Fuel { limit: pulse.meter.fuel_limit, filled: 0, used: pulse.meter.fuel_used },
        program: None,
    })
}

/// In a hostile test without the guard of the network: nobody is asked.
struct NoOwner;

impl Owner for NoOwner {
    fn ask(&self, _knock: &Knock<'_>) -> bool {
        true
    }
}
