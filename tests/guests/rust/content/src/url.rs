// SPDX-License-Identifier: Apache-2.0
//! Content without an interface of its own: by URL.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, Method, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

/// The status, the headers that are named, a line each, an empty line and the body.
pub fn ask(method: &str, url: &str, headers: &[&str]) -> Result<Vec<u8>, String> {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let fields = Fields::new();
    for header in headers {
        let (name, value) = header.split_once('=').expect("NAME=VALUE");
        fields.append(name, value.as_bytes()).expect("a header");
    }
    let request = OutgoingRequest::new(fields);
    let method = match method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        other => Method::Other(other.to_owned()),
    };
    request.set_method(&method).expect("a method");
    request.set_scheme(Some(&Scheme::Other(scheme.to_owned()))).expect("a scheme");
    request.set_authority(Some(authority)).expect("an authority");
    request.set_path_with_query(Some(path)).expect("a path");
    let future = handle(request, None).map_err(|error| format!("{error:?}"))?;
    future.subscribe().block();
    let response =
        future.get().expect("it is ready").expect("it is taken once").map_err(|error| format!("{error:?}"))?;
    let mut out = format!("{}\n", response.status()).into_bytes();
    for name in ["content-type", "etag", "content-range", "content-length", "accept-ranges"] {
        for value in response.headers().get(name) {
            out.extend(format!("{name}: {}\n", String::from_utf8_lossy(&value)).into_bytes());
        }
    }
    out.push(b'\n');
    let body = response.consume().expect("the body is given once");
    let stream = body.stream().expect("the stream is given once");
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => out.extend(bytes),
            Err(StreamError::Closed) => return Ok(out),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
}
