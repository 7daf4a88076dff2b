// SPDX-License-Identifier: Apache-2.0
//! One guest's way to HTTP servers: by a connection that its module keeps, or by a new one, made through the guard.

use crate::guard::{Dialled, Guard};
use crate::http_body::Outgoing;
use crate::http_error::{Stage, from_dial, from_hyper};
use crate::http_pool::{Kept, MOST_STREAMS, One, Origin, Pool, Stream, Two};
use crate::http_wire::{HEAD_BYTES, Metered, Wire};
use crate::names::Host;
use crate::net::Common;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};
use wasmtime_wasi_http::Error;

const MOST_HEADERS: usize = 256;
/// HTTP/2: what a server may send of one answer before the guest reads it, and answers at once. Together they are
/// the connection's window, so that no unread answer stops another.
const WINDOW: u32 = 512 << 10;
const SEND_BUFFER: usize = 64 << 10;

pub struct Lines {
    common: Arc<Common>,
    guard: Arc<Guard>,
    pool: Arc<Pool>,
    turns: Mutex<HashMap<Origin, Turn>>,
}

/// Held while a connection is made that others of the guest could share.
type Turn = Arc<tokio::sync::Mutex<()>>;

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

/// A connection whose answer is being read.
pub struct Used {
    pool: Arc<Pool>,
    origin: Origin,
    line: Line,
}

impl Used {
    pub fn give_back(self) {
        if let Line::One(line) = self.line {
            self.pool.keep_one(self.origin, line.one);
        }
    }
}

/// Whether a refusal goes unsaid.
pub struct Quiet(pub bool);

type Request = http::Request<Outgoing>;

impl Line {
    fn kept(kept: Kept) -> Self {
        match kept {
            Kept::One(one) => Line::One(Box::new(OneLine { one, fresh: false })),
            Kept::Two(two, stream) => Line::Two(TwoLine { two, _stream: stream }),
        }
    }

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

impl Lines {
    pub fn new(common: Arc<Common>, guard: Arc<Guard>, pool: Arc<Pool>) -> Arc<Self> {
        Arc::new(Lines { common, guard, pool, turns: Mutex::default() })
    }

    pub fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// A connection to `host`, which `origin` names: an open one, or a new one. `permitted` asks the policy about
    /// an address; it is told whether a refusal matters, as there may be other addresses.
    pub async fn line(
        &self,
        origin: &Origin,
        host: &Host,
        permitted: impl Fn(IpAddr, Quiet) -> bool,
    ) -> Result<Line, Error> {
        let open = || self.pool.take(origin, self.guard.account(), |address| permitted(address, Quiet(true)));
        if let Some(kept) = open() {
            return Ok(Line::kept(kept));
        }
        let mut turn = None;
        if let Some(wait) = self.turn(origin) {
            turn = Some(wait.lock_owned().await);
            if let Some(kept) = open() {
                return Ok(Line::kept(kept));
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
    fn turn(&self, origin: &Origin) -> Option<Turn> {
        if !origin.tls || self.pool.speaks_two(origin) == Some(false) {
            return None;
        }
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody holds say nothing.
        turns.retain(|other, turn| other == origin || Arc::strong_count(turn) > 1);
        Some(turns.entry(origin.clone()).or_default().clone())
    }

    async fn connect(&self, origin: &Origin, host: &Host, permitted: impl Fn(IpAddr) -> bool) -> Result<Line, Error> {
        let slot = self.pool.slot().await.ok_or(Error::ConnectionLimitReached)?;
        let dialled = self.guard.dial(host, origin.port, slot, permitted).await.map_err(from_dial)?;
        let Dialled { stream, address, slot } = dialled;
        let _ = stream.set_nodelay(true);
        let wire = Wire::new(address, self.guard.account().clone());
        let stream = Metered::new(stream, slot, wire.payer().clone(), self.pool.traffic());
        if !origin.tls {
            return speak_one(stream, wire).await;
        }
        let stream = self.pool.tls.connect(&self.common.roots, host, stream).await?;
        let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        self.pool.learn(origin, two);
        if two { self.speak_two(stream, wire, origin).await } else { speak_one(stream, wire).await }
    }

    async fn speak_two<S>(&self, stream: S, wire: Wire, origin: &Origin) -> Result<Line, Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut settings = http2::Builder::new(wire.tasks().clone());
        settings
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW * MOST_STREAMS as u32)
            .max_header_list_size(HEAD_BYTES as u32)
            .max_send_buf_size(SEND_BUFFER);
        let shaken = settings.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|e| from_hyper(&e, Stage::BeforeHead, HEAD_BYTES))?;
        wire.tasks().spawn(async move {
            let _ = connection.await;
        });
        let two = Two { sender, wire: Arc::new(wire), streams: Arc::default() };
        let stream = Stream::of(&two);
        self.pool.keep_two(origin, two.clone());
        Ok(Line::Two(TwoLine { two, _stream: stream }))
    }
}

async fn speak_one<S>(stream: S, wire: Wire) -> Result<Line, Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut settings = http1::Builder::new();
    settings.max_buf_size(HEAD_BYTES).max_headers(MOST_HEADERS).max_header_size(HEAD_BYTES);
    let shaken = settings.handshake(TokioIo::new(stream)).await;
    let (sender, connection) = shaken.map_err(|e| from_hyper(&e, Stage::BeforeHead, HEAD_BYTES))?;
    wire.tasks().spawn(async move {
        let _ = connection.await;
    });
    Ok(Line::One(Box::new(OneLine { one: One { sender, wire }, fresh: true })))
}
