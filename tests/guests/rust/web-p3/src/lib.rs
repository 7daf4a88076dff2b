// SPDX-License-Identifier: Apache-2.0
//! Answers HTTP requests over WASI 0.3, well and badly: the path says how, as for `web`.
//!
//! ```text
//! /              a line              /count       how many requests this instance has answered
//! /echo          the request's body, as it comes, with its trailers
//! /head          method, path, authority, scheme and headers, a line each
//! /bytes?N       N bytes             /drip?N      N lines, a tenth of a second apart
//! /error         an error for an answer
//! /trap          traps               /spin        never ends
//! /sleep?MS      answers later       /fill        takes memory without end
//! /cut           traps amid its body /after?MS    answers, and goes on for so long
//! /size          how many bytes the request's body has
//! /leak?N        as /count, and leaves N handles behind
//! /hoard?N       as /count, and leaves N KiB of memory behind
//! /ask?URL       asks another server the same, with the request's body as it comes, and hands on its status and body;
//!                where there is no answer, 500 and the error's name
//! ```

use std::cell::Cell;
use std::future::Future;
use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use wasip3::wit_bindgen::spawn_local as spawn;
use wasip3::wit_bindgen::{FutureReader, StreamResult, StreamWriter};
use wasip3::{wit_future, wit_stream};

const PIECE: usize = 64 << 10;

type Trailers = FutureReader<Result<Option<Fields>, ErrorCode>>;

struct Web;

wasip3::http::service::export!(Web);

thread_local! {
    static ANSWERED: Cell<u32> = const { Cell::new(0) };
}

impl wasip3::exports::http::handler::Guest for Web {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        ANSWERED.set(ANSWERED.get() + 1);
        let path = request.get_path_with_query().unwrap_or_default();
        let (path, argument) = path.split_once('?').unwrap_or((&path, ""));
        let number: u64 = argument.parse().unwrap_or(0);
        match path {
            "/" => Ok(line("hello from a module\n")),
            "/echo" => {
                let (body, trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
                Ok(Response::new(Fields::new(), Some(body), trailers).0)
            }
            "/head" => Ok(line(&head(&request))),
            "/count" => Ok(line(&format!("{}\n", ANSWERED.get()))),
            "/leak" => {
                (0..number).for_each(|_| std::mem::forget(Fields::new()));
                Ok(line(&format!("{}\n", ANSWERED.get())))
            }
            "/hoard" => {
                std::mem::forget(std::hint::black_box(vec![1u8; number as usize * 1024]));
                Ok(line(&format!("{}\n", ANSWERED.get())))
            }
            "/bytes" => Ok(streamed(move |output| bytes(output, number))),
            "/drip" => Ok(streamed(move |output| drip(output, number))),
            "/error" => Err(ErrorCode::InternalError(Some("as asked".to_owned()))),
            "/trap" => std::process::abort(),
            "/spin" => loop {
                std::hint::spin_loop();
            },
            "/sleep" => {
                rest(number).await;
                Ok(line("slept\n"))
            }
            "/fill" => {
                let mut all = Vec::new();
                loop {
                    all.push(vec![1u8; 1 << 20]);
                }
            }
            "/cut" => Ok(streamed(cut)),
            "/after" => {
                spawn(rest(number));
                Ok(line("answered\n"))
            }
            "/size" => Ok(line(&format!("{}\n", size(request).await))),
            "/ask" => ask(request, argument).await,
            _ => {
                let response = Response::new(Fields::new(), None, no_trailers()).0;
                let _ = response.set_status_code(404);
                Ok(response)
            }
        }
    }
}

fn no_trailers() -> Trailers {
    wit_future::new(|| Ok(None)).1
}

async fn rest(milliseconds: u64) {
    wait_for(milliseconds * 1_000_000).await;
}

fn line(text: &str) -> Response {
    let text = text.as_bytes().to_vec();
    let fields = Fields::new();
    let _ = fields.set("content-length", &[text.len().to_string().into_bytes()]);
    let (mut output, body) = wit_stream::new();
    spawn(async move {
        output.write_all(text).await;
    });
    Response::new(fields, Some(body), no_trailers()).0
}

/// An answer whose body goes on to be written.
fn streamed<F: Future<Output = ()> + 'static>(write: impl FnOnce(StreamWriter<u8>) -> F) -> Response {
    let (output, body) = wit_stream::new();
    spawn(write(output));
    Response::new(Fields::new(), Some(body), no_trailers()).0
}

async fn bytes(mut output: StreamWriter<u8>, count: u64) {
    let mut left = count;
    let mut piece = vec![b'x'; PIECE];
    while left > 0 {
        piece.resize(left.min(PIECE as u64) as usize, b'x');
        let length = piece.len();
        let (result, rest) = output.write(piece).await;
        left -= (length - rest.remaining()) as u64;
        piece = rest.into_vec();
        if matches!(result, StreamResult::Dropped) {
            return;
        }
    }
}

async fn drip(mut output: StreamWriter<u8>, count: u64) {
    for number in 0..count {
        output.write_all(format!("line {number}\n").into_bytes()).await;
        rest(100).await;
    }
}

async fn cut(mut output: StreamWriter<u8>) {
    output.write_all(b"the first half".to_vec()).await;
    std::process::abort();
}

fn head(request: &Request) -> String {
    let method = match request.get_method() {
        Method::Other(name) => name,
        named => format!("{named:?}"),
    };
    let path = request.get_path_with_query().unwrap_or_default();
    let authority = request.get_authority().unwrap_or_default();
    let mut text = format!("{method}\n{path}\n{authority}\n{:?}\n", request.get_scheme());
    for (name, value) in request.get_headers().copy_all() {
        text += &format!("{name}: {}\n", String::from_utf8_lossy(&value));
    }
    text
}

async fn size(request: Request) -> usize {
    let (mut body, _trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
    let mut size = 0;
    let mut buffer = Vec::with_capacity(PIECE);
    loop {
        let (result, mut bytes) = body.read(buffer).await;
        size += bytes.len();
        if matches!(result, StreamResult::Dropped) {
            return size;
        }
        bytes.clear();
        buffer = bytes;
    }
}

async fn ask(request: Request, url: &str) -> Result<Response, ErrorCode> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let method = request.get_method();
    let (body, trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
    let (asked, _sent) = Request::new(Fields::new(), Some(body), trailers, None);
    let set = asked.set_method(&method).and_then(|()| asked.set_scheme(Some(&scheme)));
    let set = set.and_then(|()| asked.set_authority(Some(authority)));
    set.and_then(|()| asked.set_path_with_query(Some(path))).map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    match client::send(asked).await {
        Ok(answer) => {
            let status = answer.get_status_code();
            let (body, trailers) = Response::consume_body(answer, wit_future::new(|| Ok(())).1);
            let response = Response::new(Fields::new(), Some(body), trailers).0;
            let _ = response.set_status_code(status);
            Ok(response)
        }
        Err(code) => {
            let response = line(&format!("{code:?}\n"));
            let _ = response.set_status_code(500);
            Ok(response)
        }
    }
}
