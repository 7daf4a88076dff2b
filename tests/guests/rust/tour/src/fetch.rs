// SPDX-License-Identifier: Apache-2.0
//! A GET by `wasi:http`.

use crate::Told;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{ErrorCode, Fields, IncomingBody, IncomingResponse, OutgoingBody, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

const READ_BYTES: u64 = 64 << 10;

pub fn get(url: &str) -> Told {
    let request = request(url)?;
    let body = request.body().map_err(|()| "no body to finish".to_string())?;
    let answer = handle(request, None).map_err(named)?;
    OutgoingBody::finish(body, None).map_err(named)?;
    answer.subscribe().block();
    let response = answer.get().ok_or("no answer")?.map_err(|()| "answer taken twice")?.map_err(named)?;
    let status = response.status();
    let length = body_length(response)?;
    Ok(format!("{status}, {length} bytes"))
}

/// `ErrorCode::HttpRequestDenied` and the like, as WIT spells it, in lower case.
fn named(error: ErrorCode) -> String {
    let text = format!("{error:?}");
    let word = text.trim_start_matches("ErrorCode::");
    let mut name = String::new();
    for letter in word.chars().take_while(|letter| letter.is_alphanumeric()) {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

fn request(url: &str) -> Result<OutgoingRequest, String> {
    let (scheme, rest) = url.split_once("://").ok_or("no scheme in the URL")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.into()),
    };
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&scheme)).map_err(|()| "the scheme was refused")?;
    request.set_authority(Some(authority)).map_err(|()| "the authority was refused")?;
    request.set_path_with_query(Some(if path.is_empty() { "/" } else { path })).map_err(|()| "the path was refused")?;
    Ok(request)
}

fn body_length(response: IncomingResponse) -> Result<usize, String> {
    let body: IncomingBody = response.consume().map_err(|()| "body taken twice")?;
    let stream = body.stream().map_err(|()| "stream taken twice")?;
    let mut length = 0;
    loop {
        match stream.blocking_read(READ_BYTES) {
            Ok(bytes) => length += bytes.len(),
            Err(StreamError::Closed) => return Ok(length),
            Err(StreamError::LastOperationFailed(error)) => {
                let code = wasip2::http::types::http_error_code(&error);
                return Err(code.map_or_else(|| error.to_debug_string(), named));
            }
        }
    }
}
