// SPDX-License-Identifier: Apache-2.0
//! An instance that a program holds on to and calls, on the program's own threads, one call at a time.
//!
//! A module whose imports are all plain functions is called directly: a call is then a few hundred nanoseconds, and its
//! limits must cost next to nothing. Its time is read once before and once after, from a clock that needs no system
//! call; only a call that is seen by the clock tick, which comes every few milliseconds, is asked for more: its
//! thread's CPU time from there on, its deadline, and whether it was cancelled. What came before the first tick counts
//! as CPU time whole.
//!
//! A module with imports that may wait is called on a fiber, which this thread moves on whenever it is woken. So is any
//! module where the calling thread's stack has no room for it.

use crate::call::{Guest, Outcome, open_store, pulse_of};
use crate::ending::classify;
use crate::export::Exported;
use crate::imported::{Functions, Paced};
use crate::limits::Budget;
use crate::pace::{Canceller, Pace, wait_for, wait_until};
use crate::runtime::{Module, Runtime, Shared};
use crate::stack_room;
use berth_doors::stdio::Output;
use berth_store::{Metered, State, count_fuel, fill};
use berth_values::{Call, Given, Held, Holding, Receiver, Waiter, connect};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::time::Instant;
use tokio::runtime::Handle;
use wasmtime::component::Instance;
use wasmtime::{Error, Result, Store, UpdateDeadline, bail};

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
    concurrency: bool,
    /// Where the lane's timers and sockets are, for calls on a fiber.
    fiber: Option<Handle>,
    /// How it ended. It answers no more calls.
    over: Option<Outcome>,
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
        // Async functions are the engine's tasks, which it goes on with on a fiber.
        if !module.waits.load(Relaxed) && !functions.answers_later() && !module.kind.concurrency {
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
        let pace = Pace::new(&guest.meter, guest.guards_off);
        let pulse = pulse_of(guest, guest.meter, false);
        let outputs = [Output::stdout(guest.ways), Output::stderr(guest.ways)];
        let opened = open_store(&self.shared, module, guest, pulse, &outputs);
        let mut metered = opened.map_err(|e| classify(e, false))?;
        let paced = pace.clone();
        metered.0.epoch_deadline_callback(move |_| match paced.end() {
            None => Ok(UpdateDeadline::Continue(1)),
            Some(end) => Err(end.into()),
        });
        let held = Held::new(functions.channels());
        let (functions, ticks) = (functions.clone(), self.shared.ticker.ticks());
        metered.0.data_mut().program =
            Some(Arc::new(Paced { functions, pace: pace.clone(), ticks, seen: AtomicU64::new(0) }));
        let refused = guest.budget.refused.load(Relaxed);
        pace.begin();
        let instance = {
            let _running = self.shared.ticker.run();
            let _holding = Holding::nobody();
            if fiber.is_none() && stack_room::there_is() {
                linked.instantiate(&mut metered.0)
            } else {
                wait_for(fiber.as_ref(), &pace, pin!(linked.instantiate_async(&mut metered.0)))
            }
        };
        pace.count();
        let instance = instance.map_err(|e| classify(e, guest.budget.refused.load(Relaxed) > refused))?;
        Ok(Live {
            metered,
            instance,
            functions: Vec::new(),
            held,
            pace,
            shared: self.shared.clone(),
            budget: guest.budget,
            fuel: module.kind.fuel,
            concurrency: module.kind.concurrency,
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
        self.functions.push(Call::of(function, self.concurrency.then_some(export.core_values)));
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
        self.enter(|store, held, way| match way {
            Way::Directly => call.call(store, given, held, receiver),
            Way::OnFiber(pace, lane) => wait_for(lane, pace, pin!(call.call_async(store, given, held, receiver))),
        })
    }

    /// Has the guest's tasks go on until `done`, which is asked whenever `waits` was woken, and at `until`. A call like others.
    pub fn go_on(&mut self, waits: &Waiter, until: Option<Instant>, done: impl FnMut() -> bool) -> Result<(), Outcome> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        if !self.concurrency {
            return Err(Outcome::Failed("a module without tasks has nothing to go on with".to_owned()));
        }
        self.enter(|store, held, way| {
            let Way::OnFiber(pace, lane) = way else { bail!("tasks that nobody can wait for") };
            let mut done = done;
            let going = store.run_concurrent(async |_| {
                poll_fn(|cx| {
                    waits.wait(cx.waker());
                    if done() { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            });
            let mut going = pin!(going);
            let held = poll_fn(|cx| {
                let _holding = Holding::new(held);
                going.as_mut().poll(cx)
            });
            wait_until(lane, pace, until, pin!(held))
        })
    }

    /// A call panicked, who knows where: the instance is over.
    pub fn panicked(&mut self) -> Outcome {
        self.over = Some(Outcome::Panicked);
        Outcome::Panicked
    }

    /// Drops a resource of the guest's that the program held, which may run the guest's code: a call like others.
    pub fn drop_resource(&mut self, word: u64) -> Result<(), Outcome> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        self.enter(|store, held, way| {
            let resource = held.take(word)?;
            let _holding = Holding::new(held);
            match way {
                Way::Directly => resource.resource_drop(store),
                Way::OnFiber(pace, lane) => wait_for(lane, pace, pin!(resource.resource_drop_async(store))),
            }
        })
    }

    /// Has the guest do something, under its limits.
    fn enter(&mut self, what: impl FnOnce(&mut Store<State>, &mut Held, Way<'_>) -> Result<()>) -> Result<(), Outcome> {
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
            let way = match &self.fiber {
                None if stack_room::there_is() => Way::Directly,
                lane => Way::OnFiber(&self.pace, lane.as_ref()),
            };
            let done = what(store, &mut self.held, way);
            // Also of a call that failed: whoever reads what it gave has to be told.
            if self.held.has_arrived() {
                let _holding = Holding::new(&mut self.held);
                done.and(connect(store))
            } else {
                done
            }
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

/// How the guest is entered.
enum Way<'a> {
    Directly,
    /// With the lane of what it may wait for.
    OnFiber(&'a Pace, Option<&'a Handle>),
}
