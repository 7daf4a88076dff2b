// SPDX-License-Identifier: Apache-2.0
//! An instance that a program holds on to and calls, on the program's own threads, one call at a time.
//!
//! A module whose imports are all plain functions is called directly: a call is then a few hundred nanoseconds, and its
//! limits must cost next to nothing. Its time is read once before and once after, from a clock that needs no system
//! call; only a call that is seen by the clock tick, which comes every few milliseconds, is asked for more: its
//! thread's CPU time from there on, its deadline, and whether it was cancelled. What came before the first tick counts
//! as CPU time whole.
//!
//! A module with imports that may wait is called on a fiber, which this thread moves on whenever it is woken.

use crate::call::{Guest, Outcome, open_store, pulse_of};
use crate::ending::classify;
use crate::export::Exported;
use crate::imported::{Functions, Paced};
use crate::limits::{Budget, GuardsOff, Limit};
use crate::pulse::{End, NEVER};
use crate::runtime::{Module, Runtime, Shared};
use berth_doors::os::{monotonic_ns, thread_cpu_ns};
use berth_doors::stdio::Output;
use berth_store::{Metered, State, count_fuel, fill};
use berth_values::{Call, Given, Held, Holding, Receiver};
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;
use tokio::runtime::Handle;
use wasmtime::component::Instance;
use wasmtime::{Error, Result, Store, UpdateDeadline};

/// A module's instance that a program calls.
pub struct Live {
    // The store goes first: it counts in what the pace holds.
    metered: Metered,
    instance: Instance,
    functions: Vec<Call>,
    /// What the program holds of the guest's resources.
    held: Held,
    pace: Arc<Pace>,
    shared: Arc<Shared>,
    budget: Budget,
    fuel: bool,
    /// Where the lane's timers and sockets are, for calls on a fiber.
    fiber: Option<Handle>,
    /// How it ended. It answers no more calls.
    over: Option<Outcome>,
}

/// Ends a call from outside. Any thread.
#[derive(Clone)]
pub struct Canceller(Arc<Pace>);

/// What the tick knows of the call that goes on.
pub(crate) struct Pace {
    cpu_limit_ns: u64,
    wall_limit_ns: u64,
    cpu_used_ns: &'static AtomicU64,
    guards_off: GuardsOff,
    began: AtomicU64,
    /// The thread's CPU clock when this call began, as the first tick reckons it; [`NEVER`] before it.
    cpu_began: AtomicU64,
    cancelled: AtomicBool,
    /// The thread that waits on a fiber for the call.
    waiting: Mutex<Option<Thread>>,
}

struct Waiting<'a>(&'a Pace);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *self.0.waiting() = None;
    }
}

impl Pace {
    fn begin(&self) {
        self.cpu_began.store(NEVER, Relaxed);
        self.began.store(monotonic_ns(), Relaxed);
    }

    fn wall(&self) -> u64 {
        monotonic_ns().saturating_sub(self.began.load(Relaxed))
    }

    /// Why the call that goes on should not. On its thread.
    pub(crate) fn end(&self) -> Option<End> {
        if self.cancelled.load(Relaxed) {
            return Some(End::Cancelled);
        }
        let wall = self.wall();
        if self.wall_limit_ns != 0 && wall > self.wall_limit_ns && !self.guards_off.has(GuardsOff::WALL) {
            return Some(End::Limit(Limit::Wall));
        }
        let now = thread_cpu_ns();
        if self.cpu_began.load(Relaxed) == NEVER {
            self.cpu_began.store(now.saturating_sub(wall), Relaxed);
        }
        let used = now - self.cpu_began.load(Relaxed);
        let over = self.cpu_limit_ns != 0 && used > self.cpu_limit_ns && !self.guards_off.has(GuardsOff::CPU_TIME);
        over.then_some(End::Limit(Limit::CpuTime))
    }

    /// How long the call has left, if there is a deadline.
    fn left(&self) -> Option<Duration> {
        let limited = self.wall_limit_ns != 0 && !self.guards_off.has(GuardsOff::WALL);
        // A little later than the limit, which is then behind.
        limited.then(|| Duration::from_nanos(self.wall_limit_ns.saturating_sub(self.wall()) + 1000))
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Thread>> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Whoever cancels the call wakes this thread, as long as the returned value is there.
    fn wait_on(&self, thread: Thread) -> Waiting<'_> {
        *self.waiting() = Some(thread);
        Waiting(self)
    }

    fn count(&self) {
        let used = match self.cpu_began.load(Relaxed) {
            NEVER => self.wall(),
            began => thread_cpu_ns().saturating_sub(began),
        };
        self.cpu_used_ns.fetch_add(used, Relaxed);
    }
}

impl Canceller {
    /// Ends the call that goes on, soon, and all that come: an instance that was cancelled is over.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, SeqCst);
        if let Some(thread) = &*self.0.waiting() {
            thread.unpark();
        }
    }
}

impl Runtime {
    /// An instance of a module, for the caller to call. Its start runs here, under the limits of one call.
    /// `functions` are those that [`Module::imported`] tells of.
    pub fn hold<F: Functions + 'static>(
        &self,
        module: &Module,
        guest: &Guest,
        functions: &Arc<F>,
    ) -> Result<Live, Outcome> {
        if !module.waits.load(Relaxed) && !functions.answers_later() {
            match self.hold_once(module, guest, functions, false) {
                // An import that may wait is known from the engine's refusal alone, which comes before the guest's code.
                Err(Outcome::Failed(why)) if why.contains("*_async") => module.waits.store(true, Relaxed),
                held => return held,
            }
        }
        self.hold_once(module, guest, functions, true)
    }

    fn hold_once<F: Functions + 'static>(
        &self,
        module: &Module,
        guest: &Guest,
        functions: &Arc<F>,
        on_fiber: bool,
    ) -> Result<Live, Outcome> {
        let failed = |e: Error| Outcome::Failed(format!("{e:#}"));
        let linked = self.with_program(module, functions.answers_later()).map_err(failed)?;
        let fiber = if on_fiber { Some(self.lane().map_err(|e| failed(e.into()))?.clone()) } else { None };
        let pace = Arc::new(Pace {
            cpu_limit_ns: guest.meter.cpu_limit_ns,
            wall_limit_ns: guest.meter.wall_limit_ns,
            cpu_used_ns: guest.meter.cpu_used_ns,
            guards_off: guest.guards_off,
            began: AtomicU64::new(0),
            cpu_began: AtomicU64::new(NEVER),
            cancelled: AtomicBool::new(false),
            waiting: Mutex::default(),
        });
        let pulse = pulse_of(guest, guest.meter, false);
        let outputs = [Output::stdout(guest.ways), Output::stderr(guest.ways)];
        let mut metered = open_store(&self.shared, module, guest, pulse, &outputs).map_err(failed)?;
        let paced = pace.clone();
        metered.0.epoch_deadline_callback(move |_| match paced.end() {
            None => Ok(UpdateDeadline::Continue(1)),
            Some(end) => Err(end.into()),
        });
        let (functions, ticks) = (functions.clone(), self.shared.ticker.ticks());
        metered.0.data_mut().program =
            Some(Arc::new(Paced { functions, pace: pace.clone(), ticks, seen: AtomicU64::new(0) }));
        let refused = guest.budget.refused.load(Relaxed);
        pace.begin();
        let instance = {
            let _running = self.shared.ticker.run();
            match &fiber {
                None => linked.instantiate(&mut metered.0),
                Some(lane) => wait_for(lane, &pace, linked.instantiate_async(&mut metered.0)),
            }
        };
        pace.count();
        let instance = instance.map_err(|e| classify(e, guest.budget.refused.load(Relaxed) > refused))?;
        Ok(Live {
            metered,
            instance,
            functions: Vec::new(),
            held: Held::default(),
            pace,
            shared: self.shared.clone(),
            budget: guest.budget,
            fuel: module.kind.fuel,
            fiber,
            over: None,
        })
    }
}

impl Live {
    /// A number for one of the module's functions, for [`Live::call`].
    pub fn bind(&mut self, export: &Exported) -> Result<usize> {
        let function = self.instance.get_func(&mut self.metered.0, export.index);
        let function = function.ok_or_else(|| Error::msg("the function belongs to another module"))?;
        self.functions.push(Call::of(function));
        Ok(self.functions.len() - 1)
    }

    /// Whether calls are on a fiber.
    pub fn on_fiber(&self) -> bool {
        self.fiber.is_some()
    }

    pub fn canceller(&self) -> Canceller {
        Canceller(self.pace.clone())
    }

    /// Calls a function that was bound. The result goes to `receiver` before the guest cleans up after it. When the call
    /// fails, by whatever it was ended, the instance is over: later calls fail the same way.
    pub fn call(&mut self, function: usize, given: Given<'_>, receiver: &mut dyn Receiver) -> Result<(), Outcome> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        let Some(call) = self.functions.get(function).copied() else {
            return Err(Outcome::Failed("the function isn't bound to this instance".to_owned()));
        };
        let pace = self.pace.clone();
        self.enter(|store, held, lane| match lane {
            None => call.call(store, given, held, receiver),
            Some(lane) => wait_for(lane, &pace, call.call_async(store, given, held, receiver)),
        })
    }

    /// Drops a resource of the guest's that the program held, which may run the guest's code: a call like others.
    pub fn drop_resource(&mut self, word: u64) -> Result<(), Outcome> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        let pace = self.pace.clone();
        self.enter(|store, held, lane| {
            let resource = held.take(word)?;
            let _holding = Holding::new(held);
            match lane {
                None => resource.resource_drop(store),
                Some(lane) => wait_for(lane, &pace, resource.resource_drop_async(store)),
            }
        })
    }

    /// Has the guest do something, under its limits.
    fn enter(
        &mut self,
        what: impl FnOnce(&mut Store<State>, &mut Held, Option<&Handle>) -> Result<()>,
    ) -> Result<(), Outcome> {
        let refused = self.budget.refused.load(Relaxed);
        let store = &mut self.metered.0;
        self.pace.begin();
        let done = {
            let _running = self.shared.ticker.run();
            if self.fuel {
                if let Err(e) = fill(&mut *store, false) {
                    return Err(Outcome::Failed(format!("{e:#}")));
                }
            } else {
                store.set_epoch_deadline(1);
            }
            what(store, &mut self.held, self.fiber.as_ref())
        };
        self.pace.count();
        if self.fuel {
            count_fuel(&self.metered.0);
        }
        done.map_err(|e| {
            let ended = match classify(e, self.budget.refused.load(Relaxed) > refused) {
                // What a guest that runs does wrong, also with what it gives back, is its trap.
                Outcome::Failed(reason) => Outcome::Trapped { reason, trace: Vec::new() },
                ended => ended,
            };
            self.over = Some(ended.clone());
            ended
        })
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a guest's future on this thread to its end, or until it has waited longer than the call has. What it waits for is
/// looked after by the lane, or by the program.
fn wait_for<T>(lane: &Handle, pace: &Pace, future: impl Future<Output = Result<T>>) -> Result<T> {
    let _entered = lane.enter();
    let this_thread = std::thread::current();
    let waker = Waker::from(Arc::new(Unpark(this_thread.clone())));
    let mut cx = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    let _waiting = pace.wait_on(this_thread);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
        // Looked at before the first wait, too: from here on only the CPU's time is that.
        if let Some(end) = pace.end() {
            return Err(end.into());
        }
        match pace.left() {
            Some(left) => std::thread::park_timeout(left),
            None => std::thread::park(),
        }
    }
}
