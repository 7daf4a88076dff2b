// SPDX-License-Identifier: Apache-2.0
//! The engine's configurations, made when first needed: component-model async costs every call, and fuel
//! every instruction, so a module gets an engine with just what it needs. A look at the clock costs each loop and
//! each function of the guest, a fifth of the time of some: a guest that has the process for itself goes without.

use crate::limits::GuardsOff;
use crate::pool;
use crate::stacks::Stacks;
use std::sync::{Arc, OnceLock};
use wasmtime::{Config, Engine, Result};

/// One of the engine's configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Streams, futures and async functions of the component model (WASI 0.3): as the module's types need it.
    pub concurrency: bool,
    /// Counting instructions.
    pub fuel: bool,
    /// The guest has this process for itself, which ends when a limit of time ends the guest: its code isn't
    /// interrupted, and shares its thread with nobody.
    pub alone: bool,
    /// Instances are made in places that are kept ready ([`crate::pool`]). Changes nothing in compiled images.
    pub pooled: bool,
}

impl Kind {
    pub(crate) const ALL: usize = 16;

    /// Below [`Kind::ALL`].
    pub(crate) fn index(self) -> usize {
        usize::from(self.concurrency)
            + 2 * usize::from(self.fuel)
            + 4 * usize::from(self.alone)
            + 8 * usize::from(self.pooled)
    }
}

/// Host stack that guest code may use before it traps; the fiber holds it and the host's own frames.
pub const WASM_STACK: usize = 1 << 20;
const FIBER_STACK: usize = 2 << 20;

#[derive(Default)]
pub struct Engines {
    made: [OnceLock<Engine>; Kind::ALL],
    /// How many instances of components a pool has places for.
    places: u32,
    guards_off: GuardsOff,
}

impl Engines {
    pub fn new(places: u32, guards_off: GuardsOff) -> Self {
        Engines { places, guards_off, ..Engines::default() }
    }

    /// The kind whose instances are made in a pool, where this one's are and there is one.
    pub(crate) fn pooled(&self, kind: Kind) -> Option<Kind> {
        // Guests with many stacks pay for them, which those of a pool can't be told.
        (self.places > 0 && !kind.alone && !kind.concurrency).then_some(Kind { pooled: true, ..kind })
    }

    pub fn get(&self, kind: Kind) -> Result<&Engine> {
        let slot = &self.made[kind.index()];
        if let Some(engine) = slot.get() {
            return Ok(engine);
        }
        let engine = Engine::new(&config(kind, self.places, self.guards_off))?;
        Ok(slot.get_or_init(|| engine))
    }

    #[cfg(feature = "compiler")]
    /// Compiles a component to an image, which [`crate::Runtime::open`] opens.
    pub fn compile(&self, kind: Kind, component: &[u8]) -> Result<Vec<u8>> {
        self.get(kind)?.precompile_component(component)
    }

    /// Every running guest of every engine made so far gets looked at.
    pub fn tick(&self) {
        for engine in self.made.iter().filter_map(OnceLock::get) {
            engine.increment_epoch();
        }
    }
}

#[cfg(feature = "compiler")]
/// What compiled images of this engine are keyed by: two engines with the same number load each other's.
pub fn compatibility(engine: &Engine) -> u64 {
    // The default hasher has fixed keys; another release of the compiler may change it, which costs a
    // compilation and nothing else.
    use std::hash::{Hash, Hasher};
    let mut hasher = std::hash::DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

fn config(kind: Kind, places: u32, guards_off: GuardsOff) -> Config {
    // Without its guard a guest's stack takes as much memory as it likes.
    let stack = if guards_off.has(GuardsOff::STACK) { 512 * WASM_STACK } else { WASM_STACK };
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(!kind.alone)
        .consume_fuel(kind.fuel)
        .concurrency_support(kind.concurrency)
        .wasm_component_model_async(kind.concurrency)
        .wasm_component_model_error_context(kind.concurrency)
        // The limiter isn't asked for shared memories, so there are none.
        .shared_memory(false)
        .wasm_memory64(true)
        .wasm_gc(true)
        .wasm_exceptions(true)
        .max_wasm_stack(stack)
        .async_stack_size(stack + (FIBER_STACK - WASM_STACK));
    if kind.concurrency {
        config.with_host_stack(Arc::new(Stacks));
    }
    if kind.pooled {
        config.allocation_strategy(pool::of(places));
    }
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    config.with_custom_code_memory(Some(Arc::new(crate::code_memory::CodeMemory)));
    config
}
