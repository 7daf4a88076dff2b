// SPDX-License-Identifier: Apache-2.0
//! A module that answers HTTP requests, under its limits, each request reported once when the guest's work for it is done.
//! The answer begins as soon as the guest gives its head; what it does afterwards, writing the body or more, goes on
//! beside it until the guest returns, a limit ends it, or whoever asked goes away.

use crate::call::{Ended, Guest, Outcome};
use crate::exchange::{Answered, Due, Given, Head, Work};
use crate::instances::{self, Instance, Instances};
use crate::limits::GuardsOff;
use crate::measure::Used;
use crate::runtime::{Handler, Module, Runtime};
use crate::workers::Workers;
use berth_doors::inside::Trail;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use wasmtime::Result;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

/// A module that answers requests.
pub struct Service {
    kind: Kind,
    overseer: Arc<dyn Overseer>,
}

enum Kind {
    /// One request at a time in an instance, on a fiber.
    Wasi02(Box<Instances>),
    /// In the component model's event loop.
    Wasi03(Workers),
}

/// How instances are used again.
#[derive(Clone, Copy, Debug)]
pub struct Reuse {
    /// Requests that an instance answers.
    pub requests: u32,
    /// Those that it may answer at once.
    pub at_once: u32,
}

/// How a request has come.
pub struct Asked {
    pub scheme: Scheme,
    /// What it is reported by.
    pub name: usize,
    /// Requests from module to module that led to it, it included; 0 is one from outside.
    pub hops: u32,
}

/// Whoever the ends of requests are told to (C++).
pub trait Overseer: Send + Sync {
    /// Called once for each request, when the guest's work for it is done, on a thread of ours. Gives the status that is
    /// answered when the guest gave none.
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
    /// Where several requests are with an instance, since the last of them was reported.
    pub used: Used,
}

/// What was given for a request.
pub enum Answer {
    Response(Response<Answered>),
    /// There was none: the status for it.
    Status(u16),
}

impl Answer {
    fn of(
        given: std::result::Result<Given, oneshot::error::RecvError>,
        answered: impl FnOnce(Response<WasiBody>) -> Response<Answered>,
    ) -> Self {
        match given {
            Ok(Ok(response)) => Answer::Response(answered(response)),
            Ok(Err(status)) => Answer::Status(status),
            Err(_) => Answer::Status(GONE),
        }
    }
}

/// What is answered when this process is about to end: every other work reports itself.
const GONE: u16 = 503;

impl Runtime {
    /// A module to answer requests, which is the caller's to keep: requests that are under way keep it, too. The meter of
    /// `guest` says the limits of one request only: its counters aren't used.
    pub fn service(&self, answers: Answers, guest: Guest, overseer: Arc<dyn Overseer>) -> Service {
        let Answers { module, handler, reuse } = answers;
        let lanes = self.lane_count();
        let given = instances::Given { shared: self.shared.clone(), module, guest, overseer: overseer.clone() };
        let kind = match handler {
            Handler::Wasi02(handler) => Kind::Wasi02(Box::new(Instances::new(given, handler, reuse.requests, lanes))),
            Handler::Wasi03(handler) => Kind::Wasi03(Workers::new(given, handler, reuse, lanes)),
        };
        Service { kind, overseer }
    }
}

/// A module that can answer requests, and how its instances do.
pub struct Answers {
    module: Arc<Module>,
    handler: Handler,
    reuse: Reuse,
}

impl Module {
    /// Fails when it can't answer requests this way, and says why.
    pub fn answers_http(self: &Arc<Self>, reuse: Reuse) -> Result<Answers> {
        let handler = self.handler()?.clone();
        if reuse.at_once > 1 && matches!(handler, Handler::Wasi02(_)) {
            return Err(wasmtime::Error::msg("an instance of WASI 0.2 answers one request at a time, and no more"));
        }
        Ok(Answers { module: self.clone(), handler, reuse })
    }
}

impl Service {
    /// On a lane. The guest's work is cancelled when the future, or the answer's body, is dropped before its end; where an
    /// instance answers several requests at once, it goes on.
    pub async fn answer<B>(self: Arc<Self>, asked: Asked, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let (head, given) = Head::new();
        let due = Due::new(self.overseer.clone(), asked.name, head.clone());
        match &self.kind {
            Kind::Wasi02(_) => self.answer_alone(due, given, asked, request).await,
            Kind::Wasi03(workers) => {
                let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
                let (work, sent) = workers.hand(due, &asked, request);
                let given = given.await;
                Answer::of(given, |response| Answered::new(response, head, work, Some(sent)))
            }
        }
    }

    async fn answer_alone<B>(
        self: Arc<Self>,
        due: Due,
        mut given: oneshot::Receiver<Given>,
        asked: Asked,
        request: Request<B>,
    ) -> Answer
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let head = due.head.clone();
        // Most guests are done when they have answered: what goes on after that gets a task of its own.
        let mut work = Box::pin(self.work(due, asked, request));
        let mut over = false;
        let given = std::future::poll_fn(|cx| {
            over = over || work.as_mut().poll(cx).is_ready();
            Pin::new(&mut given).poll(cx)
        })
        .await;
        Answer::of(given, |response| {
            let work = Work((!over).then(|| tokio::spawn(work).abort_handle()));
            Answered::new(response, head, work, None)
        })
    }

    async fn work<B>(self: Arc<Self>, mut due: Due, asked: Asked, request: Request<B>)
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let Some(instances) = self.instances() else { return };
        let (measure, mut instance) = instances.take();
        due.measure = Some(measure.clone());
        let head = due.head.clone();
        let mut done = false;
        let work = async {
            let instance = match &mut instance {
                Some(instance) => instance,
                none => none.insert(instances.make(measure.clone()).await?),
            };
            handle(instance, head, asked, request).await?;
            done = true;
            Ok(Outcome::Exited(0))
        };
        let outcome = instances.given().measured(&measure, work).await;
        // One that fell, or was ended amid its work, answers no more, and is gone before that is told.
        let again = done || instances.given().guest.guards_off.has(GuardsOff::AGAIN);
        if !again && let Some(instance) = instance.take() {
            instance.gone().await;
        }
        due.ended(outcome);
        if let Some(instance) = instance {
            instances.keep(instance);
        }
        Instances::look_ahead(&self, Service::instances);
    }

    /// On a lane: makes an instance as for a request, to see whether it can be made. How that ended.
    pub(crate) async fn make_one(self: &Arc<Self>) -> Outcome {
        let outcome = match &self.kind {
            Kind::Wasi02(instances) => instances.make_one().await,
            Kind::Wasi03(workers) => workers.make_one().await,
        };
        Instances::look_ahead(self, Service::instances);
        outcome
    }

    fn instances(&self) -> Option<&Instances> {
        match &self.kind {
            Kind::Wasi02(instances) => Some(instances),
            Kind::Wasi03(_) => None,
        }
    }
}

async fn handle<B>(instance: &mut Instance, head: Arc<Head>, asked: Asked, request: Request<B>) -> Result<()>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Error>,
{
    let (store, handler) = instance.begin()?;
    store.data_mut().doors.net.http.follow(Trail::of(request.headers(), asked.hops), false);
    let (request, out) = {
        let mut http = store.data_mut().http();
        let request = http.new_incoming_request(asked.scheme, request)?;
        let out = http.new_response_outparam_from_callback(move |response| match response {
            Ok(response) => head.give(Ok(response)),
            Err(error) => drop(head.refused.set(format!("{error:?}"))),
        })?;
        (request, out)
    };
    handler.wasi_http_incoming_handler().call_handle(&mut *store, request, out).await?;
    instance.end();
    Ok(())
}
