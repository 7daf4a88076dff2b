// SPDX-License-Identifier: Apache-2.0
//! What a guest's imports are tied to: every interface that berth knows, granted or not. What isn't granted
//! fails when it is used.

use crate::state::State;
use berth_doors::{Door, Through};
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime::{Engine, Result};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, io, random, sockets};
use wasmtime_wasi::p3;
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView};
use wasmtime_wasi_http::p3::bindings::http;
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};

/// The packages whose interfaces are berth's: nobody else gives one of them.
const OURS: [&str; 7] = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];

/// Packages of berth's own.
const BERTHS: [&str; 2] = ["berth:activity/", "berth:content/"];

/// Whether an interface is of a package that is linked here: `wasi:io/streams@0.2.6`.
pub fn is_ours(interface: &str) -> bool {
    let package = interface.strip_prefix("wasi:").and_then(|rest| rest.split('/').next());
    package.is_some_and(|package| OURS.contains(&package))
        || BERTHS.iter().any(|package| interface.starts_with(package))
}

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

fn door(state: &mut State) -> Door<'_, State> {
    Door(state)
}

/// All of WASI 0.2 for calls on a fiber.
pub fn wasi_0_2(engine: &Engine) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;

    io::error::add_to_linker::<State, Io>(l, |s| s.ctx().table)?;
    io::poll::add_to_linker::<State, Io>(l, |s| s.ctx().table)?;
    io::streams::add_to_linker::<State, Io>(l, |s| s.ctx().table)?;

    clocks::wall_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    random::random::add_to_linker::<State, WasiRandom>(l, wasmtime_wasi::random::WasiRandomView::random)?;
    random::insecure::add_to_linker::<State, WasiRandom>(l, wasmtime_wasi::random::WasiRandomView::random)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(l, wasmtime_wasi::random::WasiRandomView::random)?;

    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;

    filesystem::preopens::add_to_linker::<State, Through<State>>(l, door)?;
    filesystem::types::add_to_linker::<State, Through<State>>(l, door)?;

    sockets::tcp::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::udp::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::udp_create_socket::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::instance_network::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::network::add_to_linker::<State, WasiSockets>(
        l,
        &sockets::network::LinkOptions::default(),
        State::sockets,
    )?;
    sockets::ip_name_lookup::add_to_linker::<State, Through<State>>(l, door)?;

    berth_doors::sockets::link_0_2(l)?;

    wasmtime_wasi_http::p2::add_only_http_to_linker_async(l)?;
    berth_doors::http_link::link_error_code(l)?;

    berth_doors::content2::link(l)?;
    berth_doors::activity::link(l)?;
    Ok(linker)
}

/// WASI 0.2 and 0.3 side by side, for engines with concurrency: a module may import some of each.
pub fn wasi_0_2_and_0_3(engine: &Engine) -> Result<Linker<State>> {
    use p3::bindings::{filesystem, sockets};
    let mut linker = wasi_0_2(engine)?;
    let l = &mut linker;

    p3::cli::add_to_linker(l)?;
    p3::clocks::add_to_linker(l)?;
    p3::random::add_to_linker(l)?;

    filesystem::preopens::add_to_linker::<State, Through<State>>(l, door)?;
    filesystem::types::add_to_linker::<State, Through<State>>(l, door)?;

    sockets::types::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<State, Through<State>>(l, door)?;

    berth_doors::sockets::link_0_3(l)?;

    http::types::add_to_linker::<State, WasiHttp>(l, State::http)?;
    berth_doors::http3::link_client(l)?;

    berth_doors::content3::link(l)?;
    Ok(linker)
}
