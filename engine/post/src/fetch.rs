// SPDX-License-Identifier: Apache-2.0
//! Requests of any method to any server, one at a time: the answer's body is handed over as it comes, and never kept.
//!
//! No redirect is followed and nothing is tried twice here, but for a connection that was closed while it rested, and then
//! only what may be asked twice, or was never written: who asks decides. A [`Client`] runs its event loop on the thread that
//! asks, and calls its [`Taker`] there.

use crate::dial::{NoLine, dial};
use crate::heard::Heard;
use crate::sent::{Feed, Going};
use crate::target::Target;
use crate::tls::Tls;
use crate::{handshake, said};
use berth_doors::resolver::Resolver;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};

/// The longest head of an answer, and the most that is read at once.
const BUFFER: usize = 256 << 10;
/// Connections that rest.
const KEPT: usize = 4;
const TLS_TIME: Duration = Duration::from_secs(10);

/// A request.
pub struct Ask<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: Vec<(String, String)>,
    pub body: Sending<'a>,
    pub bounds: Bounds,
}

/// A request's body.
pub enum Sending<'a> {
    Whole(&'a [u8]),
    /// What the [`Taker`] gives, a piece at a time, over a connection of its own: it can't be given twice.
    Pieces,
}

/// Of a body that streams.
pub enum Next {
    /// Not empty.
    Piece(Vec<u8>),
    End,
    /// It won't come to its end: the request neither.
    Broken,
}

/// How far a request may go.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// Of the answer's body.
    pub most_bytes: u64,
    /// In each such span at least `least_bytes` go or come, or the answer begins or ends.
    pub span: Duration,
    pub least_bytes: u64,
    /// For all of it.
    pub most_time: Duration,
}

/// How an answer begins.
pub struct Head {
    pub status: u16,
    pub headers: HeaderMap,
    /// Who answers.
    pub address: IpAddr,
}

/// Who gets an answer, a piece at a time.
pub trait Taker {
    /// Whether this address may be connected to.
    fn may_reach(&mut self, address: IpAddr) -> bool;
    /// False: nothing of the body is wanted.
    fn head(&mut self, head: &Head) -> bool;
    /// False: no more of it.
    fn bytes(&mut self, bytes: &[u8]) -> bool;
    /// What stands behind the body.
    fn trailers(&mut self, _trailers: &HeaderMap) {}
    /// Of [`Sending::Pieces`]. While it waits here, nobody is too slow.
    fn next(&mut self) -> Next {
        Next::Broken
    }
}

/// Why there is no answer, or no whole one.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// With what is asked.
    Wrong(String),
    /// The address that may not be reached.
    Denied(IpAddr),
    /// The body is longer than it may be.
    TooLong,
    /// The connection, or the server; it may work later.
    Failed(String),
    /// A [`Stop`] was given.
    Stopped,
    /// By [`Next::Broken`].
    Broken,
}

/// Asks servers, and keeps connections to the last of them.
pub struct Client {
    runtime: Runtime,
    lines: Lines,
    stops: watch::Receiver<bool>,
}

/// Ends what a [`Client`] does, from another thread, and all that it is asked for later.
pub struct Stop(watch::Sender<bool>);

impl Stop {
    pub fn now(&self) {
        self.0.send_replace(true);
    }
}

struct Lines {
    roots: Vec<u8>,
    tls: Option<Tls>,
    resolver: Resolver,
    kept: Vec<Kept>,
}

struct Kept {
    secure: bool,
    authority: String,
    address: IpAddr,
    sender: SendRequest<Going>,
}

impl Client {
    /// `roots` are the certificates to trust, in PEM, instead of this machine's; empty: those.
    pub fn new(roots: &[u8]) -> Result<(Self, Stop), String> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().max_blocking_threads(1).build();
        let runtime = runtime.map_err(|e| format!("no event loop: {e}"))?;
        let (stop, stops) = watch::channel(false);
        let tls = if roots.is_empty() { None } else { Some(Tls::new(roots)?) };
        let lines = Lines { roots: roots.to_vec(), tls, resolver: Resolver::new(Vec::new()), kept: Vec::new() };
        Ok((Client { runtime, lines, stops }, Stop(stop)))
    }

    /// Waits until the answer was handed to the taker, or until the taker wants no more of it.
    pub fn fetch(&mut self, ask: Ask<'_>, taker: &mut dyn Taker) -> Result<(), Trouble> {
        let most = ask.bounds.most_time;
        let (lines, stops) = (&mut self.lines, &mut self.stops);
        self.runtime.block_on(async {
            let late = || Trouble::Failed(format!("it isn't answered whole within {} s", most.as_secs()));
            tokio::select! {
                biased;
                // Nobody is left who could stop it: that is no reason to.
                Ok(_) = stops.wait_for(|stopped| *stopped) => Err(Trouble::Stopped),
                done = timeout(most, lines.fetch(ask, taker)) => done.unwrap_or_else(|_| Err(late())),
            }
        })
    }
}

impl Lines {
    async fn fetch(&mut self, ask: Ask<'_>, taker: &mut dyn Taker) -> Result<(), Trouble> {
        let target = Target::new(ask.url, &ask.headers).map_err(Trouble::Wrong)?;
        let method = Method::from_bytes(ask.method.as_bytes()).map_err(|_| Trouble::Wrong("no such method".into()))?;
        let whole = match ask.body {
            Sending::Pieces => None,
            Sending::Whole(bytes) => Some(Bytes::copy_from_slice(bytes)),
        };
        let going = || match &whole {
            Some(bytes) => (Going::whole(bytes.clone()), Feed::none()),
            None => Going::fed(),
        };
        if whole.is_some()
            && let Some(mut kept) = self.rested(&target, taker)
            && is_open(&mut kept.sender).await
        {
            let (body, mut feed) = going();
            let gone = body.gone.clone();
            let asked = kept.sender.send_request(request(&target, &method, body));
            match watched(asked, &mut feed, &gone, ask.bounds, taker).await? {
                Ok(response) => return self.read(kept, response, (feed, &gone), ask.bounds, taker).await,
                Err(e) if !e.is_canceled() && !method.is_idempotent() => return Err(Trouble::Failed(said(&e))),
                Err(_) => {}
            }
        }
        let mut fresh = self.connect(&target, taker).await?;
        let (body, mut feed) = going();
        let gone = body.gone.clone();
        let asked = fresh.sender.send_request(request(&target, &method, body));
        let response = watched(asked, &mut feed, &gone, ask.bounds, taker).await?;
        self.read(fresh, response.map_err(|e| Trouble::Failed(said(&e)))?, (feed, &gone), ask.bounds, taker).await
    }

    /// A connection to that server that rests here, and to an address that may be reached.
    fn rested(&mut self, target: &Target, taker: &mut dyn Taker) -> Option<Kept> {
        let authority = target.authority();
        let fits = |kept: &Kept| kept.secure == target.secure && kept.authority == authority;
        let at = self.kept.iter().position(fits)?;
        let kept = self.kept.swap_remove(at);
        taker.may_reach(kept.address).then_some(kept)
    }

    async fn connect(&mut self, target: &Target, taker: &mut dyn Taker) -> Result<Kept, Trouble> {
        let mut may = |address| taker.may_reach(address);
        let dialled = dial(&self.resolver, &target.host, target.port, &mut may).await;
        let (stream, address) = dialled.map_err(|why| match why {
            NoLine::Denied(address) => Trouble::Denied(address),
            NoLine::Failed(text) => Trouble::Failed(text),
        })?;
        let sender = if target.secure {
            let tls = match &mut self.tls {
                Some(tls) => tls,
                none => none.insert(Tls::new(&self.roots).map_err(Trouble::Wrong)?),
            };
            let secured = timeout(TLS_TIME, tls.connect(&target.host, stream)).await;
            let secured = secured.unwrap_or_else(|_| Err("TLS: no answer in time".into()));
            handshake(Heard::new(secured.map_err(Trouble::Failed)?), BUFFER).await
        } else {
            handshake(Heard::new(stream), BUFFER).await
        };
        let sender = sender.map_err(Trouble::Failed)?;
        Ok(Kept { secure: target.secure, authority: target.authority(), address, sender })
    }

    async fn read(
        &mut self,
        line: Kept,
        response: Response<Incoming>,
        (mut feed, gone): (Feed, &AtomicU64),
        bounds: Bounds,
        taker: &mut dyn Taker,
    ) -> Result<(), Trouble> {
        let (parts, mut body) = response.into_parts();
        let head = Head { status: parts.status.as_u16(), headers: parts.headers, address: line.address };
        // Who refuses a request wants no more of it, and says why.
        if !parts.status.is_success() {
            feed.rest();
        }
        // Of one that isn't read to its end the connection is no good any more.
        if !taker.head(&head) {
            return Ok(());
        }
        if body.size_hint().lower() > bounds.most_bytes {
            return Err(Trouble::TooLong);
        }
        let mut came = 0;
        // An answer may begin while its request still goes.
        let mut before = gone.load(Ordering::Relaxed);
        let mut look = Instant::now() + bounds.span;
        while !body.is_end_stream() {
            let frame = tokio::select! {
                biased;
                frame = body.frame() => frame,
                () = feed.wanted() => {
                    look += feed.give(taker)?;
                    continue;
                }
                () = sleep_until(look) => {
                    let now = came + gone.load(Ordering::Relaxed);
                    if now - before < bounds.least_bytes {
                        return Err(slow(bounds));
                    }
                    (before, look) = (now, Instant::now() + bounds.span);
                    continue;
                }
            };
            let Some(frame) = frame else { break };
            let piece = match frame.map_err(|e| Trouble::Failed(said(&e)))?.into_data() {
                Ok(piece) => piece,
                Err(other) => {
                    let _ = other.into_trailers().map(|trailers| taker.trailers(&trailers));
                    continue;
                }
            };
            came += piece.len() as u64;
            if came > bounds.most_bytes {
                return Err(Trouble::TooLong);
            }
            if !taker.bytes(&piece) {
                return Ok(());
            }
        }
        if feed.is_done() {
            if self.kept.len() == KEPT {
                self.kept.remove(0);
            }
            self.kept.push(line);
        }
        Ok(())
    }
}

/// Whether a connection that rested is still one, as far as can be seen from here. Nothing ran while nobody asked: first
/// the event loop hears what came meanwhile, and then the connection does.
async fn is_open(sender: &mut SendRequest<Going>) -> bool {
    for _ in 0..3 {
        yield_now().await;
    }
    sender.ready().await.is_ok()
}

/// Waits for the head of an answer, for as long as the request goes out fast enough, and then for one span more.
async fn watched<T>(
    asked: impl Future<Output = T>,
    feed: &mut Feed,
    gone: &AtomicU64,
    bounds: Bounds,
    taker: &mut dyn Taker,
) -> Result<T, Trouble> {
    let mut asked = std::pin::pin!(asked);
    let (mut before, mut look) = (gone.load(Ordering::Relaxed), Instant::now() + bounds.span);
    loop {
        tokio::select! {
            biased;
            answered = &mut asked => return Ok(answered),
            () = feed.wanted() => look += feed.give(taker)?,
            () = sleep_until(look) => {
                let now = gone.load(Ordering::Relaxed);
                if now - before < bounds.least_bytes {
                    return Err(slow(bounds));
                }
                (before, look) = (now, Instant::now() + bounds.span);
            }
        }
    }
}

fn slow(bounds: Bounds) -> Trouble {
    let text = format!("less than {} bytes came or went in {} ms", bounds.least_bytes, bounds.span.as_millis());
    Trouble::Failed(text)
}

fn request(target: &Target, method: &Method, body: Going) -> Request<Going> {
    let mut request = Request::new(body);
    *request.method_mut() = method.clone();
    *request.uri_mut() = target.path.clone().into();
    request.headers_mut().clone_from(&target.headers);
    request
}

#[cfg(test)]
mod tests;
