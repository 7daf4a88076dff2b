// SPDX-License-Identifier: Apache-2.0
//! The threads that guests run on, and what all of them share. A lane is one thread with one event loop; a
//! call is a task on a lane, never a thread of its own.

use crate::alone::Alone;
use crate::engines::{Engines, Kind};
use crate::limits::GuardsOff;
use crate::quick_clock;
use crate::ticker::{BRIEF_PERIOD, PERIOD, Ticker};
use berth_doors::inside::Inside;
use berth_store::State;
use berth_store::linkers;
use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, Result};
use wasmtime_wasi::{p2, p3};
use wasmtime_wasi_http::p2::bindings as p2_http;
use wasmtime_wasi_http::p3::bindings as p3_http;

pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
    /// Started with the first call, or when asked to: until then this process has no thread of ours, and what it gives
    /// up by then is given up by all of them.
    lanes: OnceLock<Vec<Lane>>,
    most_lanes: usize,
    next_lane: AtomicUsize,
}

/// What calls hold on to; the lanes outlive none of them.
pub(crate) struct Shared {
    pub(crate) engines: Arc<Engines>,
    pub(crate) ticker: Ticker,
    pub(crate) alone: Arc<Alone>,
    pub(crate) net: Arc<berth_doors::net::Common>,
    linkers: [OnceLock<Linker<State>>; Kind::ALL],
}

thread_local! {
    static THIS_LANE: Cell<usize> = const { Cell::new(0) };
}

/// The number of the lane whose thread this is.
pub(crate) fn this_lane() -> usize {
    THIS_LANE.get()
}

/// Threads for what can only be waited for: reads of files that the engine hands off, streams that can't be polled.
const BLOCKING_THREADS: usize = 4;

struct Lane {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a module needs of its engine and its host: known once it is compiled.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// What its instances take on the host, beside their memories' pages and their tables' elements.
    pub instance_bytes: u64,
    /// Streams, futures and async functions of the component model (WASI 0.3).
    pub concurrency: bool,
    /// It makes error contexts, whose messages lie in the host's memory.
    pub error_contexts: bool,
}

/// A compiled component, and its imports looked up or why they can't be.
pub struct Module {
    pub(crate) component: Component,
    /// With WASI alone.
    pub(crate) linked: Result<Linked>,
    /// With a program's functions, where it needs those: made with the first instance. The second one waits for functions
    /// that answer later.
    pub(crate) given: [OnceLock<Result<InstancePre<State>>>; 2],
    pub(crate) kind: Kind,
    pub(crate) needs: Needs,
    /// An import of it may wait, so that it is called on a fiber: known once an instance was made without.
    pub(crate) waits: AtomicBool,
}

/// A component that can be instantiated.
pub(crate) struct Linked {
    pub(crate) instance: InstancePre<State>,
    /// As a program that can be run, or why it is none.
    pub(crate) command: Result<Command>,
    /// As one that answers HTTP requests, or why it is none.
    pub(crate) handler: Result<Handler>,
}

/// A module that exports `wasi:cli/run`, of either version.
pub(crate) enum Command {
    Wasi02(p2::bindings::CommandPre<State>),
    Wasi03(p3::bindings::CommandPre<State>),
}

impl Command {
    fn of(instance: &InstancePre<State>) -> Result<Self> {
        if let Ok(command) = p3::bindings::CommandPre::new(instance.clone()) {
            return Ok(Command::Wasi03(command));
        }
        let command = p2::bindings::CommandPre::new(instance.clone());
        command.map(Command::Wasi02).map_err(|_| {
            wasmtime::Error::msg(
                "it is no program: it exports no 'wasi:cli/run' of version 0.2 or 0.3; 'berth inspect' shows what it \
                 exports",
            )
        })
    }
}

/// A module that exports a handler of HTTP requests, of either version.
#[derive(Clone)]
pub(crate) enum Handler {
    Wasi02(p2_http::ProxyPre<State>),
    Wasi03(p3_http::ServicePre<State>),
}

impl Handler {
    fn of(instance: &InstancePre<State>) -> Result<Self> {
        if let Ok(handler) = p3_http::ServicePre::new(instance.clone()) {
            return Ok(Handler::Wasi03(handler));
        }
        p2_http::ProxyPre::new(instance.clone()).map(Handler::Wasi02).map_err(|_| {
            wasmtime::Error::msg(
                "it answers no HTTP requests: it exports no 'wasi:http/incoming-handler' of version 0.2 and no \
                 'wasi:http/handler' of 0.3; 'berth inspect' shows what it exports",
            )
        })
    }
}

impl Runtime {
    /// `places`: how many instances are kept room for, made in advance; 0 makes each one's when it is made.
    pub fn new(lanes: usize, places: u32, guards_off: GuardsOff) -> Self {
        let engines = Arc::new(Engines::new(places, guards_off));
        let alone = Arc::new(Alone::default());
        let (ticking, watching) = (engines.clone(), alone.clone());
        let period = if places > 0 { BRIEF_PERIOD } else { PERIOD };
        quick_clock::measure();
        let ticker = Ticker::new(period, move || {
            ticking.tick();
            quick_clock::measure();
            watching.look()
        });
        let (net, linkers) = Default::default();
        let shared = Arc::new(Shared { ticker, engines, alone, net, linkers });
        Runtime { shared, lanes: OnceLock::new(), most_lanes: lanes.max(1), next_lane: AtomicUsize::new(0) }
    }

    #[cfg(feature = "compiler")]
    /// The number that compiled images of this kind are keyed by. What a module needs is only known from its image: an
    /// engine checks by itself that an image fits it.
    pub fn compatibility(&self, kind: Kind) -> Result<u64> {
        Ok(crate::engines::compatibility(self.shared.engines.get(kind)?))
    }

    /// Takes a compiled image into memory.
    ///
    /// # Safety
    /// The bytes must be what [`Engines::compile`] gave on this machine.
    pub unsafe fn open(&self, kind: Kind, needs: Needs, image: &[u8]) -> Result<Module> {
        // SAFETY: the caller's promise is the one that the engine asks for.
        self.open_in(kind, needs, |engine| unsafe { Component::deserialize(engine, image) })
    }

    /// Maps a file that begins with a compiled image.
    ///
    /// # Safety
    /// The same, and unchanged while in use: the caller has authenticated the file over all its bytes.
    pub unsafe fn open_file(&self, kind: Kind, needs: Needs, path: &str) -> Result<Module> {
        // SAFETY: the caller's promise is the one that the engine asks for.
        self.open_in(kind, needs, |engine| unsafe { Component::deserialize_file(engine, path) })
    }

    /// In a pool, if there is one and the module's instances fit its places.
    fn open_in(&self, kind: Kind, needs: Needs, open: impl Fn(&Engine) -> Result<Component>) -> Result<Module> {
        let kind = Kind { concurrency: needs.concurrency, ..kind };
        if let Some(pooled) = self.shared.engines.pooled(kind)
            && let Ok(component) = self.shared.engines.get(pooled).and_then(&open)
        {
            return self.link(pooled, needs, component);
        }
        let component = open(self.shared.engines.get(kind)?)?;
        self.link(kind, needs, component)
    }

    fn link(&self, kind: Kind, needs: Needs, component: Component) -> Result<Module> {
        let instance = self.shared.linker(kind)?.instantiate_pre(&component);
        let linked = instance.map(|instance| {
            let (command, handler) = (Command::of(&instance), Handler::of(&instance));
            Linked { instance, command, handler }
        });
        let (given, waits) = Default::default();
        Ok(Module { component, linked, given, kind, needs, waits })
    }

    /// Starts the lanes, if they aren't yet.
    pub fn start_lanes(&self) -> io::Result<()> {
        self.lanes().map(|_| ())
    }

    fn lanes(&self) -> io::Result<&[Lane]> {
        if let Some(lanes) = self.lanes.get() {
            return Ok(lanes);
        }
        let started = (0..self.most_lanes).map(Lane::start).collect::<io::Result<_>>()?;
        Ok(self.lanes.get_or_init(|| started))
    }

    /// Puts one task on each lane: for what has a thread of its own to listen on.
    pub fn on_each_lane<F>(&self, mut task: impl FnMut(usize) -> F) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        for (number, lane) in self.lanes()?.iter().enumerate() {
            lane.handle.spawn(task(number));
        }
        Ok(())
    }

    /// From now on requests of guests to modules of this process go there. Once.
    pub fn bring_inside(&self, inside: Arc<dyn Inside>) {
        self.shared.net.bring_inside(inside);
    }

    pub fn lane_count(&self) -> usize {
        self.most_lanes
    }

    pub(crate) fn lane(&self) -> io::Result<&Handle> {
        let lanes = self.lanes()?;
        let next = self.next_lane.fetch_add(1, Ordering::Relaxed);
        Ok(&lanes[next % lanes.len()].handle)
    }
}

impl Module {
    /// Why it can't run as a command, if it can't.
    pub fn command_error(&self) -> Option<&wasmtime::Error> {
        self.command().err()
    }

    pub(crate) fn handler(&self) -> Result<&Handler> {
        let linked = self.linked.as_ref().map_err(|e| wasmtime::Error::msg(format!("{e:#}")))?;
        linked.handler.as_ref().map_err(|e| wasmtime::Error::msg(format!("{e:#}")))
    }

    pub(crate) fn command(&self) -> std::result::Result<&Command, &wasmtime::Error> {
        self.linked.as_ref()?.command.as_ref()
    }
}

impl Shared {
    /// The linker for modules of this kind, made with the first of them.
    pub(crate) fn linker(&self, kind: Kind) -> Result<&Linker<State>> {
        let slot = &self.linkers[kind.index()];
        if let Some(linker) = slot.get() {
            return Ok(linker);
        }
        let engine = self.engines.get(kind)?;
        let linker = if kind.concurrency { linkers::wasi_0_2_and_0_3(engine)? } else { linkers::wasi_0_2(engine)? };
        Ok(slot.get_or_init(|| linker))
    }
}

impl Lane {
    fn start(number: usize) -> io::Result<Self> {
        let runtime =
            Builder::new_current_thread().max_blocking_threads(BLOCKING_THREADS).enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name(format!("berth-lane-{number}")).spawn(move || {
            THIS_LANE.set(number);
            let _ = runtime.block_on(stopped);
            // A reader of standard input may be waiting for a byte that never comes.
            runtime.shutdown_background();
        })?;
        Ok(Lane { handle, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
