// SPDX-License-Identifier: Apache-2.0
//! The instances of a module of WASI 0.2 that answers requests: made for one, or ahead of it, or kept from the one before
//! where the module's owner lets them answer several. Each lane has its own, and takes the one that it used last.

use crate::call::{Guest, Outcome, open_store};
use crate::held::Held;
use crate::limits::GuardsOff;
use crate::measure::{Counters, Measure};
use crate::runtime::{self, Module, Shared};
use crate::service::Overseer;
use berth_doors::stdio::Output;
use berth_store::{State, count_fuel, fill};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use wasmtime::{Result, Store};
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};

/// Instances that a lane makes ahead, once it had a request: what is made after an answer isn't waited for before the next.
const AHEAD: usize = 2;

/// Of the module's memory, what those that rest may hold; more is given back by letting go of them.
const RESTING_SHARE: u64 = 2;

/// Of the module's memory, what one that is kept may hold.
const OWN_SHARE: u64 = 4;

/// Handles that one which is kept may have more than after its first request.
const MORE_ENTRIES: usize = 32;

/// How long an instance that may answer more requests is kept without one.
const KEPT: Duration = Duration::from_secs(10);

/// A module, and what each of its instances is given.
pub(crate) struct Given {
    pub shared: Arc<Shared>,
    pub module: Arc<Module>,
    /// Its meter says the limits of one request.
    pub guest: Guest,
    /// An instance uses what C++ lends until it is gone, which may be after its service.
    pub overseer: Arc<dyn Overseer>,
}

impl Given {
    /// A store for an instance.
    pub fn open(&self, measure: &Arc<Measure>) -> Result<Held> {
        let outputs = [Output::stdout(self.guest.ways), Output::stderr(self.guest.ways)];
        let metered = open_store(&self.shared, &self.module, &self.guest, measure.pulse.clone(), &outputs)?;
        Ok(Held::new(metered, measure.clone(), self.overseer.clone()))
    }

    /// Does something of a guest's under its limits.
    pub async fn measured(&self, measure: &Measure, running: impl Future<Output = Result<Outcome>>) -> Outcome {
        let Guest { budget, guards_off, .. } = self.guest;
        self.shared.measured(&self.module, &measure.pulse, budget, guards_off, running).await
    }

    /// Whether requests leave more and more behind in an instance, whose table had so many entries after the first.
    pub fn leaks(&self, state: &mut State, entries: usize) -> bool {
        if self.guest.guards_off.has(GuardsOff::AGAIN) {
            return false;
        }
        state.draws.held() > self.guest.budget.limit / OWN_SHARE || count_entries(state) > entries + MORE_ENTRIES
    }
}

pub(crate) fn count_entries(state: &mut State) -> usize {
    state.table.iter_mut().count()
}

pub(crate) struct Instances {
    given: Given,
    handler: ProxyPre<State>,
    reuse: u32,
    lanes: Vec<Lane>,
    counters: Arc<Counters>,
}

/// What rests on one lane.
#[derive(Default)]
struct Lane {
    resting: Mutex<Vec<Instance>>,
    /// A task makes some ahead.
    making: AtomicBool,
    /// A task lets go of those that nobody uses.
    sweeping: AtomicBool,
}

/// One that can answer a request now.
pub(crate) struct Instance {
    held: Held,
    handler: Proxy,
    measure: Arc<Measure>,
    answered: u32,
    /// Entries of its table after its first request.
    entries: usize,
    since: Instant,
}

impl Instances {
    pub fn new(given: Given, handler: ProxyPre<State>, reuse: u32, lanes: usize) -> Self {
        let lanes = (0..lanes).map(|_| Lane::default()).collect();
        Instances { given, handler, reuse, lanes, counters: Arc::default() }
    }

    /// For one request, whose time begins: an instance that rests here, or what to make one with.
    pub fn take(&self) -> (Arc<Measure>, Option<Instance>) {
        let instance = self.here().resting().pop();
        let measure = match &instance {
            Some(instance) => instance.measure.clone(),
            None => Measure::new(&self.given.guest, &self.counters),
        };
        measure.pulse.begin();
        (measure, instance)
    }

    /// Makes one. Within [`Instances::measured`].
    pub async fn make(&self, measure: Arc<Measure>) -> Result<Instance> {
        let mut held = self.given.open(&measure)?;
        let handler = self.handler.instantiate_async(held.store()).await?;
        Ok(Instance { held, handler, measure, answered: 0, entries: 0, since: Instant::now() })
    }

    pub fn given(&self) -> &Given {
        &self.given
    }

    /// Keeps one that has answered for the next request on this lane, if it may answer more and left nothing behind.
    pub fn keep(&self, mut instance: Instance) {
        let leaks = self.given.leaks(instance.held.store().data_mut(), instance.entries);
        if instance.answered < self.reuse && !leaks && self.have_room() {
            instance.since = Instant::now();
            self.here().resting().push(instance);
        }
    }

    /// Those that rest leave the rest of the memory to those that work.
    fn have_room(&self) -> bool {
        let budget = self.given.guest.budget;
        budget.used.load(Relaxed) <= budget.limit / RESTING_SHARE
    }

    fn here(&self) -> &Lane {
        &self.lanes[runtime::this_lane() % self.lanes.len()]
    }

    /// After a request: has another instance made, or those looked after that nobody uses. `of` finds the instances in
    /// what keeps them.
    pub fn look_ahead<T: Send + Sync + 'static>(keeper: &Arc<T>, of: fn(&T) -> Option<&Instances>) {
        let Some(this) = of(keeper) else { return };
        let lane = this.here();
        if this.reuse == 1 {
            let few = lane.resting().len() < AHEAD && this.have_room();
            if few && !lane.making.swap(true, Relaxed) {
                let keeper = keeper.clone();
                tokio::spawn(async move {
                    if let Some(this) = of(&keeper) {
                        this.make_ahead().await;
                    }
                });
            }
        } else if !lane.sweeping.swap(true, Relaxed) {
            let keeper = Arc::downgrade(keeper);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(KEPT).await;
                    let keeper = keeper.upgrade();
                    if keeper.as_deref().and_then(of).is_none_or(|this| this.here().sweep()) {
                        return;
                    }
                }
            });
        }
    }

    /// Until there are as many as there should be. What fails here fails again for a request, which says so.
    async fn make_ahead(&self) {
        let lane = self.here();
        while lane.resting().len() < AHEAD && self.have_room() {
            match self.make_unasked().await {
                (_, Some(instance)) => lane.resting().push(instance),
                (_, None) => break,
            }
        }
        lane.making.store(false, Relaxed);
    }

    /// Makes one for a request that may come, under the limits of one.
    async fn make_unasked(&self) -> (Outcome, Option<Instance>) {
        let measure = Measure::new(&self.given.guest, &self.counters);
        measure.pulse.begin();
        let mut made = None;
        let making = async {
            made = Some(self.make(measure.clone()).await?);
            Ok(Outcome::Exited(0))
        };
        (self.given.measured(&measure, making).await, made)
    }

    /// Makes one to see whether it can be made, and keeps it for the next request on this lane.
    pub async fn make_one(&self) -> Outcome {
        let (outcome, made) = self.make_unasked().await;
        if let Some(instance) = made
            && self.have_room()
        {
            self.here().resting().push(instance);
        }
        outcome
    }
}

impl Lane {
    fn resting(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.resting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Lets go of those that nobody used for long. True when none is left, and none looks after this lane any more.
    fn sweep(&self) -> bool {
        let mut resting = self.resting();
        let old: Vec<_> = resting.extract_if(.., |instance| instance.since.elapsed() >= KEPT).collect();
        let none = resting.is_empty();
        if none {
            self.sweeping.store(false, Relaxed);
        }
        drop(resting);
        drop(old);
        none
    }
}

impl Instance {
    /// For one request, of which there is one at a time.
    pub fn begin(&mut self) -> Result<(&mut Store<State>, &Proxy)> {
        if self.answered > 0 {
            fill(&mut *self.held.store(), false)?;
        }
        self.answered += 1;
        Ok((self.held.store(), &self.handler))
    }

    /// The guest has returned.
    pub fn end(&mut self) {
        count_fuel(&*self.held.store());
        if self.answered == 1 {
            self.entries = count_entries(self.held.store().data_mut());
        }
    }

    /// Ready when nothing of it is left.
    pub async fn gone(self) {
        self.held.gone().await;
    }
}
