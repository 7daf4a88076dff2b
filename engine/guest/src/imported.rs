// SPDX-License-Identifier: Apache-2.0
//! What a module imports that isn't WASI's: functions and resources that the program gives which loads it. Each function
//! is linked to one that calls the program's function of its number, whatever its type.

use crate::export::{self, MOST_BYTES, Names};
use crate::pace::Pace;
use crate::runtime::{Module, Runtime, Shared};
use crate::typed::Refused;
use berth_store::State;
use berth_store::linkers::is_ours;
use berth_store::program::{self, Answered, Begun, Program, ProgramFailed};
use berth_values::{Channels, Waiter, program_resource};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, InstancePre};
use wasmtime::{Error, Result};

/// What the program has to give.
struct Wanted {
    /// `shop:price/catalog@1.0.0`; nothing for what the world itself imports.
    interface: Option<String>,
    name: String,
    what: What,
}

enum What {
    /// Its number is its place among the functions.
    Function(ComponentFunc),
    Resource,
}

impl Wanted {
    fn of(interface: Option<&str>, name: &str, item: ComponentItem, names: &Names) -> Option<Self> {
        let mut made = Wanted { interface: interface.map(str::to_owned), name: name.to_owned(), what: What::Resource };
        match item {
            ComponentItem::ComponentFunc(ty) => made.what = What::Function(ty),
            // Other interfaces may use it, each under a name of its own.
            ComponentItem::Resource(ty) if names.of_resource(&ty) == Some(&made.shown()) => {}
            _ => return None,
        }
        Some(made)
    }

    fn shown(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{interface}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

fn wanted(component: &Component, names: &Names) -> Vec<Wanted> {
    let engine = component.engine();
    let mut found = Vec::new();
    for (name, item) in component.component_type().imports(engine) {
        match item.ty {
            ComponentItem::ComponentInstance(_) if is_ours(name) => {}
            ComponentItem::ComponentInstance(instance) => {
                let items = instance.exports(engine);
                found.extend(items.filter_map(|(item, ty)| Wanted::of(Some(name), item, ty.ty, names)));
            }
            item => found.extend(Wanted::of(None, name, item, names)),
        }
    }
    found
}

impl Module {
    /// A JSON list of what the program has to give: functions, described like one that the module exports, and resources,
    /// `{"resource": "shop:price/carts@1.0.0.cart"}`.
    pub fn imported(&self) -> Result<String, Refused> {
        let names = Names::of(&self.component);
        let mut list = String::from("[");
        for wanted in wanted(&self.component, &names) {
            let described = match &wanted.what {
                What::Function(ty) => export::describe(&wanted.shown(), ty, &names),
                What::Resource => export::describe_resource(&wanted.shown()),
            };
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
    /// The module with all its imports tied to something: those that aren't WASI's to the store's program. `waits`: so that
    /// the guest waits for functions that answer later, on a fiber.
    pub(crate) fn with_program<'a>(&self, module: &'a Module, waits: bool) -> Result<&'a InstancePre<State>> {
        if let Ok(linked) = &module.linked {
            return Ok(&linked.instance);
        }
        let given = module.given[usize::from(waits)].get_or_init(|| self.shared.link_program(module, waits));
        given.as_ref().map_err(|e| Error::msg(format!("{e:#}")))
    }
}

impl Shared {
    fn link_program(&self, module: &Module, waits: bool) -> Result<InstancePre<State>> {
        let mut linker = self.linker(module.kind)?.clone();
        let mut functions = 0..;
        for wanted in wanted(&module.component, &Names::of(&module.component)) {
            let mut place = match &wanted.interface {
                Some(interface) => linker.instance(interface)?,
                None => linker.root(),
            };
            match wanted.what {
                What::Function(ty) => {
                    let number = functions.next().unwrap_or(usize::MAX);
                    let name = &wanted.name;
                    let begin = move |state: &mut State, words: &[u64]| {
                        program(state)?.call(number, words).map(|answered| answered.map(Words))
                    };
                    if ty.async_() {
                        berth_values::define_concurrent(&mut place, name, move |state, words| {
                            begun(program(state)?.begin(number, words))
                        })?;
                    } else if waits {
                        berth_values::define_waiting(&mut place, name, begin, poll)?;
                    } else {
                        berth_values::define(&mut place, name, module.kind.concurrency, move |state, words| {
                            begin(state, words)?
                                .ok_or_else(|| Error::msg("a function that answers later, and nobody waits"))
                        })?;
                    }
                }
                What::Resource => place.resource(&wanted.name, program_resource(), |mut store, number| {
                    program(store.data_mut())?.drop_resource(number);
                    Ok(())
                })?,
            }
        }
        linker.instantiate_pre(&module.component)
    }
}

fn program(state: &State) -> Result<&Arc<dyn Program>> {
    state.program.as_ref().ok_or_else(|| Error::msg("nobody gives the module its imports"))
}

fn begun(begun: Result<Begun>) -> Result<berth_values::Begun<Words>> {
    struct Later(Box<dyn program::Later>);
    impl berth_values::Later<Words> for Later {
        fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Words>> {
            self.0.poll(cx).map_ok(Words)
        }
    }
    Ok(match begun? {
        Begun::Now(answered) => berth_values::Begun::Now(Words(answered)),
        Begun::Later(later) => berth_values::Begun::Later(Box::new(Later(later))),
    })
}

fn poll(state: &mut State, cx: &mut Context<'_>) -> Poll<Result<Words>> {
    match program(state) {
        Ok(program) => program.poll(cx).map_ok(Words),
        Err(e) => Poll::Ready(Err(e)),
    }
}

/// Whoever has the functions; why one failed is told in words.
pub trait Functions: Send + Sync {
    /// As [`Program::call`].
    fn call(&self, function: usize, words: &[u64]) -> Result<Option<Answered>, String>;
    /// The answer of the function that was called last, if there is one by now.
    fn collect(&self) -> Result<Option<Answered>, String>;
    /// Is woken when it may be there.
    fn waiter(&self) -> &Waiter;
    /// Whether a function may answer later.
    fn answers_later(&self) -> bool;
    /// As [`Program::begin`].
    fn begin(&self, function: usize, words: &[u64]) -> Result<Begun, String>;
    /// Its ends of streams and futures.
    fn channels(&self) -> Arc<dyn Channels>;
    fn drop_resource(&self, number: u32);
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

impl<F> Paced<F> {
    /// Looks whether the call should end, if it wasn't looked at since the last tick.
    fn look(&self) -> Result<()> {
        let ticks = self.ticks.load(Relaxed);
        if self.seen.load(Relaxed) != ticks {
            self.seen.store(ticks, Relaxed);
            if let Some(end) = self.pace.end() {
                return Err(end.into());
            }
        }
        Ok(())
    }
}

impl<F: Functions> Program for Paced<F> {
    fn call(&self, function: usize, words: &[u64]) -> wasmtime::Result<Option<Answered>> {
        let answered = self.functions.call(function, words);
        self.look()?;
        answered.map_err(|why| ProgramFailed(why).into())
    }

    fn begin(&self, function: usize, words: &[u64]) -> wasmtime::Result<Begun> {
        let begun = self.functions.begin(function, words);
        self.look()?;
        begun.map_err(|why| ProgramFailed(why).into())
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<wasmtime::Result<Answered>> {
        // Before it is asked: an answer that comes in between is no less seen.
        self.functions.waiter().wait(cx.waker());
        match self.functions.collect() {
            Ok(Some(answered)) => Poll::Ready(Ok(answered)),
            Ok(None) => Poll::Pending,
            Err(why) => Poll::Ready(Err(ProgramFailed(why).into())),
        }
    }

    fn drop_resource(&self, number: u32) {
        self.functions.drop_resource(number);
    }
}
