// SPDX-License-Identifier: Apache-2.0
//! One guest's connections to HTTP servers: made through the guard, kept for a while, and never another guest's.
//!
//! Each remembers the address that was really connected to. A request gets a connection only where the policy
//! lets it go to that address: what one URL may reach another may not. Hence a pool of our own.

use crate::account::{Account, Charged};
use crate::connections::Slot;
use crate::guard::{Dialled, Guard};
use crate::http_body::Outgoing;
use crate::http_error::{Stage, from_dial, from_hyper};
use crate::names::Host;
use crate::net::Common;
use crate::tls::Tls;
use crate::traffic::{Gate, Traffic, Way};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use wasmtime_wasi_http::Error;

/// A response's head, and what HTTP/1 reads or holds to write at a time.
pub const HEAD_BYTES: usize = 128 << 10;
const MOST_HEADERS: usize = 256;
/// HTTP/2: what a server may send of one answer before the guest reads it, and answers at once. Together they are
/// the connection's window, so that no unread answer stops another.
const WINDOW: u32 = 512 << 10;
const MOST_STREAMS: usize = 32;
const SEND_BUFFER: usize = 64 << 10;
/// Connections that wait for their next request.
const IDLE_OF_ORIGIN: usize = 8;
const IDLE: usize = 32;
const IDLE_TIME: Duration = Duration::from_secs(60);
/// How long one that was ended is waited for, to take its place.
const ENDING: Duration = Duration::from_secs(1);

/// Where requests with the same connections go.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    pub tls: bool,
    pub host: String,
    pub port: u16,
}

pub struct Pool {
    guard: Arc<Guard>,
    common: Arc<Common>,
    traffic: Arc<Traffic>,
    tls: Tls,
    shelves: Mutex<HashMap<Origin, Shelf>>,
    tasks: Tasks,
}

#[derive(Default)]
struct Shelf {
    idle: Vec<(Instant, One)>,
    shared: Vec<Two>,
    /// Whether the server speaks HTTP/2, once that is known.
    speaks_two: Option<bool>,
    /// Held while a connection is made that others could share.
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct One {
    sender: http1::SendRequest<Outgoing>,
    address: IpAddr,
}

#[derive(Clone)]
struct Two {
    sender: http2::SendRequest<Outgoing>,
    address: IpAddr,
    streams: Arc<AtomicUsize>,
}

/// A connection for one request.
pub enum Line {
    One(Box<OneLine>),
    Two(TwoLine),
}

pub struct OneLine {
    one: One,
    fresh: bool,
}

pub struct TwoLine {
    two: Two,
    _stream: Stream,
}

/// One of a connection's streams, counted.
struct Stream(Arc<AtomicUsize>);

impl Stream {
    fn of(two: &Two) -> Self {
        two.streams.fetch_add(1, Relaxed);
        Stream(two.streams.clone())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// A connection whose answer is being read.
pub struct Used {
    pool: Arc<Pool>,
    origin: Origin,
    line: Line,
}

impl Used {
    pub fn give_back(self) {
        if let Line::One(line) = self.line {
            self.pool.shelve(self.origin, line.one);
        }
    }
}

type Request = http::Request<Outgoing>;

impl Line {
    /// Whether it is the connection's first request, which has no excuse to fail.
    pub fn is_fresh(&self) -> bool {
        match self {
            Line::One(line) => line.fresh,
            Line::Two(_) => false,
        }
    }

    pub fn is_two(&self) -> bool {
        matches!(self, Line::Two(_))
    }

    pub async fn send(&mut self, request: Request) -> Result<http::Response<Incoming>, TrySendError<Request>> {
        match self {
            Line::One(line) => line.one.sender.try_send_request(request).await,
            Line::Two(line) => line.two.sender.try_send_request(request).await,
        }
    }

    pub fn used(self, pool: &Arc<Pool>, origin: Origin) -> Used {
        Used { pool: pool.clone(), origin, line: self }
    }
}

impl Pool {
    pub fn new(common: Arc<Common>, guard: Arc<Guard>, traffic: Arc<Traffic>) -> Arc<Self> {
        let tasks = Tasks { account: guard.account().clone(), set: Arc::default() };
        Arc::new(Pool { guard, common, traffic, tls: Tls::default(), shelves: Mutex::default(), tasks })
    }

    /// Ends every connection.
    pub fn close(&self) {
        self.shelves().clear();
        self.tasks.end();
    }

    /// A connection to `host`, which `origin` names: an open one, or a new one. `permitted` asks the policy about
    /// an address; it is told whether a refusal matters, as there may be other addresses.
    pub async fn line(
        &self,
        origin: &Origin,
        host: &Host,
        permitted: impl Fn(IpAddr, Quiet) -> bool,
    ) -> Result<Line, Error> {
        let open = |address: IpAddr| permitted(address, Quiet(true));
        if let Some(line) = self.open_line(origin, open) {
            return Ok(line);
        }
        let mut turn = None;
        if let Some(wait) = self.turn(origin) {
            turn = Some(wait.lock_owned().await);
            if let Some(line) = self.open_line(origin, open) {
                return Ok(line);
            }
            // Somebody found out meanwhile that connections can't be shared.
            if self.turn(origin).is_none() {
                turn = None;
            }
        }
        let connected = self.connect(origin, host, |address| permitted(address, Quiet(false))).await;
        drop(turn);
        connected
    }

    /// What to hold while connecting, where the connection may turn out to be one for many requests.
    fn turn(&self, origin: &Origin) -> Option<Arc<tokio::sync::Mutex<()>>> {
        if !origin.tls {
            return None;
        }
        let mut shelves = self.shelves();
        let shelf = shelves.entry(origin.clone()).or_default();
        (shelf.speaks_two != Some(false)).then(|| shelf.turn.clone())
    }

    fn open_line(&self, origin: &Origin, permitted: impl Fn(IpAddr) -> bool) -> Option<Line> {
        let mut shelves = self.shelves();
        let shelf = shelves.get_mut(origin)?;
        shelf.shared.retain(|two| !two.sender.is_closed());
        shelf.idle.retain(|(since, one)| !one.sender.is_closed() && since.elapsed() < IDLE_TIME);
        let free = |two: &&Two| two.streams.load(Relaxed) < MOST_STREAMS && permitted(two.address);
        if let Some(two) = shelf.shared.iter().find(free) {
            return Some(Line::Two(TwoLine { two: two.clone(), _stream: Stream::of(two) }));
        }
        let ready = shelf.idle.iter().rposition(|(_, one)| one.sender.is_ready() && permitted(one.address))?;
        let (_, one) = shelf.idle.remove(ready);
        Some(Line::One(Box::new(OneLine { one, fresh: false })))
    }

    async fn connect(&self, origin: &Origin, host: &Host, permitted: impl Fn(IpAddr) -> bool) -> Result<Line, Error> {
        let slot = self.slot().await.ok_or(Error::ConnectionLimitReached)?;
        let dialled = self.guard.dial(host, origin.port, slot, permitted).await.map_err(from_dial)?;
        let Dialled { stream, address, slot } = dialled;
        let _ = stream.set_nodelay(true);
        let stream = Metered {
            stream,
            _slot: slot,
            account: self.guard.account().clone(),
            going: Gate::new(self.traffic.clone(), Way::Out),
            coming: Gate::new(self.traffic.clone(), Way::In),
        };
        if !origin.tls {
            return self.speak_one(stream, address).await;
        }
        let stream = self.tls.connect(&self.common.roots, host, stream).await?;
        let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        self.shelves().entry(origin.clone()).or_default().speaks_two = Some(two);
        if two { self.speak_two(stream, address, origin).await } else { self.speak_one(stream, address).await }
    }

    async fn speak_one<S>(&self, stream: S, address: IpAddr) -> Result<Line, Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut settings = http1::Builder::new();
        settings.max_buf_size(HEAD_BYTES).max_headers(MOST_HEADERS).max_header_size(HEAD_BYTES);
        let shaken = settings.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|e| from_hyper(&e, Stage::BeforeHead, HEAD_BYTES))?;
        self.tasks.spawn(async move {
            let _ = connection.await;
        });
        Ok(Line::One(Box::new(OneLine { one: One { sender, address }, fresh: true })))
    }

    async fn speak_two<S>(&self, stream: S, address: IpAddr, origin: &Origin) -> Result<Line, Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut settings = http2::Builder::new(self.tasks.clone());
        settings
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW * MOST_STREAMS as u32)
            .max_header_list_size(HEAD_BYTES as u32)
            .max_send_buf_size(SEND_BUFFER);
        let shaken = settings.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|e| from_hyper(&e, Stage::BeforeHead, HEAD_BYTES))?;
        self.tasks.spawn(async move {
            let _ = connection.await;
        });
        let two = Two { sender, address, streams: Arc::default() };
        let stream = Stream::of(&two);
        self.shelves().entry(origin.clone()).or_default().shared.push(two.clone());
        Ok(Line::Two(TwoLine { two, _stream: stream }))
    }

    /// Whether the module may send or receive no more today.
    pub fn is_spent(&self) -> bool {
        self.traffic.day.as_ref().is_some_and(|day| [Way::Out, Way::In].iter().any(|way| day.left(*way, 1).is_err()))
    }

    /// A slot for something that goes out. Where there is none, connections that wait for their next request make room.
    pub async fn slot(&self) -> Option<Slot> {
        let connections = &self.traffic.connections;
        if let Some(slot) = connections.try_slot() {
            return Some(slot);
        }
        while self.end_idle() {
            if let Ok(slot) = timeout(ENDING, connections.clone().slot()).await {
                return Some(slot);
            }
        }
        connections.refuse();
        None
    }

    /// Ends the connection that has waited longest for its next request, if there is one.
    fn end_idle(&self) -> bool {
        let mut shelves = self.shelves();
        let waiting = shelves.iter().filter_map(|(origin, shelf)| {
            let oldest = shelf.idle.iter().enumerate().min_by_key(|(_, (since, _))| *since)?;
            Some((oldest.1.0, oldest.0, origin.clone()))
        });
        if let Some((_, place, origin)) = waiting.min_by_key(|(since, ..)| *since) {
            shelves.get_mut(&origin).map(|shelf| shelf.idle.remove(place));
            return true;
        }
        let unused = |two: &Two| two.streams.load(Relaxed) == 0;
        shelves.values_mut().any(|shelf| {
            let place = shelf.shared.iter().position(unused);
            place.map(|place| shelf.shared.remove(place)).is_some()
        })
    }

    fn shelve(&self, origin: Origin, one: One) {
        if one.sender.is_closed() {
            return;
        }
        let mut shelves = self.shelves();
        let held: usize = shelves.values().map(|shelf| shelf.idle.len()).sum();
        if held >= IDLE {
            for shelf in shelves.values_mut() {
                shelf.idle.retain(|(since, one)| !one.sender.is_closed() && since.elapsed() < IDLE_TIME);
            }
            // A guest that asks many servers once each remembers none of them.
            shelves.retain(|_, shelf| !shelf.idle.is_empty() || !shelf.shared.is_empty());
        }
        let held: usize = shelves.values().map(|shelf| shelf.idle.len()).sum();
        let shelf = shelves.entry(origin).or_default();
        if held < IDLE && shelf.idle.len() < IDLE_OF_ORIGIN {
            shelf.idle.push((Instant::now(), one));
        }
    }

    fn shelves(&self) -> MutexGuard<'_, HashMap<Origin, Shelf>> {
        self.shelves.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Whether a refusal goes unsaid.
pub struct Quiet(pub bool);

/// The tasks of one guest's connections: they end with it, and their CPU time is its own.
#[derive(Clone)]
struct Tasks {
    account: Arc<Account>,
    set: Arc<Mutex<Option<JoinSet<()>>>>,
}

impl Tasks {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.set.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let set = set.get_or_insert_default();
        while set.try_join_next().is_some() {}
        set.spawn(Charged::new(self.account.clone(), task));
    }

    fn end(&self) {
        let mut set = self.set.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let ended = set.take();
        // Whatever goes with a task may want to spawn another.
        drop(set);
        drop(ended);
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}

/// A connection whose bytes are counted, and held to the module's rate.
struct Metered {
    stream: TcpStream,
    _slot: Slot,
    account: Arc<Account>,
    going: Gate,
    coming: Gate,
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Metered { stream, account, coming, .. } = &mut *self;
        let room = ready!(coming.poll_take(cx, buffer.remaining())).map_err(io::Error::from)?;
        let before = buffer.filled().len();
        let polled = if room == buffer.remaining() {
            Pin::new(stream).poll_read(cx, buffer)
        } else {
            let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
            let polled = Pin::new(stream).poll_read(cx, &mut part);
            let count = part.filled().len();
            buffer.advance(count);
            polled
        };
        let count = buffer.filled().len() - before;
        coming.give_back(room - count);
        account.count_received(count);
        polled
    }
}

impl Metered {
    /// Writes as many bytes as may be sent now.
    fn send(
        &mut self,
        cx: &mut Context<'_>,
        bytes: usize,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>, usize) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let may = ready!(self.going.poll_take(cx, bytes)).map_err(io::Error::from)?;
        let polled = write(Pin::new(&mut self.stream), cx, may);
        let written = if let Poll::Ready(Ok(written)) = &polled { *written } else { 0 };
        self.going.give_back(may - written);
        self.account.count_sent(written);
        polled
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.send(cx, bytes.len(), |stream, cx, may| stream.poll_write(cx, &bytes[..may]))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes = pieces.iter().map(|piece| piece.len()).sum();
        self.send(cx, bytes, |stream, cx, may| {
            if may == bytes {
                return stream.poll_write_vectored(cx, pieces);
            }
            let first = pieces.iter().find(|piece| !piece.is_empty()).map_or(&[][..], |piece| piece);
            stream.poll_write(cx, &first[..first.len().min(may)])
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
