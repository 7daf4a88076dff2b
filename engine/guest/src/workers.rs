// SPDX-License-Identifier: Apache-2.0
//! The instances of a module of WASI 0.3 that answers requests. Each is a task on a lane, a worker, in which the component
//! model's event loop runs: it takes requests as long as it may answer more, several at once where the module's owner
//! lets it.
//!
//! What an instance does isn't one request's: its CPU time is bounded by what its requests may use together, and it ends
//! when the last deadline among them is over. A request whose own deadline is over is answered for, and its worker takes
//! no more.

use crate::call::Outcome;
use crate::exchange::{Due, Work};
use crate::instances::{Given, count_entries};
use crate::limits::{GuardsOff, Limit};
use crate::measure::{Counters, Measure};
use crate::runtime;
use crate::service::{Asked, Reuse};
use berth_doors::inside::Trail;
use berth_store::{State, count_fuel, fill};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::Request;
use http::uri::{Authority, Parts, PathAndQuery, Uri};
use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Sleep;
use wasmtime::Result;
use wasmtime::component::Accessor;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p3::bindings::{Service as Proxy, ServicePre};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView, p3};

/// How long a worker without a request is kept.
const KEPT: Duration = Duration::from_secs(10);

pub(crate) struct Workers {
    common: Arc<Common>,
    /// Those of each lane that may take more.
    lanes: Vec<Mutex<Vec<Worker>>>,
}

/// What all workers of a service hold. It outlives the service: an instance uses what C++ lends until it is gone.
struct Common {
    given: Given,
    handler: ServicePre<State>,
    reuse: Reuse,
    counters: Arc<Counters>,
}

/// A worker, for who has a request.
struct Worker {
    jobs: mpsc::UnboundedSender<Job>,
    load: Arc<Load>,
    task: AbortHandle,
}

#[derive(Default)]
struct Load {
    /// Requests that it was given and that aren't over.
    under_way: AtomicU32,
    given: AtomicU32,
    /// It takes no more.
    closed: AtomicBool,
}

struct Job {
    request: Request<WasiBody>,
    trail: Trail,
    due: Due,
    /// Dropped when the answer's body has gone.
    sent: oneshot::Receiver<()>,
}

impl Workers {
    pub fn new(given: Given, handler: ServicePre<State>, reuse: Reuse, lanes: usize) -> Self {
        let common = Common { given, handler, reuse, counters: Arc::default() };
        Workers { common: Arc::new(common), lanes: (0..lanes).map(|_| Mutex::default()).collect() }
    }

    /// Gives a request to a worker of this lane. The first of what is returned ends an instance that answers nobody else;
    /// the other is to be kept until the answer's body has gone.
    pub fn hand(&self, due: Due, asked: &Asked, request: Request<WasiBody>) -> (Work, oneshot::Sender<()>) {
        let (sending, sent) = oneshot::channel();
        let trail = Trail::of(request.headers(), asked.hops);
        let job = Job { request: absolute(request, &asked.scheme), trail, due, sent };
        let lane = &self.lanes[runtime::this_lane() % self.lanes.len()];
        let mut workers = lane.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let Reuse { requests, at_once } = self.common.reuse;
        workers.retain(|worker| !worker.load.closed.load(Relaxed) && worker.load.given.load(Relaxed) < requests);
        let free = workers.iter().find(|worker| worker.load.under_way.load(Relaxed) < at_once);
        let task = match free {
            Some(worker) => {
                worker.load.take();
                // It isn't closed, so it receives.
                let _ = worker.jobs.send(job);
                worker.task.clone()
            }
            None => {
                let worker = self.start(job);
                let task = worker.task.clone();
                if requests > 1 {
                    workers.push(worker);
                }
                task
            }
        };
        (Work((requests == 1).then_some(task)), sending)
    }

    /// Makes an instance to see whether it can be made.
    pub async fn make_one(&self) -> Outcome {
        let Common { given, handler, counters, .. } = &*self.common;
        let measure = Measure::new(&given.guest, counters);
        measure.pulse.begin();
        let making = async {
            let mut held = given.open(&measure)?;
            handler.instantiate_async(held.store()).await?;
            Ok(Outcome::Exited(0))
        };
        given.measured(&measure, making).await
    }

    fn start(&self, first: Job) -> Worker {
        let (jobs, more) = mpsc::unbounded_channel();
        let load = Arc::new(Load::default());
        load.take();
        let task = start(self.common.clone(), load.clone(), first, more);
        Worker { jobs, load, task }
    }
}

impl Load {
    fn take(&self) {
        self.under_way.fetch_add(1, Relaxed);
        self.given.fetch_add(1, Relaxed);
    }
}

/// A request that a worker has begun with.
struct Begun {
    number: u32,
    request: Request<WasiBody>,
    trail: Trail,
    /// Others before it aren't done yet.
    beside: bool,
    sent: oneshot::Receiver<()>,
}

/// What a worker knows of its requests.
struct Desk {
    common: Arc<Common>,
    measure: Arc<Measure>,
    load: Arc<Load>,
    /// By their numbers.
    under_way: Mutex<HashMap<u32, Due>>,
}

fn start(common: Arc<Common>, load: Arc<Load>, first: Job, more: mpsc::UnboundedReceiver<Job>) -> AbortHandle {
    tokio::spawn(work(common, load, first, more)).abort_handle()
}

async fn work(common: Arc<Common>, load: Arc<Load>, first: Job, mut more: mpsc::UnboundedReceiver<Job>) {
    let measure = Measure::new(&common.given.guest, &common.counters);
    let desk = Desk { common: common.clone(), measure, load, under_way: Mutex::default() };
    let first = desk.begin(0, first, false);
    let mut held = None;
    let running = async {
        let held = held.insert(common.given.open(&desk.measure)?);
        let proxy = common.handler.instantiate_async(held.store()).await?;
        held.store().run_concurrent(async |accessor| desk.drive(accessor, &proxy, first, &mut more).await).await??;
        Ok(Outcome::Exited(0))
    };
    let outcome = common.given.measured(&desk.measure, running).await;
    desk.load.closed.store(true, Relaxed);
    if let Some(held) = held {
        held.gone().await;
    }
    for (_, due) in desk.under_way().drain() {
        due.ended(outcome.clone());
    }
    // Given to it in its last moment.
    while let Ok(job) = more.try_recv() {
        start(common.clone(), Arc::default(), job, mpsc::unbounded_channel().1);
    }
}

impl Desk {
    fn under_way(&self) -> MutexGuard<'_, HashMap<u32, Due>> {
        self.under_way.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Its time begins.
    fn begin(&self, number: u32, mut job: Job, beside: bool) -> Begun {
        let pulse = &self.measure.pulse;
        let mut under_way = self.under_way();
        if under_way.is_empty() {
            pulse.begin();
            // It may have rested, without a deadline to wait for.
            pulse.wake.notify_one();
        } else {
            pulse.begin_another();
        }
        job.due.measure = Some(self.measure.clone());
        under_way.insert(number, job.due);
        Begun { number, request: job.request, trail: job.trail, beside, sent: job.sent }
    }

    fn end(&self, number: u32, outcome: Outcome) {
        let due = self.under_way().remove(&number);
        self.load.under_way.fetch_sub(1, Relaxed);
        if let Some(due) = due {
            due.ended(outcome);
        }
    }

    /// Takes requests until this instance may answer no more, or nobody has had one for it for long.
    async fn drive(
        &self,
        accessor: &Accessor<State>,
        proxy: &Proxy,
        first: Begun,
        more: &mut mpsc::UnboundedReceiver<Job>,
    ) -> Result<()> {
        let Reuse { requests, at_once } = self.common.reuse;
        let mut calls = FuturesUnordered::new();
        calls.push(self.call(accessor, proxy, first));
        let mut taken = 1;
        let mut in_time = true;
        let mut entries = None;
        let mut resting: Option<Pin<Box<Sleep>>> = None;
        std::future::poll_fn(|cx| {
            loop {
                match calls.poll_next_unpin(cx) {
                    Poll::Ready(Some(Ok(was_in_time))) => {
                        in_time &= was_in_time || self.common.given.guest.guards_off.has(GuardsOff::AGAIN);
                        continue;
                    }
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                    Poll::Ready(None) | Poll::Pending => {}
                }
                let idle = calls.is_empty() && accessor.poll_no_interesting_tasks(cx).is_ready();
                let may_take = in_time && taken < requests;
                let has_room = idle || (at_once > 1 && calls.len() < at_once as usize);
                if may_take
                    && has_room
                    && let Poll::Ready(Some(job)) = more.poll_recv(cx)
                {
                    resting = None;
                    calls.push(self.call(accessor, proxy, self.begin(taken, job, !idle)));
                    taken += 1;
                    continue;
                }
                let mut no_more = || !may_take || more.is_closed() || self.leaks(accessor, &mut entries);
                if calls.is_empty() && (!in_time || (idle && no_more())) {
                    break;
                }
                if !idle {
                    return Poll::Pending;
                }
                let timer = resting.get_or_insert_with(|| {
                    self.measure.pulse.rest();
                    Box::pin(tokio::time::sleep(KEPT))
                });
                ready!(timer.as_mut().poll(cx));
                break;
            }
            self.load.closed.store(true, Relaxed);
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Whether requests leave more and more behind.
    fn leaks(&self, accessor: &Accessor<State>, first: &mut Option<usize>) -> bool {
        accessor.with(|mut store| {
            let state = store.data_mut();
            let entries = *first.get_or_insert_with(|| count_entries(state));
            self.common.given.leaks(state, entries)
        })
    }

    /// Whether it was answered in time. Fails when the instance can't go on.
    async fn call(&self, accessor: &Accessor<State>, proxy: &Proxy, begun: Begun) -> Result<bool> {
        let Begun { number, request, trail, beside, sent } = begun;
        let Some(head) = self.under_way().get(&number).map(|due| due.head.clone()) else { return Ok(true) };
        accessor.with(|mut store| {
            store.data_mut().doors.net.http.follow(trail, beside);
            fill(store, number > 0)
        })?;
        let left = self.measure.pulse.left().filter(|_| !self.common.given.guest.guards_off.has(GuardsOff::WALL));
        let answering = pin!(async {
            let (request, written) = accessor.with(|mut store| {
                let (request, written) = p3::Request::from_http(store.data_mut().http().hooks, request);
                (request, Box::pin(written) as Written)
            });
            match proxy.handle(accessor, request).await? {
                Ok(response) => {
                    head.give(Ok(accessor.with(|mut store| response.into_http(&mut store, written))?));
                    // Whoever sends it drops its end.
                    let _ = sent.await;
                }
                Err(code) => drop(head.refused.set(format!("{code:?}"))),
            }
            wasmtime::error::Ok(())
        });
        let in_time = match left {
            None => answering.await.map(|()| true)?,
            Some(left) => match tokio::time::timeout(left, answering).await {
                Ok(answered) => answered.map(|()| true)?,
                Err(_) => false,
            },
        };
        accessor.with(|store| count_fuel(store));
        self.end(number, if in_time { Outcome::Exited(0) } else { Outcome::Limited(Limit::Wall) });
        Ok(in_time)
    }
}

/// Whether what the guest sends has arrived.
type Written = Pin<Box<dyn Future<Output = std::result::Result<(), Error>> + Send>>;

/// With the name of the server that the client asked: in HTTP/1.1 it is a header.
fn absolute(mut request: Request<WasiBody>, scheme: &Scheme) -> Request<WasiBody> {
    let uri = std::mem::take(request.uri_mut());
    let host = || request.headers().get(http::header::HOST)?.to_str().ok()?.parse::<Authority>().ok();
    let authority = uri.authority().cloned().or_else(host);
    let mut parts = Parts::default();
    parts.path_and_query = Some(uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")));
    if let Some(authority) = authority {
        parts.authority = Some(authority);
        parts.scheme =
            Some(if matches!(scheme, Scheme::Https) { http::uri::Scheme::HTTPS } else { http::uri::Scheme::HTTP });
    }
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or(uri);
    request
}
