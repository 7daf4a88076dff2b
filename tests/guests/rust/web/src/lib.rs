// SPDX-License-Identifier: Apache-2.0
//! Answers HTTP requests over WASI 0.2, well and badly: the path says how.
//!
//! ```text
//! /              a line              /count       how many requests this instance has answered
//! /echo          the request's body, as it comes, with its trailers
//! /head          method, path, authority, scheme and headers, a line each
//! /bytes?N       N bytes             /drip?N      N lines, a tenth of a second apart
//! /none          no answer           /error       an error for an answer
//! /trap          traps               /spin        never ends
//! /sleep?MS      answers later       /fill        takes memory without end
//! /cut           traps amid its body /after?MS    answers, and goes on for so long
//! /again?N       the line N times, a hundredth of a second apart
//! /size          how many bytes the request's body has
//! /leak?N        as /count, and leaves N handles behind
//! /hoard?N       as /count, and leaves N KiB of memory behind
//! /events?N      N server-sent events, a tenth of a second apart
//! /page          a page that asks /echo and /events, and says in a path below /done what came
//! /ask?URL       asks another server the same, with the request's body, and hands on its status and body as they come;
//!                where there is no answer, 500 and the error's name
//! ```

use std::cell::Cell;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingRequest, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    OutgoingResponse, ResponseOutparam, Scheme,
};
use wasip2::io::streams::{OutputStream, StreamError};

const PIECE: usize = 4096;
const GREETING: &str = "hello from a module\n";

struct Web;

wasip2::http::proxy::export!(Web);

thread_local! {
    static ANSWERED: Cell<u32> = const { Cell::new(0) };
}

impl wasip2::exports::http::incoming_handler::Guest for Web {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        ANSWERED.set(ANSWERED.get() + 1);
        let path = request.path_with_query().unwrap_or_default();
        let (path, argument) = path.split_once('?').unwrap_or((&path, ""));
        let number: u64 = argument.parse().unwrap_or(0);
        match path {
            "/echo" => echo(&request, out),
            "/head" => line(out, &head(&request)),
            "/count" => line(out, &format!("{}\n", ANSWERED.get())),
            "/leak" => {
                (0..number).for_each(|_| std::mem::forget(Fields::new()));
                line(out, &format!("{}\n", ANSWERED.get()));
            }
            "/hoard" => {
                std::mem::forget(std::hint::black_box(vec![1u8; number as usize * 1024]));
                line(out, &format!("{}\n", ANSWERED.get()));
            }
            "/events" => events(out, number),
            "/page" => page(out),
            "/bytes" => bytes(out, number),
            "/drip" => drip(out, number),
            "/none" => {}
            "/error" => ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some("as asked".to_owned())))),
            "/trap" => std::process::abort(),
            "/spin" => loop {
                std::hint::spin_loop();
            },
            "/sleep" => {
                rest(number);
                line(out, "slept\n");
            }
            "/fill" => {
                let mut all = Vec::new();
                loop {
                    all.push(vec![1u8; 1 << 20]);
                }
            }
            "/cut" => {
                let (body, stream) = begin(out, Fields::new());
                let _ = stream.blocking_write_and_flush(b"the first half");
                let _ = (body, stream);
                std::process::abort();
            }
            "/after" => {
                line(out, "answered\n");
                rest(number);
            }
            "/again" => again(out, number),
            "/size" => line(out, &format!("{}\n", size(&request))),
            "/ask" => ask(&request, argument, out),
            "/" => line(out, GREETING),
            _ => {
                let response = OutgoingResponse::new(Fields::new());
                let _ = response.set_status_code(404);
                let body = response.body().expect("its first body");
                ResponseOutparam::set(out, Ok(response));
                let _ = OutgoingBody::finish(body, None);
            }
        }
    }
}

fn rest(milliseconds: u64) {
    subscribe_duration(milliseconds * 1_000_000).block();
}

fn begin(out: ResponseOutparam, headers: Fields) -> (OutgoingBody, OutputStream) {
    begin_with(out, 200, headers)
}

fn begin_with(out: ResponseOutparam, status: u16, headers: Fields) -> (OutgoingBody, OutputStream) {
    let response = OutgoingResponse::new(headers);
    let _ = response.set_status_code(status);
    let body = response.body().expect("its first body");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("its first stream");
    (body, stream)
}

fn line(out: ResponseOutparam, text: &str) {
    let headers = Fields::new();
    let _ = headers.append("content-length", text.len().to_string().as_bytes());
    let (body, stream) = begin(out, headers);
    for piece in text.as_bytes().chunks(PIECE) {
        if stream.blocking_write_and_flush(piece).is_err() {
            return;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn bytes(out: ResponseOutparam, count: u64) {
    let (body, stream) = begin(out, Fields::new());
    let mut left = count;
    while left > 0 {
        let piece = vec![b'x'; left.min(PIECE as u64) as usize];
        if stream.blocking_write_and_flush(&piece).is_err() {
            return;
        }
        left -= piece.len() as u64;
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn drip(out: ResponseOutparam, count: u64) {
    let (body, stream) = begin(out, Fields::new());
    for number in 0..count {
        if stream.blocking_write_and_flush(format!("line {number}\n").as_bytes()).is_err() {
            return;
        }
        rest(100);
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

/// One of each kind of a browser's requests. What came of them goes into the path of a last one.
const PAGE: &str = "<!doctype html><title>berth</title><script>
const seen = [];
const show = (what) => {
  seen.push(what);
  if (seen.length < 4) return;
  const protocol = performance.getEntriesByType('navigation')[0].nextHopProtocol;
  fetch('/done?' + [protocol, ...seen.sort()].join(';').replaceAll(' ', '-'));
};
fetch('/echo', { method: 'POST', body: 'a body' }).then((answer) => answer.text()).then(show);
const events = new EventSource('/events?3');
events.onmessage = (event) => {
  show(event.data);
  if (event.data === 'event 2') events.close();
};
</script>
";

fn page(out: ResponseOutparam) {
    let headers = Fields::new();
    let _ = headers.append("content-type", b"text/html");
    let (body, stream) = begin(out, headers);
    let _ = stream.blocking_write_and_flush(PAGE.as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn events(out: ResponseOutparam, count: u64) {
    let headers = Fields::new();
    let _ = headers.append("content-type", b"text/event-stream");
    let (body, stream) = begin(out, headers);
    for number in 0..count {
        if stream.blocking_write_and_flush(format!("data: event {number}\n\n").as_bytes()).is_err() {
            return;
        }
        rest(100);
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn again(out: ResponseOutparam, count: u64) {
    let (body, stream) = begin(out, Fields::new());
    for _ in 0..count {
        if stream.blocking_write_and_flush(GREETING.as_bytes()).is_err() {
            return;
        }
        rest(10);
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().expect("its only body");
    let (body, stream) = begin(out, Fields::new());
    hand_on(incoming, body, stream);
}

/// A body as it comes, with its trailers.
fn hand_on(incoming: IncomingBody, body: OutgoingBody, stream: OutputStream) {
    let input = incoming.stream().expect("its only stream");
    loop {
        match input.blocking_read(PIECE as u64) {
            Ok(piece) => {
                if stream.blocking_write_and_flush(&piece).is_err() {
                    return;
                }
            }
            Err(StreamError::Closed) => break,
            // Who sends it is gone, or sent what it may not: what was begun isn't finished.
            Err(StreamError::LastOperationFailed(_)) => std::process::abort(),
        }
    }
    drop((input, stream));
    let trailers = IncomingBody::finish(incoming);
    trailers.subscribe().block();
    let trailers = match trailers.get() {
        Some(Ok(Ok(trailers))) => trailers.map(|fields| Fields::from_list(&fields.entries()).expect("as they came")),
        _ => None,
    };
    let _ = OutgoingBody::finish(body, trailers);
}

fn size(request: &IncomingRequest) -> usize {
    let incoming = request.consume().expect("its only body");
    let input = incoming.stream().expect("its only stream");
    let mut size = 0;
    while let Ok(piece) = input.blocking_read(PIECE as u64) {
        size += piece.len();
    }
    size
}

fn ask(request: &IncomingRequest, url: &str, out: ResponseOutparam) {
    match answer_to(request, url) {
        Ok(answer) => {
            let (body, stream) = begin_with(out, answer.status(), Fields::new());
            hand_on(answer.consume().expect("its only body"), body, stream);
        }
        Err(code) => {
            let (body, stream) = begin_with(out, 500, Fields::new());
            let _ = stream.blocking_write_and_flush(format!("{code:?}\n").as_bytes());
            drop(stream);
            let _ = OutgoingBody::finish(body, None);
        }
    }
}

fn answer_to(request: &IncomingRequest, url: &str) -> Result<IncomingResponse, ErrorCode> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let asked = OutgoingRequest::new(Fields::new());
    let set = asked.set_method(&request.method()).and_then(|()| asked.set_scheme(Some(&scheme)));
    let set = set.and_then(|()| asked.set_authority(Some(authority)));
    set.and_then(|()| asked.set_path_with_query(Some(path))).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    let body = asked.body().expect("its first body");
    let waiting = outgoing_handler::handle(asked, None)?;
    let stream = body.write().expect("its first stream");
    hand_on(request.consume().expect("its only body"), body, stream);
    waiting.subscribe().block();
    waiting.get().expect("it is ready").expect("its first look")
}

fn head(request: &IncomingRequest) -> String {
    let method = match request.method() {
        Method::Other(name) => name,
        named => format!("{named:?}"),
    };
    let mut text = format!(
        "{method}\n{}\n{}\n{:?}\n",
        request.path_with_query().unwrap_or_default(),
        request.authority().unwrap_or_default(),
        request.scheme()
    );
    for (name, value) in request.headers().entries() {
        text += &format!("{name}: {}\n", String::from_utf8_lossy(&value));
    }
    text
}
