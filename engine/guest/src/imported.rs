// SPDX-License-Identifier: Apache-2.0
//! What a module imports that isn't WASI's: functions that the program gives which loads it. Each is linked to one that
//! calls the program's function of its number, whatever its type.

use crate::export::{self, MOST_BYTES};
use crate::live::Pace;
use crate::runtime::{Module, Runtime, Shared};
use crate::typed::Refused;
use berth_store::State;
use berth_store::linkers::is_ours;
use berth_store::program::{Answered, Program, ProgramFailed};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, InstancePre};
use wasmtime::{Error, Result, bail};

/// A function that the program has to give. Its number is its place among them.
struct Wanted {
    /// `shop:price/catalog@1.0.0`; nothing for a function of the world itself.
    interface: Option<String>,
    name: String,
    ty: ComponentFunc,
}

impl Wanted {
    fn shown(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{interface}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

fn wanted(component: &Component) -> Vec<Wanted> {
    let engine = component.engine();
    let mut found = Vec::new();
    for (name, item) in component.component_type().imports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(ty) => found.push(Wanted { interface: None, name: name.to_owned(), ty }),
            ComponentItem::ComponentInstance(instance) if !is_ours(name) => {
                for (function, item) in instance.exports(engine) {
                    if let ComponentItem::ComponentFunc(ty) = item.ty {
                        found.push(Wanted { interface: Some(name.to_owned()), name: function.to_owned(), ty });
                    }
                }
            }
            _ => {}
        }
    }
    found
}

impl Module {
    /// A JSON list of the functions that the program has to give, each described like one that the module exports.
    pub fn imported(&self) -> Result<String, Refused> {
        let mut list = String::from("[");
        for function in wanted(&self.component) {
            let described = export::describe(&function.shown(), &function.ty);
            if list.len() > 1 {
                list.push(',');
            }
            match described {
                Some(described) if list.len() + described.len() <= MOST_BYTES => list.push_str(&described),
                _ => return Err(Refused::Unsupported("the types of its imports are too large to be described".into())),
            }
        }
        list.push(']');
        Ok(list)
    }
}

impl Runtime {
    /// The module with all its imports tied to something: those that aren't WASI's to the store's program.
    pub(crate) fn with_program<'a>(&self, module: &'a Module) -> Result<&'a InstancePre<State>> {
        if let Ok(linked) = &module.linked {
            return Ok(&linked.instance);
        }
        let given = module.given.get_or_init(|| self.shared.link_program(module));
        given.as_ref().map_err(|e| Error::msg(format!("{e:#}")))
    }
}

impl Shared {
    fn link_program(&self, module: &Module) -> Result<InstancePre<State>> {
        let mut linker = self.linker(module.kind)?.clone();
        for (number, function) in wanted(&module.component).into_iter().enumerate() {
            let mut place = match &function.interface {
                Some(interface) => linker.instance(interface)?,
                None => linker.root(),
            };
            berth_values::define(&mut place, &function.name, move |state: &mut State, words| {
                let Some(program) = &state.program else { bail!("nobody gives the module its imports") };
                program.call(number, words).map(Words)
            })?;
        }
        linker.instantiate_pre(&module.component)
    }
}

/// Whoever has the functions; why one failed is told in words.
pub trait Functions: Send + Sync {
    /// As [`Program::call`].
    fn call(&self, function: usize, words: &[u64]) -> Result<Answered, String>;
}

struct Words(Answered);

// SAFETY: the promise that it was made with.
unsafe impl berth_values::Answer for Words {
    fn words(&self) -> &[u64] {
        self.0.words()
    }
}

/// A program whose functions are part of a call, and so under its limits: nothing interrupts them, but one that took
/// longer than the call has ends the call when it returns.
pub(crate) struct Paced<F> {
    pub functions: Arc<F>,
    pub pace: Arc<Pace>,
    pub ticks: Arc<AtomicU64>,
    /// At which tick the call was looked at last.
    pub seen: AtomicU64,
}

impl<F: Functions> Program for Paced<F> {
    fn call(&self, function: usize, words: &[u64]) -> wasmtime::Result<Answered> {
        let answered = self.functions.call(function, words);
        let ticks = self.ticks.load(Relaxed);
        if self.seen.load(Relaxed) != ticks {
            self.seen.store(ticks, Relaxed);
            if let Some(end) = self.pace.end() {
                return Err(end.into());
            }
        }
        answered.map_err(|why| ProgramFailed(why).into())
    }
}
