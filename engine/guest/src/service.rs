// SPDX-License-Identifier: Apache-2.0
//! A module that answers HTTP requests: each one in a fresh instance, under the module's limits, and reported once when
//! the instance is gone. The answer begins as soon as the guest gives its head; what it does afterwards, writing the
//! body or more, goes on beside it until the guest returns, a limit ends it, or whoever asked goes away.

use crate::call::{Ended, Guest, Outcome, open_store, pulse_of};
use crate::limits::Meter;
use crate::pulse::Pulse;
use crate::runtime::{Handler, Module, Runtime, Shared};
use crate::state::Metered;
use berth_doors::stdio::Output;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use wasmtime::Result;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

/// A module, and what each of its instances is given.
pub struct Service {
    shared: Arc<Shared>,
    module: Arc<Module>,
    /// Its meter says the limits of one request only: each has counters of its own.
    guest: Guest,
    counters: Counters,
    overseer: Arc<dyn Overseer>,
}

/// Whoever the ends of requests are told to (C++).
pub trait Overseer: Send + Sync {
    /// Called once for each request, when its instance is gone, on a thread of ours. Gives the status that is answered
    /// when the guest gave none.
    fn ended(&self, ended: Ended, served: &Served<'_>) -> u16;
}

/// How a request was served.
pub struct Served<'a> {
    /// What whoever asked calls it.
    pub request: usize,
    /// What the guest answered, if it did.
    pub status: Option<u16>,
    /// The error that it answered with instead.
    pub refused: Option<&'a str>,
    pub wall: Duration,
    pub cpu_used_ns: u64,
    pub fuel_used: u64,
    pub sent_bytes: u64,
    pub received_bytes: u64,
}

/// What was given for a request.
pub enum Answer {
    Response(Response<Answered>),
    /// There was none: the status for it.
    Status(u16),
}

impl Runtime {
    /// A module to answer requests, which is the caller's to keep: requests that are under way keep it, too.
    pub fn service(&self, module: Arc<Module>, guest: Guest, overseer: Arc<dyn Overseer>) -> Service {
        Service { shared: self.shared.clone(), module, guest, counters: Counters::default(), overseer }
    }
}

impl Service {
    /// On a lane. The guest's work is cancelled when the future, or the answer's body, is dropped before its end. `name`
    /// is what the request is reported by.
    pub async fn answer<B>(self: Arc<Self>, scheme: Scheme, request: Request<B>, name: usize) -> Answer
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let began = Instant::now();
        let counters = self.counters.take();
        let guest = Guest { meter: counters.meter(&self.guest.meter), ..self.guest.clone() };
        let pulse = pulse_of(&guest, false);
        let cancel = Cancel(Some(pulse.clone()));
        let (head, answered) = Head::new();
        let due = Due { service: self, name, head: head.clone(), counters, began, outcome: None };
        tokio::spawn(async move {
            let outcome = due.service.exchange(guest, &pulse, &due.head, scheme, request).await;
            due.ended(outcome);
        });
        match answered.await {
            Ok(Ok(response)) => Answer::Response(response.map(|body| Answered { body, head, cancel })),
            Ok(Err(status)) => {
                cancel.done();
                Answer::Status(status)
            }
            // The task is gone, with its runtime.
            Err(_) => Answer::Status(GONE),
        }
    }

    async fn exchange<B>(
        &self,
        guest: Guest,
        pulse: &Arc<Pulse>,
        head: &Arc<Head>,
        scheme: Scheme,
        request: Request<B>,
    ) -> Outcome
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let (budget, guards_off) = (guest.budget, guest.guards_off);
        let outputs = [Output::stdout(guest.ways), Output::stderr(guest.ways)];
        let running = async {
            let store = open_store(&self.shared, &self.module, guest, pulse.clone(), &outputs)?;
            self.handle(store, head.clone(), scheme, request).await
        };
        self.shared.measured(&self.module, pulse, budget, guards_off, running).await
    }

    async fn handle<B>(
        &self,
        mut metered: Metered,
        head: Arc<Head>,
        scheme: Scheme,
        request: Request<B>,
    ) -> Result<Outcome>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let store = &mut metered.store;
        match self.module.handler()? {
            Handler::Wasi02(handler) => {
                let handler = handler.instantiate_async(&mut *store).await?;
                let request = store.data_mut().http().new_incoming_request(scheme, request)?;
                let out = store.data_mut().http().new_response_outparam_from_callback(move |response| {
                    match response {
                        Ok(response) => head.give(Ok(response)),
                        Err(error) => drop(head.refused.set(format!("{error:?}"))),
                    };
                })?;
                handler.wasi_http_incoming_handler().call_handle(store, request, out).await?;
            }
        }
        Ok(Outcome::Exited(0))
    }
}

/// A request that has to be reported: once, however its task ends.
struct Due {
    service: Arc<Service>,
    name: usize,
    head: Arc<Head>,
    counters: &'static Set,
    began: Instant,
    outcome: Option<Outcome>,
}

impl Due {
    fn ended(mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        let (head, counters) = (&self.head, self.counters);
        let undone = || if std::thread::panicking() { Outcome::Panicked } else { Outcome::Cancelled };
        let outcome = self.outcome.take().unwrap_or_else(undone);
        head.failed.store(!matches!(outcome, Outcome::Exited(0)), Relaxed);
        let ended = Ended { outcome, still_running: false, unfinished_line: false };
        let served = Served {
            request: self.name,
            status: head.status(),
            refused: head.refused.get().map(String::as_str),
            wall: self.began.elapsed(),
            cpu_used_ns: counters.cpu_used_ns.load(Relaxed),
            fuel_used: counters.fuel_used.load(Relaxed),
            sent_bytes: counters.sent_bytes.load(Relaxed),
            received_bytes: counters.received_bytes.load(Relaxed),
        };
        let status = self.service.overseer.ended(ended, &served);
        head.give(Err(status));
        self.service.counters.put_back(counters);
    }
}

/// What is answered when this process is about to end.
const GONE: u16 = 503;

type Given = std::result::Result<Response<WasiBody>, u16>;

/// The head of an answer, which is given once.
struct Head {
    to: Mutex<Option<oneshot::Sender<Given>>>,
    status: AtomicU16,
    /// The error that the guest gave instead.
    refused: OnceLock<String>,
    /// The guest fell over, before its answer's end or after it.
    failed: AtomicBool,
}

impl Head {
    fn new() -> (Arc<Self>, oneshot::Receiver<Given>) {
        let (to, given) = oneshot::channel();
        let head = Head {
            to: Mutex::new(Some(to)),
            status: AtomicU16::new(0),
            refused: OnceLock::new(),
            failed: AtomicBool::new(false),
        };
        (Arc::new(head), given)
    }

    fn give(&self, given: Given) {
        let to = self.to.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(to) = to {
            if let Ok(response) = &given {
                self.status.store(response.status().as_u16(), Relaxed);
            }
            // Whoever asked may be gone.
            let _ = to.send(given);
        }
    }

    fn status(&self) -> Option<u16> {
        let status = self.status.load(Relaxed);
        (status != 0).then_some(status)
    }
}

/// Ends the guest's work when it is dropped, unless that is done.
struct Cancel(Option<Arc<Pulse>>);

impl Cancel {
    fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        if let Some(pulse) = self.0.take() {
            pulse.cancelled.store(true, Relaxed);
            pulse.wake.notify_one();
        }
    }
}

/// An answer's body. Who stops reading it before its end ends the guest's work.
pub struct Answered {
    body: WasiBody,
    head: Arc<Head>,
    cancel: Cancel,
}

impl Body for Answered {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(None) = polled {
            self.cancel.0 = None;
            // What the guest leaves when it falls over looks like an end.
            if self.head.failed.load(Relaxed) {
                return Poll::Ready(Some(Err(Error::HttpResponseIncomplete)));
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        // Nobody asks a body that says that it has ended.
        if self.body.is_end_stream() {
            self.cancel.0 = None;
        }
    }
}

/// What requests are counted in. A request has one set of counters for itself, whose address stays the same as long as
/// this process lives; there are as many as there were requests at once.
#[derive(Default)]
struct Counters(Mutex<Vec<&'static Set>>);

#[derive(Default)]
struct Set {
    cpu_used_ns: AtomicU64,
    cpu_throttled_ns: AtomicU64,
    fuel_used: AtomicU64,
    sent_bytes: AtomicU64,
    received_bytes: AtomicU64,
    connections: AtomicU64,
}

impl Counters {
    fn take(&self) -> &'static Set {
        let free = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop();
        free.unwrap_or_else(|| Box::leak(Box::default()))
    }

    fn put_back(&self, set: &'static Set) {
        for number in [
            &set.cpu_used_ns,
            &set.cpu_throttled_ns,
            &set.fuel_used,
            &set.sent_bytes,
            &set.received_bytes,
            &set.connections,
        ] {
            number.store(0, Relaxed);
        }
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(set);
    }
}

impl Set {
    /// With the limits of `given`.
    fn meter(&'static self, given: &Meter) -> Meter {
        Meter {
            cpu_used_ns: &self.cpu_used_ns,
            cpu_throttled_ns: &self.cpu_throttled_ns,
            fuel_used: &self.fuel_used,
            net_sent_bytes: &self.sent_bytes,
            net_received_bytes: &self.received_bytes,
            connections: &self.connections,
            ..*given
        }
    }
}
