// SPDX-License-Identifier: Apache-2.0
//! A GET by `wasi:http`, with the whole answer.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{ErrorCode, Fields, OutgoingBody, OutgoingRequest, Scheme, http_error_code};
use wasip2::io::streams::StreamError;

const PIECE: u64 = 64 << 10;
const LONGEST: usize = 1 << 20;

/// Status and body.
pub fn get(url: &str) -> Result<(u16, Vec<u8>), ErrorCode> {
    let request = request(url).ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let body = request.body().expect("its first body");
    let waiting = handle(request, None)?;
    OutgoingBody::finish(body, None)?;
    waiting.subscribe().block();
    let answer = waiting.get().expect("it is ready").expect("its first look")?;
    let incoming = answer.consume().expect("its only body");
    let stream = incoming.stream().expect("its only stream");
    let mut text = Vec::new();
    loop {
        match stream.blocking_read(PIECE) {
            Ok(piece) => text.extend(piece),
            Err(StreamError::Closed) => return Ok((answer.status(), text)),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(http_error_code(&error).unwrap_or(ErrorCode::HttpResponseIncomplete));
            }
        }
        if text.len() > LONGEST {
            return Err(ErrorCode::HttpResponseBodySize(None));
        }
    }
}

fn request(url: &str) -> Option<OutgoingRequest> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/')?);
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return None,
    };
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(path)).ok()?;
    Some(request)
}
