// SPDX-License-Identifier: Apache-2.0
//! HTTP out, of WASI 0.2 and 0.3: each request is asked about by its URL before anything is looked up, and again
//! by the address that it really goes to. Redirects are the guest's to follow, so they are asked about as well.
//! Proxy variables of the host play no part. A name below `berth.internal` is a module's of this process: such a request
//! goes by [`Asking`], and never to a network.

use crate::content::ContentDoor;
use crate::content_http::{Fetching, is_content};
use crate::guard::Guard;
use crate::http_body::{Arriving, Outgoing, from_server};
use crate::http_error::{Stage, from_hyper};
use crate::http_lines::{Lines, Quiet};
use crate::http_pool::{Origin, Pool};
use crate::http_wire::HEAD_BYTES;
use crate::inside::{Asking, Trail};
use crate::names::{self, Host};
use crate::net::Common;
use crate::{Capability, Knock, Operation, Reason};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::timeout;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, Result, WasiBody, WasiHttpHooks,
};

/// What the host may hold for one exchange, drawn from the module's memory: bodies in both directions, the head,
/// what TLS encrypts. HTTP/2 takes more: its window is wider than what HTTP/1 reads at a time.
const EXCHANGE_BYTES: u64 = 512 << 10;
const EXCHANGE_BYTES_TWO: u64 = 256 << 10;
/// What the guest may hand over of a body at a time; one more such piece may wait.
const BODY_PIECE: usize = 64 << 10;

/// Connections that turn out to be closed, before that is the answer.
const MOST_TRIES: usize = 3;

const CONNECT: Duration = Duration::from_secs(30);
pub(crate) const FIRST_BYTE: Duration = Duration::from_secs(300);
pub(crate) const BETWEEN_BYTES: Duration = Duration::from_secs(300);

pub struct HttpDoor {
    lines: Arc<Lines>,
    common: Arc<Common>,
    module: Arc<str>,
    trail: Trail,
    content: Option<ContentDoor>,
}

/// A request that the policy has let through.
enum Admitted {
    Outside(Exchange),
    Inside(Asking),
}

impl HttpDoor {
    /// `module` is what it is called where it asks another one.
    pub fn new(common: Arc<Common>, guard: Arc<Guard>, pool: Arc<Pool>, module: String) -> Self {
        let lines = Lines::new(common.clone(), guard, pool);
        HttpDoor { lines, common, module: module.into(), trail: Trail::default(), content: None }
    }

    /// From now on URLs of content are answered there.
    pub fn give_content(&mut self, content: ContentDoor) {
        self.content = Some(content);
    }

    /// The guest answers a request, whose trail its own requests to other modules go on: beside others that it still
    /// works for, or alone.
    pub fn follow(&mut self, trail: Trail, beside: bool) {
        self.trail = if beside { self.trail.beside(trail) } else { trail };
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        self.lines.pool()
    }

    /// What a request needs, once the policy has let its URL through.
    fn admit(&self, request: &http::Request<WasiBody>) -> Result<Admitted> {
        let target = Target::of(request)?;
        if !target.ask(self.lines.guard(), None, Quiet(false)) {
            return Err(Error::HttpRequestDenied);
        }
        if request.method() == Method::CONNECT {
            return Err(Error::HttpRequestMethodInvalid);
        }
        let host = target.host.clone().ok_or(Error::HttpRequestUriInvalid)?;
        if matches!(&host, Host::Name(name) if names::is_inside(name)) {
            let (guard, inside) = (self.lines.guard().clone(), self.common.inside().cloned());
            let (module, trail) = (self.module.clone(), self.trail.clone());
            return Ok(Admitted::Inside(Asking { guard, target, inside, module, trail }));
        }
        if self.lines.pool().is_spent() {
            return Err(Error::HttpRequestDenied);
        }
        Ok(Admitted::Outside(Exchange { lines: self.lines.clone(), target, host }))
    }
}

type Sent = Box<dyn Future<Output = Result<(), Error>> + Send>;
pub(crate) type Answer = Result<(http::Response<WasiBody>, Sent), Error>;

impl WasiHttpHooks for HttpDoor {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_forbidden(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(is_forbidden)
    }

    fn is_supported_scheme(&mut self, scheme: &Scheme) -> bool {
        matches!(scheme.as_str(), "http" | "https" | "ipfs" | "ipns")
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_PIECE
    }

    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_PIECE
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _received: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let options = options.unwrap_or_default();
        if let Some(door) = self.content.as_ref().filter(|_| is_content(request.uri())) {
            return Box::new(Fetching { door: door.clone() }.perform(request));
        }
        match self.admit(&request) {
            Ok(Admitted::Outside(exchange)) => Box::new(exchange.perform(request, options)),
            Ok(Admitted::Inside(asking)) => Box::new(asking.perform(request, options)),
            Err(error) => Box::new(async { Err(error) }),
        }
    }
}

/// The connection's own business, and what only a proxy says.
fn is_forbidden(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name) || name.as_str().starts_with("proxy-")
}

/// Where a request goes, as the policy reads it.
pub(crate) struct Target {
    pub method: Method,
    url: String,
    tls: bool,
    /// Nothing when it is no host; the policy has words for that.
    host: Option<Host>,
    port: u16,
}

impl Target {
    fn of<B>(request: &http::Request<B>) -> Result<Self> {
        let uri = request.uri();
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(Error::HttpRequestUriInvalid),
        };
        let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
        let host = Host::parse(authority.host());
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let url = match &host {
            // Judged as it is dialled, whatever its spelling.
            Some(host) if !authority.as_str().contains('@') => {
                let after_host = &authority.as_str()[authority.host().len()..];
                let scheme = if tls { "https" } else { "http" };
                let path = uri.path_and_query().map_or("/", |path| path.as_str());
                format!("{scheme}://{}{after_host}{path}", host.in_url())
            }
            _ => uri.to_string(),
        };
        Ok(Target { method: request.method().clone(), url, tls, host, port })
    }

    /// Says that it was let through, and that nobody is there.
    pub fn tell_no_module(&self, guard: &Guard) {
        guard.account().ask(&Knock {
            method: self.method.as_str(),
            ..Knock::new(Capability::HttpOut, Operation::Request, &self.url, Reason::NoModule)
        });
    }

    /// Without an address: whether the request may be made at all.
    fn ask(&self, guard: &Guard, address: Option<IpAddr>, quiet: Quiet) -> bool {
        let address = address.map(|address| address.to_canonical().to_string()).unwrap_or_default();
        guard.account().ask(&Knock {
            method: self.method.as_str(),
            resolved_to: &address,
            quiet: quiet.0,
            ..Knock::new(Capability::HttpOut, Operation::Request, &self.url, Reason::Ask)
        })
    }
}

struct Exchange {
    lines: Arc<Lines>,
    target: Target,
    host: Host,
}

impl Exchange {
    async fn perform(self, request: http::Request<WasiBody>, options: RequestOptions) -> Answer {
        let (parts, body) = request.into_parts();
        let (outgoing, ended) = Outgoing::new(body, length_of(&parts.headers));
        let request = http::Request::from_parts(parts, outgoing);
        let response = self.exchange(request, &options).await?;
        // A body that is dropped before its end was cut off by the server's answer, or with its connection.
        let sent = async { ended.await.unwrap_or(Err(Error::ConnectionTerminated)) };
        Ok((response, Box::new(sent)))
    }

    async fn exchange(
        &self,
        mut request: http::Request<Outgoing>,
        options: &RequestOptions,
    ) -> Result<http::Response<WasiBody>> {
        let origin = Origin { tls: self.target.tls, host: self.host.in_url(), port: self.target.port };
        let mut tries = 0;
        let mut leases = vec![self.lines.guard().account().draw(EXCHANGE_BYTES).ok_or(Error::ConnectionLimitReached)?];
        loop {
            let permitted = |address, quiet| self.target.ask(self.lines.guard(), Some(address), quiet);
            let connecting = self.lines.line(&origin, &self.host, permitted);
            let line = timeout(options.connect_timeout.unwrap_or(CONNECT), connecting).await;
            let mut line = line.map_err(|_| Error::ConnectionTimeout)??;
            if line.is_two() && leases.len() == 1 {
                leases
                    .push(self.lines.guard().account().draw(EXCHANGE_BYTES_TWO).ok_or(Error::ConnectionLimitReached)?);
            }
            dress(&mut request, line.is_two());
            let again = if line.is_fresh() { None } else { Again::of(&request, line.is_two()) };
            let waiting = line.send(request);
            let answer = timeout(options.first_byte_timeout.unwrap_or(FIRST_BYTE), waiting).await;
            match answer.map_err(|_| Error::ConnectionReadTimeout)? {
                Ok(response) => {
                    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                        return Err(Error::HttpUpgradeFailed);
                    }
                    let between_bytes = options.between_bytes_timeout.unwrap_or(BETWEEN_BYTES);
                    let used = Some(line.used(self.lines.pool(), origin));
                    let length = length_of(response.headers()).filter(|_| has_body(&self.target.method, &response));
                    let body = |incoming| {
                        Arriving::new(from_server(incoming), length, between_bytes, used, leases).boxed_unsync()
                    };
                    return Ok(response.map(body));
                }
                // The server had closed a connection that waited here: what wasn't sent is sent anew, and what was, if
                // the server may get it twice.
                Err(mut unsent) => {
                    match unsent.take_message().or_else(|| again.filter(|_| cut_off(unsent.error()))?.request()) {
                        Some(again) if !line.is_fresh() && tries < MOST_TRIES => {
                            tries += 1;
                            request = again;
                        }
                        _ => return Err(from_hyper(unsent.error(), Stage::BeforeHead, HEAD_BYTES)),
                    }
                }
            }
        }
    }
}

/// What a request is sent again from, where a server may get it twice: its method says so (RFC 9110, 9.2.2), and it turns
/// out to have no body.
struct Again {
    head: http::Request<()>,
    /// Of HTTP/1, which sends no body with these methods unless its length was said, and so asks for none.
    bodiless: bool,
    was_empty: Arc<AtomicBool>,
}

impl Again {
    fn of(request: &http::Request<Outgoing>, two: bool) -> Option<Self> {
        let method = request.method();
        if !method.is_safe() && !matches!(*method, Method::PUT | Method::DELETE) {
            return None;
        }
        let bodiless = !two && matches!(*method, Method::GET | Method::HEAD) && length_of(request.headers()).is_none();
        let mut head = http::Request::new(());
        *head.method_mut() = method.clone();
        *head.uri_mut() = request.uri().clone();
        *head.headers_mut() = request.headers().clone();
        Some(Again { head, bodiless, was_empty: request.body().was_empty() })
    }

    fn request(self) -> Option<http::Request<Outgoing>> {
        let empty = || Outgoing::new(WasiBody::default(), Some(0)).0;
        (self.bodiless || self.was_empty.load(Relaxed)).then(|| self.head.map(|()| empty()))
    }
}

/// Whether the connection ended before any of the answer had come.
fn cut_off(error: &hyper::Error) -> bool {
    matches!(from_hyper(error, Stage::BeforeHead, HEAD_BYTES), Error::ConnectionTerminated)
}

/// Whether anything follows an answer's head, whatever that says of its length.
pub(crate) fn has_body<B>(method: &Method, response: &http::Response<B>) -> bool {
    let none = matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    !none && method != Method::HEAD
}

pub(crate) fn length_of(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What the request looks like on its connection: HTTP/1 has the path in its first line and the host in a header,
/// HTTP/2 all of it in its own fields.
pub(crate) fn dress<B>(request: &mut http::Request<B>, two: bool) {
    let headers = request.headers_mut();
    keep_trailers_only(headers);
    if two {
        headers.remove(header::HOST);
        return;
    }
    let authority = request.uri().authority().map(Authority::to_string);
    if let Some(host) = authority.and_then(|authority| authority.parse().ok()) {
        request.headers_mut().insert(header::HOST, host);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let origin_form = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    *request.uri_mut() = origin_form.parse().unwrap_or(Uri::from_static("/"));
}

/// Of TE, HTTP/2 knows this value alone, and no other is the guest's business.
fn keep_trailers_only(headers: &mut HeaderMap) {
    if headers.get_all(header::TE).iter().any(|value| value != "trailers") {
        headers.remove(header::TE);
    }
}
