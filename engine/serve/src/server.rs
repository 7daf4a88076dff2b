// SPDX-License-Identifier: Apache-2.0
//! A server: it accepts until it is told to stop, and is drained once the last connection is gone.

use crate::body::Line;
use crate::connection::{serve, serve_tls};
use crate::listener::Listener;
use crate::pieces::{Pieces, Writer, pieces};
use crate::tls::Tls;
use crate::tracked::{Completion, Finished};
use berth_guest::{Runtime, Service};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// What a request says of itself before its body.
pub struct Head<'a> {
    pub method: &'a str,
    /// Without its port, as the client wrote it; of a request from a module the other one's name, in its zone.
    pub host: &'a str,
    /// With its query.
    pub path: &'a str,
    /// The client's address, or the name of the module that asks.
    pub peer: &'a str,
    /// Requests from module to module that led to it, it included; 0 is one over a connection.
    pub hops: u32,
    pub headers: &'a HeaderMap,
    /// The header of that name; "" when there is none, or more than one.
    pub traceparent: &'a str,
    /// What is answered already, because the request makes no sense: it goes nowhere, and is only noted.
    pub refused: Option<u16>,
}

/// Where a request goes.
pub enum Route {
    To(Arc<Service>),
    /// Nowhere: what is answered, in words or with a line, and when, in seconds, to come back.
    Refuse {
        status: u16,
        retry_after: Option<u32>,
        line: Option<Line>,
    },
    /// To C++ itself, which writes the answer.
    Given(Given),
}

/// An answer whose body is written as it is made.
pub struct Given(pub(crate) Response<Pieces>);

impl Given {
    /// With a body of `length` bytes, where that is known, and who writes it. Nothing when no server can answer so.
    pub fn new(status: u16, headers: HeaderMap, length: Option<u64>) -> Option<(Self, Writer)> {
        let (writer, body) = pieces(length);
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).ok().filter(|status| !status.is_informational())?;
        *response.headers_mut() = headers;
        Some((Given(response), writer))
    }
}

/// What is said of a request, and what it is called from then on; 0 when nothing more is told of it.
pub struct Decision {
    pub route: Route,
    /// It isn't known yet: somebody completes it, or after so long `route` holds.
    pub wait: Option<Duration>,
    pub request: usize,
    /// Nothing when it goes to the guest with the headers that it came with.
    pub trace: Option<Trace>,
}

/// The place that a request has in a trace, for its guest.
pub struct Trace {
    parent: HeaderValue,
    /// It isn't the trace that the request came with.
    fresh: bool,
}

impl Trace {
    /// `parent` is the value of `traceparent`. Nothing when it can't be one.
    pub fn new(parent: &[u8], fresh: bool) -> Option<Self> {
        Some(Trace { parent: HeaderValue::from_bytes(parent).ok()?, fresh })
    }

    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert("traceparent", self.parent);
        if self.fresh {
            headers.remove("tracestate");
        }
    }
}

/// Whoever knows the routes (C++). Called on the lanes; never blocks.
pub trait Router: Send + Sync {
    fn route(&self, head: &Head<'_>) -> Decision;

    /// Called after a route that isn't known yet, with what completes it.
    fn wait(&self, request: usize, completion: Completion);

    /// Called once for each request that has a name, when nothing is left of it on its connection.
    fn finished(&self, request: usize, finished: &Finished);

    /// Called once, when a server that was stopped has let go of its connections, or of all but so many in time.
    fn drained(&self, left: usize);
}

/// Bounds of what clients may do.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Connections at once, over all lanes.
    pub connections: usize,
    /// Streams that a client may reset, or have reset, before they are dealt with.
    pub resets: usize,
    /// Of a request's head.
    pub head_bytes: usize,
    pub head_time: Duration,
    /// Of a request's body.
    pub body_bytes: u64,
    /// How long a connection without a request, and a client that sends or takes nothing, is kept.
    pub idle_time: Duration,
    /// How long a server that is stopped waits for requests that are under way.
    pub drain_time: Duration,
    /// Requests from one module of this process to another go by this server's router, too.
    pub inside: bool,
}

/// A server that runs. Dropping it stops it.
pub struct Server {
    stop: watch::Sender<bool>,
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub router: Arc<dyn Router>,
    pub settings: Settings,
    /// Nothing where HTTP is spoken plainly.
    pub tls: Option<Arc<Tls>>,
    connections: AtomicUsize,
    /// Lanes that accept more.
    accepting: AtomicUsize,
    fewer: Notify,
}

/// One of the connections that there are.
pub(crate) struct Counted(Arc<Shared>);

impl Shared {
    /// Nothing when there are too many.
    pub fn count(self: &Arc<Self>) -> Option<Counted> {
        let before = self.connections.fetch_add(1, Relaxed);
        let counted = Counted(self.clone());
        (before < self.settings.connections).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
        self.0.fewer.notify_one();
    }
}

impl Server {
    /// Serves on the runtime's lanes, which it starts.
    pub fn start(
        runtime: &Runtime,
        listener: Listener,
        router: Arc<dyn Router>,
        settings: Settings,
        tls: Option<Arc<Tls>>,
    ) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let sockets = listener.listen()?;
        let accepting = AtomicUsize::new(sockets.len());
        let (connections, fewer) = Default::default();
        let shared = Arc::new(Shared { router, settings, tls, connections, accepting, fewer });
        if settings.inside {
            runtime.bring_inside(shared.clone());
        }
        let mut sockets = sockets.into_iter();
        runtime.on_each_lane(|lane| {
            let (shared, stopped, socket) = (shared.clone(), stopped.clone(), sockets.next());
            async move {
                if let Some(socket) = socket {
                    if let Ok(listener) = TcpListener::from_std(socket) {
                        accept(listener, &shared, &stopped).await;
                    }
                    shared.accepting.fetch_sub(1, Relaxed);
                    shared.fewer.notify_one();
                }
                if lane == 0 {
                    drain(&shared, stopped).await;
                }
            }
        })?;
        Ok(Server { stop, shared })
    }

    /// Accepts no more, and lets go of connections as their requests end.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Those that there are now.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How long accepting rests when the system has no file left for a connection.
const REST: Duration = Duration::from_millis(50);

async fn drain(shared: &Shared, mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
    let empty = async {
        while shared.connections.load(Relaxed) + shared.accepting.load(Relaxed) > 0 {
            shared.fewer.notified().await;
        }
    };
    let _ = tokio::time::timeout(shared.settings.drain_time, empty).await;
    shared.router.drained(shared.connections.load(Relaxed));
}

async fn accept(listener: TcpListener, shared: &Arc<Shared>, stopped: &watch::Receiver<bool>) {
    let mut stop = stopped.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => welcome(stream, peer, shared, stopped),
            Err(_) => tokio::time::sleep(REST).await,
        }
    }
    // Those that the system has connected already may have asked: it would cut them off.
    let Ok(listener) = listener.into_std() else { return };
    while let Ok((stream, peer)) = listener.accept() {
        if stream.set_nonblocking(true).is_ok()
            && let Ok(stream) = TcpStream::from_std(stream)
        {
            welcome(stream, peer, shared, stopped);
        }
    }
}

fn welcome(stream: TcpStream, peer: SocketAddr, shared: &Arc<Shared>, stopped: &watch::Receiver<bool>) {
    let Some(counted) = shared.count() else { return };
    let (shared, stopped) = (shared.clone(), stopped.clone());
    // Tasks of two kinds, so that a plain connection takes no room for TLS.
    match shared.tls.clone() {
        None => tokio::spawn(serve(stream, peer, shared, stopped, counted)),
        Some(tls) => tokio::spawn(serve_tls(stream, tls, peer, shared, stopped, counted)),
    };
}
