// SPDX-License-Identifier: Apache-2.0
//! Whole requests and answers, for handlers that need no streams.

use wasip2::http::types::{Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam};
use wasip2::io::streams::StreamError;

/// What a stream takes in one blocking write.
const PIECE: usize = 4096;

pub struct Request {
    pub method: Method,
    pub path: String, // without its query
    pub body: Vec<u8>,
}

pub struct Answer {
    status: u16,
    kind: &'static str,
    body: String,
}

impl Answer {
    pub fn text(status: u16, body: String) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body }
    }

    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self { status, kind: "application/json", body: format!("{value}\n") }
    }
}

/// Reads all of a request, or says what to answer instead.
pub fn read(request: IncomingRequest, longest: usize) -> Result<Request, Answer> {
    let target = request.path_with_query().unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let incoming = request.consume().expect("its only body");
    let stream = incoming.stream().expect("its only stream");
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(PIECE as u64) {
            Ok(piece) => body.extend(piece),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(_)) => return Err(Answer::text(400, "the body broke off\n".into())),
        }
        if body.len() > longest {
            return Err(Answer::text(413, format!("at most {longest} bytes\n")));
        }
    }
    Ok(Request { method: request.method(), path, body })
}

pub fn send(out: ResponseOutparam, answer: &Answer) {
    let headers = Fields::new();
    let _ = headers.append("content-type", answer.kind.as_bytes());
    if answer.status != 204 {
        let _ = headers.append("content-length", answer.body.len().to_string().as_bytes());
    }
    let response = OutgoingResponse::new(headers);
    let _ = response.set_status_code(answer.status);
    let body = response.body().expect("its first body");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("its first stream");
    for piece in answer.body.as_bytes().chunks(PIECE) {
        if stream.blocking_write_and_flush(piece).is_err() {
            return; // whoever asked is gone
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
