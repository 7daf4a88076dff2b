// SPDX-License-Identifier: Apache-2.0
//! The threads that guests run on, and what all of them share. A lane is one thread with one event loop; a
//! call is a task on a lane, never a thread of its own.

use crate::alone::Alone;
use crate::engines::{self, Engines, Kind};
use crate::limits::GuardsOff;
use crate::linkers;
use crate::state::State;
use crate::ticker::Ticker;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use wasmtime::Result;
use wasmtime::component::Component;
use wasmtime_wasi::p2::bindings::CommandPre;

pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
    lanes: Vec<Lane>,
    next_lane: AtomicUsize,
}

/// What calls hold on to; the lanes outlive none of them.
pub(crate) struct Shared {
    pub(crate) engines: Arc<Engines>,
    pub(crate) ticker: Ticker,
    pub(crate) alone: Arc<Alone>,
    pub(crate) net: Arc<berth_doors::net::Common>,
}

/// Threads for what can only be waited for: reads of files that the engine hands off, streams that can't be polled.
const BLOCKING_THREADS: usize = 4;

struct Lane {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A compiled component with its imports looked up, or why they can't be.
pub struct Module {
    pub(crate) command: Result<CommandPre<State>>,
    pub(crate) kind: Kind,
    /// What its instances take on the host, beside their memories' pages and their tables' elements.
    pub(crate) instance_bytes: u64,
}

impl Runtime {
    pub fn new(lanes: usize, guards_off: GuardsOff) -> io::Result<Self> {
        let engines = Arc::new(Engines::new(guards_off));
        let alone = Arc::new(Alone::default());
        let (ticking, watching) = (engines.clone(), alone.clone());
        let lanes = (0..lanes.max(1)).map(Lane::start).collect::<io::Result<_>>()?;
        let ticker = Ticker::new(move || {
            ticking.tick();
            watching.look();
        });
        let shared = Arc::new(Shared { ticker, engines, alone, net: Arc::default() });
        Ok(Runtime { shared, lanes, next_lane: AtomicUsize::new(0) })
    }

    /// The number that compiled images of this kind are keyed by.
    pub fn compatibility(&self, kind: Kind) -> Result<u64> {
        Ok(engines::compatibility(self.shared.engines.get(kind)?))
    }

    /// Takes a compiled image into memory.
    ///
    /// # Safety
    /// The bytes must be what [`Engines::compile`] gave on this machine.
    pub unsafe fn open(&self, kind: Kind, image: &[u8], instance_bytes: u64) -> Result<Module> {
        // SAFETY: the caller's promise is the one that the engine asks for.
        let component = unsafe { Component::deserialize(self.shared.engines.get(kind)?, image)? };
        self.link(kind, component, instance_bytes)
    }

    /// Maps a file that begins with a compiled image.
    ///
    /// # Safety
    /// The same, and unchanged while in use: the caller has authenticated the file over all its bytes.
    pub unsafe fn open_file(&self, kind: Kind, path: &str, instance_bytes: u64) -> Result<Module> {
        // SAFETY: the caller's promise is the one that the engine asks for.
        let component = unsafe { Component::deserialize_file(self.shared.engines.get(kind)?, path)? };
        self.link(kind, component, instance_bytes)
    }

    fn link(&self, kind: Kind, component: Component, instance_bytes: u64) -> Result<Module> {
        let linker = linkers::wasi_0_2(self.shared.engines.get(kind)?)?;
        let command = linker.instantiate_pre(&component).and_then(CommandPre::new);
        Ok(Module { command, kind, instance_bytes })
    }

    pub(crate) fn lane(&self) -> &Handle {
        let next = self.next_lane.fetch_add(1, Ordering::Relaxed);
        &self.lanes[next % self.lanes.len()].handle
    }
}

impl Module {
    /// Why it can't run as a command, if it can't.
    pub fn command_error(&self) -> Option<&wasmtime::Error> {
        self.command.as_ref().err()
    }
}

impl Lane {
    fn start(number: usize) -> io::Result<Self> {
        let runtime =
            Builder::new_current_thread().max_blocking_threads(BLOCKING_THREADS).enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name(format!("berth-lane-{number}")).spawn(move || {
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
