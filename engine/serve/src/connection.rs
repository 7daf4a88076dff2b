// SPDX-License-Identifier: Apache-2.0
//! One connection: its requests, one after the other or, in HTTP/2, some at once.

use crate::body::{Arriving, Leaving};
use crate::busy::{Busy, Heard, Under};
use crate::server::{Counted, Head, Route, Settings, Shared};
use crate::tls::{Tls, speaks_http2};
use crate::tracked::Tracked;
use berth_guest::Asked;
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Response, Version, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;

/// Requests at once on one connection of HTTP/2.
const STREAMS: u32 = 128;
/// What a connection of HTTP/2 may send ahead, and each of its streams.
const CONNECTION_WINDOW: u32 = 1 << 20;
const STREAM_WINDOW: u32 = 256 << 10;
/// Of an answer, what waits for its client.
const SEND_BUFFER: usize = 64 << 10;
/// hyper takes no less.
const LEAST_HEAD: usize = 8192;

/// Who is at the other end, and how the connection came.
struct Client {
    address: String,
    secure: bool,
}

/// HTTP/1.1, and HTTP/2 for who begins with it.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
    _counted: Counted,
) {
    // Small answers go at once.
    let _ = stream.set_nodelay(true);
    speak(stream, builder(&shared.settings), Client { address: peer.to_string(), secure: false }, shared, stopped)
        .await;
}

/// The same by TLS: what was agreed on is spoken.
pub(crate) async fn serve_tls(
    stream: TcpStream,
    tls: Arc<Tls>,
    peer: SocketAddr,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
    _counted: Counted,
) {
    let _ = stream.set_nodelay(true);
    let stream = tokio::select! {
        biased;
        _ = stopped.wait_for(|stopped| *stopped) => return,
        accepted = tls.accept(stream, shared.settings.head_time) => accepted,
    };
    let Some(stream) = stream else { return };
    let builder = builder(&shared.settings);
    let builder = if speaks_http2(&stream) { builder.http2_only() } else { builder.http1_only() };
    speak(stream, builder, Client { address: peer.to_string(), secure: true }, shared, stopped).await;
}

fn builder(settings: &Settings) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // How long a head may take is measured by `Busy`: hyper's own timer would run while a connection rests, too.
    builder.http1().header_read_timeout(None).max_buf_size(settings.head_bytes.max(LEAST_HEAD));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(settings.resets)
        .max_local_error_reset_streams(settings.resets)
        .max_header_list_size(u32::try_from(settings.head_bytes).unwrap_or(u32::MAX))
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(settings.idle_time);
    builder
}

async fn speak<S>(
    stream: S,
    builder: Builder<TokioExecutor>,
    client: Client,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let settings = shared.settings;
    let busy = Busy::new();
    let client = Arc::new(client);
    let service = service_fn(|request| {
        let (shared, client, under) = (shared.clone(), client.clone(), Under::way(&busy));
        // In HTTP/1 hyper leaves out the body by itself.
        let head_alone = request.version() == Version::HTTP_2 && request.method() == Method::HEAD;
        async move {
            let response = answer(request, &client, &shared, under).await;
            Ok::<_, Infallible>(if head_alone { response.map(Leaving::without_body) } else { response })
        }
    });
    let stream = Heard::new(stream, busy.clone());
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => {}
        () = busy.slow_head(settings.head_time) => return,
        () = busy.idle(settings.idle_time) => {}
    }
    // What has come already is read: the lane looks at its sockets before it goes on.
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = tokio::task::yield_now() => {}
    }
    connection.as_mut().graceful_shutdown();
    // One that hasn't said anything is none that a request is waited for on.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = busy.idle(settings.head_time) => {}
    }
}

async fn answer(request: Request<Incoming>, client: &Client, shared: &Shared, under: Under) -> Response<Leaving> {
    let settings = shared.settings;
    let authority = authority_of(&request);
    let too_large = http_body::Body::size_hint(request.body()).lower() > settings.body_bytes;
    let refused = authority.is_none().then_some(400).or_else(|| too_large.then_some(413));
    let (mut tracked, decision) = Tracked::begin(
        &shared.router,
        &Head {
            method: request.method().as_str(),
            host: authority.as_ref().map_or("", Authority::host),
            path: request.uri().path_and_query().map_or("/", |path| path.as_str()),
            peer: &client.address,
            hops: 0,
            headers: request.headers(),
            traceparent: only(request.headers(), "traceparent"),
            refused,
        },
    );
    if let Some(status) = refused {
        return Leaving::own(status, None, None, tracked);
    }
    let service = match tracked.settled(decision).await {
        Route::To(service) => service,
        Route::Refuse { status, retry_after, line } => return Leaving::own(status, line, retry_after, tracked),
        Route::Given(given) => return Leaving::given(given, Some(under), tracked),
    };
    let waits = request.headers().contains_key(header::EXPECT);
    let received = tracked.received.clone();
    let mut request = request.map(|body| Arriving::new(body, received, settings.body_bytes, settings.idle_time));
    let scheme = if client.secure { Scheme::Https } else { Scheme::Http };
    let name = tracked.ask(request.headers_mut());
    let answer = service.answer(Asked { scheme, name, hops: 0 }, request).await;
    if waits {
        // A guest that began to read the body meanwhile has asked for it: that goes out before its answer.
        tokio::task::yield_now().await;
    }
    Leaving::answer(answer, Some(under), tracked)
}

/// The value of a header that is there once, and is text.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or(""),
        _ => "",
    }
}

/// Whom the client means: HTTP/1.1 and 2 have to say it, and say one thing.
pub(crate) fn authority_of<B>(request: &Request<B>) -> Option<Authority> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return None;
    }
    let said = match host {
        Some(host) => Some(host.to_str().ok()?.parse::<Authority>().ok()?),
        None => None,
    };
    match request.uri().authority() {
        Some(authority) => Some(authority.clone()),
        None if said.is_none() && request.version() == Version::HTTP_10 => None,
        None => said,
    }
    .filter(|authority| !authority.as_str().contains('@'))
}
