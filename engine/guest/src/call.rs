// SPDX-License-Identifier: Apache-2.0
//! A call: a guest started on a lane, measured around every poll, ended by its own return, a limit or a
//! cancellation, and then reported once.

use crate::alone::Alone;
use crate::ending::classify;
use crate::lane_clock;
use crate::limits::{Budget, GuardsOff, Limit, Meter};
use crate::pause;
use crate::pulse::{End, NEVER, Pulse};
use crate::runtime::{Command, Module, Runtime, Shared};
use crate::stacks::StackBudget;
use crate::state::state;
use crate::ticker::Ticker;
use crate::turn::Turn;
use crate::typed::{self, Function};
use berth_doors::Owner;
use berth_doors::activity::Activity;
use berth_doors::content::Content;
use berth_doors::files::Phantom;
use berth_doors::ledger::Counted;
use berth_doors::net::Settings;
use berth_doors::os::{Ways, process_cpu_ns};
use berth_doors::share::{Drawing, Gate, Share};
use berth_doors::stdio::Output;
use berth_store::{Metered, fill};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, Release},
};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::Notify;
use wasmtime::{Result, Store, UpdateDeadline};
use wasmtime_wasi::{FsPerms, I32Exit};

/// How long output that a stopped reader left behind is waited for, once the guest has been ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Records that the engine may keep for each handle, of a guest with concurrency: a stream has one and one for each end,
/// a task has one, one for its thread, and one for what that waits for.
const RECORDS_OF_HANDLE: usize = 3;

/// Handles of a module that makes error contexts, and which share of its memory their messages get.
const ERROR_CONTEXTS: usize = 256;
const ERROR_CONTEXTS_SHARE: usize = 8;

/// Which of the process's standard streams the guest gets.
#[derive(Clone, Copy, Default)]
pub struct OutputFlags {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
}

/// What is called in a module.
#[derive(Clone)]
pub enum Target {
    /// `wasi:cli/run`.
    Command,
    /// A function by its name, with values from text.
    Function(Arc<Function>),
}

/// A folder of the host that a guest sees.
#[derive(Clone)]
pub struct Folder {
    pub host_path: String,
    /// Content that is shown as a folder, in place of one of the host's.
    pub content: Option<String>,
    pub guest_path: String,
    pub access: FsPerms,
    /// Where what is stored in it has a limit.
    pub counted: Option<Counted>,
}

/// What a guest is given. All of it has been decided by the policy (C++).
#[derive(Clone)]
pub struct Guest {
    pub target: Target,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub folders: Vec<Folder>,
    /// Whether no grant covers `/`.
    pub phantom: Phantom,
    /// The owner is asked about each use of a folder.
    pub files_asked: bool,
    pub stdio: OutputFlags,
    /// Handles of the component model that may be open at once.
    pub handles: usize,
    /// Bytes that one host call may copy out of the guest.
    pub host_buffer_bytes: usize,
    pub budget: Budget,
    pub meter: Meter,
    pub share: Option<Share>,
    pub owner: Arc<dyn Owner>,
    pub net: Settings,
    /// Nothing where the policy opens no content.
    pub content: Option<Arc<dyn Content>>,
    /// Whom it tells what it does; nothing where nobody listens.
    pub activity: Option<Arc<dyn Activity>>,
    pub ways: Ways,
    pub guards_off: GuardsOff,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The guest returned or exited, with this status.
    Exited(i32),
    /// The function returned: its result as text, and whether that is a result that failed.
    Returned {
        text: String,
        failed: bool,
    },
    /// The guest's code trapped: what happened, and where in the guest.
    Trapped {
        reason: String,
        /// Its frames, innermost first.
        trace: Vec<String>,
    },
    Limited(Limit),
    Cancelled,
    /// The guest could not be started.
    Failed(String),
    /// Berth's own code failed.
    Panicked,
}

/// The end of a call, and what it leaves.
#[derive(Debug)]
pub struct Ended {
    pub outcome: Outcome,
    /// The guest could not be stopped, and all that it holds is still in use: this process has to end.
    pub still_running: bool,
    /// The last line that the guest wrote to standard error isn't finished.
    pub unfinished_line: bool,
}

/// A started call. Dropping it doesn't end the call.
pub struct Call {
    pulse: Arc<Pulse>,
}

impl Call {
    /// Ends the call soon, if it hasn't ended. Any thread.
    pub fn cancel(&self) {
        self.pulse.cancelled.store(true, Relaxed);
        self.pulse.wake.notify_one();
    }
}

/// A guest's future, measured around every poll, held back while it has to rest and ended when its time is up.
struct Measured<'a, F> {
    guest: Pin<&'a mut F>,
    gate: Gate,
    turn: Turn,
    pulse: &'a Pulse,
    ticker: &'a Ticker,
    /// Of a guest that may have many stacks.
    stacks: Option<Arc<StackBudget>>,
}

impl<F: Future> Future for Measured<'_, F> {
    type Output = std::result::Result<F::Output, End>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let pulse = self.pulse;
        let began = lane_clock::begin();
        if let Some(end) = pulse.end_at(began.at, pulse.meter.cpu_used_ns.load(Relaxed)) {
            return Poll::Ready(Err(end));
        }
        let this = &mut *self;
        if let Some(drawing) = &pulse.drawing
            && this.gate.poll(cx, Some(pulse.meter.cpu_throttled_ns), || drawing.rest()).is_pending()
        {
            this.turn.leave();
            return Poll::Pending;
        }
        if pulse.interrupted.load(Relaxed) {
            ready!(this.turn.poll(cx));
            pulse.interrupted.store(false, Relaxed);
        }
        let (polled, now) = {
            let _running = this.ticker.run();
            let inside = (pulse.alone && pulse.drawing.is_some()).then(pause::enter);
            pulse.polled_at.store(began.at, Relaxed);
            pulse.polled_cpu.store(began.cpu, Relaxed);
            if pulse.alone {
                pulse.process_polled_at.store(process_cpu_ns(), Relaxed);
            }
            pulse.polls.fetch_add(1, Release);
            let polled = match &this.stacks {
                None => this.guest.as_mut().poll(cx),
                Some(stacks) => stacks.pays_for(|| this.guest.as_mut().poll(cx)),
            };
            pulse.polls.fetch_add(1, Release);
            let (used, now) = lane_clock::end(began);
            pulse.meter.cpu_used_ns.fetch_add(used, Relaxed);
            if let Some(drawing) = &pulse.drawing {
                drawing.draw(used);
            }
            if inside.is_some() {
                pulse.count_rest();
            }
            (polled, now)
        };
        match polled {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => {
                if !pulse.interrupted.load(Relaxed) {
                    this.turn.leave();
                }
                match pulse.end_at(now, pulse.meter.cpu_used_ns.load(Relaxed)) {
                    Some(end) => Poll::Ready(Err(end)),
                    None => Poll::Pending,
                }
            }
        }
    }
}

/// Reports a call's end exactly once, also if its task is dropped, with the runtime or by a panic.
struct Report<D: FnOnce(Ended)>(Arc<Mutex<Option<D>>>);

impl<D: FnOnce(Ended)> Report<D> {
    fn send(&self, ended: Ended) {
        let done = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(done) = done {
            done(ended);
        }
    }
}

impl<D: FnOnce(Ended)> Clone for Report<D> {
    fn clone(&self) -> Self {
        Report(self.0.clone())
    }
}

/// The lane's hold on a report.
struct Due<D: FnOnce(Ended)> {
    report: Report<D>,
    alone: Arc<Alone>,
    pulse: Arc<Pulse>,
}

impl<D: FnOnce(Ended)> Due<D> {
    fn send(&self, outcome: Outcome, unfinished_line: bool) {
        self.alone.forget(&self.pulse);
        self.report.send(Ended { outcome, still_running: false, unfinished_line });
    }
}

impl<D: FnOnce(Ended)> Drop for Due<D> {
    fn drop(&mut self) {
        self.send(if std::thread::panicking() { Outcome::Panicked } else { Outcome::Cancelled }, false);
    }
}

/// Measures with this meter; its time begins when it is told so.
pub(crate) fn pulse_of(guest: &Guest, meter: Meter, alone: bool) -> Arc<Pulse> {
    let share = guest.share.filter(|_| !guest.guards_off.has(GuardsOff::CPU_SHARE));
    let drawing = if alone { Drawing::by_process } else { Drawing::by_task };
    Arc::new(Pulse {
        meter,
        drawing: share.map(|share| Arc::new(drawing(share))),
        deadline_ns: AtomicU64::new(NEVER),
        cpu_allowed_ns: AtomicU64::new(NEVER),
        polled_at: AtomicU64::new(0),
        polled_cpu: AtomicU64::new(0),
        process_polled_at: AtomicU64::new(0),
        polls: AtomicU64::new(0),
        cancelled: AtomicBool::new(false),
        interrupted: AtomicBool::new(false),
        wake: Notify::new(),
        alone,
        guards_off: guest.guards_off,
    })
}

impl Runtime {
    /// Starts `wasi:cli/run` of a module. `done` is called once, on a thread of ours, after the guest's store and
    /// all that it held are gone, unless it says `still_running`; not when an error is returned.
    pub fn start(
        &self,
        module: Arc<Module>,
        guest: Guest,
        done: impl FnOnce(Ended) + Send + 'static,
    ) -> io::Result<Call> {
        let lane = self.lane()?;
        let alone = module.kind.alone;
        let pulse = pulse_of(&guest, guest.meter, alone);
        pulse.begin();
        let call = Call { pulse: pulse.clone() };
        let ways = if guest.guards_off.has(GuardsOff::STDOUT) { Ways::Blocking } else { guest.ways };
        let outputs = [Output::stdout(ways), Output::stderr(ways)];
        let report = Report(Arc::new(Mutex::new(Some(done))));
        if alone {
            let (report, outputs, pulse) = (report.clone(), outputs.clone(), pulse.clone());
            self.shared.alone.watch(pulse.clone(), move |end| {
                pulse.count_until_now();
                for output in &outputs {
                    output.push_within(LAST_WORDS);
                }
                let unfinished_line = outputs[1].unfinished_line();
                report.send(Ended { outcome: end.into(), still_running: true, unfinished_line });
            });
        }
        let due = Due { report, alone: self.shared.alone.clone(), pulse: pulse.clone() };
        let shared = self.shared.clone();
        lane.spawn(async move {
            let outcome = shared.perform(&module, guest, &pulse, &outputs).await;
            due.send(outcome, outputs[1].unfinished_line());
        });
        Ok(call)
    }
}

impl Shared {
    async fn perform(&self, module: &Module, guest: Guest, pulse: &Arc<Pulse>, outputs: &[Output; 2]) -> Outcome {
        assert!(!guest.guards_off.has(GuardsOff::PANIC), "a test asked for it");
        let (budget, guards_off) = (guest.budget, guest.guards_off);
        let running = async {
            let result = run(self, module, guest, pulse.clone(), outputs).await;
            // An ordinary end waits for its reader, as any program's last write does.
            if result.as_ref().map_or_else(|e| e.is::<I32Exit>(), |_| true) {
                drain(outputs).await;
            }
            result
        };
        let outcome = self.measured(module, pulse, budget, guards_off, running).await;
        let _ = tokio::time::timeout(LAST_WORDS, drain(outputs)).await;
        outcome
    }

    /// Runs what a guest does under its limits, to its end.
    pub(crate) async fn measured(
        &self,
        module: &Module,
        pulse: &Arc<Pulse>,
        budget: Budget,
        guards_off: GuardsOff,
        running: impl Future<Output = Result<Outcome>>,
    ) -> Outcome {
        let refused_before = budget.refused.load(Relaxed);
        let counts_memory = !guards_off.has(GuardsOff::MEMORY);
        let stacks = (module.kind.concurrency && counts_memory).then(|| StackBudget::new(budget));
        let measured = Measured {
            guest: std::pin::pin!(running),
            gate: Gate::new(pulse.drawing.as_ref().map(|drawing| drawing.turns())),
            turn: Turn::default(),
            pulse,
            ticker: &self.ticker,
            stacks,
        };
        match race(measured, pulse).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => classify(error, budget.refused.load(Relaxed) > refused_before),
            Err(end) => end.into(),
        }
    }
}

async fn drain(outputs: &[Output]) {
    for output in outputs {
        output.drain().await;
    }
}

/// The guest against its deadline, which may move, and its canceller.
async fn race<T>(
    guest: impl Future<Output = std::result::Result<T, End>>,
    pulse: &Pulse,
) -> std::result::Result<T, End> {
    let deadline = || async {
        match pulse.left() {
            Some(left) if !pulse.guards_off.has(GuardsOff::WALL) => tokio::time::sleep(left).await,
            _ => std::future::pending().await,
        }
    };
    let (mut guest, mut over, mut wake) =
        (std::pin::pin!(guest), std::pin::pin!(deadline()), std::pin::pin!(pulse.wake.notified()));
    std::future::poll_fn(|cx| {
        // Most are done at once, and nobody waits for a deadline then.
        if let Poll::Ready(done) = guest.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        loop {
            if wake.as_mut().poll(cx).is_ready() {
                if pulse.cancelled.load(Relaxed) {
                    return Poll::Ready(Err(End::Cancelled));
                }
                wake.set(pulse.wake.notified());
            } else if over.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            } else if pulse.left().is_some_and(|left| left.is_zero()) {
                return Poll::Ready(Err(End::Limit(Limit::Wall)));
            }
            over.set(deadline());
        }
    })
    .await
}

async fn run(
    shared: &Shared,
    module: &Module,
    guest: Guest,
    pulse: Arc<Pulse>,
    outputs: &[Output; 2],
) -> Result<Outcome> {
    let store = open_store(shared, module, &guest, pulse, outputs)?;
    match &guest.target {
        Target::Command => run_command(store, module).await,
        Target::Function(function) => {
            let most_text = (guest.budget.limit / 4) as usize;
            let given = typed::call(store, module, function, most_text).await?;
            Ok(Outcome::Returned { text: given.text, failed: given.failed })
        }
    }
}

/// A store for an instance of the module, with all its limits set.
pub(crate) fn open_store(
    shared: &Shared,
    module: &Module,
    guest: &Guest,
    pulse: Arc<Pulse>,
    outputs: &[Output; 2],
) -> Result<Metered> {
    let (mut handles, mut host_buffers) = (guest.handles, guest.host_buffer_bytes);
    let guards_off = guest.guards_off;
    let mut held_bytes = module.needs.instance_bytes;
    if module.needs.error_contexts {
        // Each holds a message on the host, as long as one call may carry.
        handles = handles.min(ERROR_CONTEXTS);
        host_buffers = host_buffers.min(guest.budget.limit as usize / ERROR_CONTEXTS_SHARE / handles.max(1));
        held_bytes += (handles * host_buffers) as u64;
    }
    let engine = shared.engines.get(module.kind)?;
    let mut store = Store::new(engine, state(&shared.net, guest, &pulse, outputs)?);
    store.limiter(|state| &mut state.draws);
    if guards_off.has(GuardsOff::HOST_BUFFERS) {
        store.set_hostcall_fuel(usize::MAX);
    } else {
        store.set_hostcall_fuel(host_buffers);
    }
    if !guards_off.has(GuardsOff::HANDLES) {
        store.set_max_component_handles(handles);
        if let Some(table) = store.concurrent_resource_table() {
            table.set_max_capacity(handles * RECORDS_OF_HANDLE);
        }
    } else {
        store.set_max_component_handles(usize::MAX);
    }
    fill(&mut store, false)?;
    if !module.kind.alone {
        store.epoch_deadline_callback(move |_| match pulse.end(pulse.cpu_now()) {
            None => {
                pulse.interrupted.store(true, Relaxed);
                // The lane looks at its sockets and timers before it goes on.
                Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
            }
            Some(end) => Err(end.into()),
        });
    }
    store.data_mut().draws.instances(held_bytes)?;
    Ok(Metered(store))
}

async fn run_command(mut store: Metered, module: &Module) -> Result<Outcome> {
    let store = &mut store.0;
    let ended = match module.command().map_err(|e| wasmtime::Error::msg(format!("{e:#}")))? {
        Command::Wasi02(command) => {
            let command = command.instantiate_async(&mut *store).await?;
            command.wasi_cli_run().call_run(store).await?
        }
        Command::Wasi03(command) => {
            let command = command.instantiate_async(&mut *store).await?;
            // The program ends with its `run`, as processes do, whatever tasks it leaves. A wait that nothing can end
            // is an error: only this way of calling sees it.
            command.wasi_cli_run().func_run().call_async(store, ()).await?.0
        }
    };
    Ok(Outcome::Exited(ended.map_or(1, |()| 0)))
}
