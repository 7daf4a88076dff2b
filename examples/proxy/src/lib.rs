// SPDX-License-Identifier: Apache-2.0
//! Sends each request on to the server that UPSTREAM names (`http://127.0.0.1:8080`), and brings back its answer.
//!
//! Bodies and trailers go through as streams, in both directions at once: nothing is gathered here, whatever their size,
//! and who is slow on one side slows the other. The streams are handed over, so the bytes don't pass through this
//! instance's memory.

use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Request, Response, Scheme};
use wasip3::wit_bindgen::spawn_local as spawn;
use wasip3::{wit_future, wit_stream};

/// Headers that are about one connection, not about what is sent over it.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

struct Proxy;

wasip3::http::service::export!(Proxy);

impl wasip3::exports::http::handler::Guest for Proxy {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let upstream = std::env::var("UPSTREAM").unwrap_or_default();
        let Some((scheme, authority)) = origin(&upstream) else {
            return Ok(told(500, "UPSTREAM is to be an origin, such as http://127.0.0.1:8080\n"));
        };
        match client::send(onward(request, &scheme, authority)?).await {
            Ok(answer) => backward(answer),
            Err(ErrorCode::HttpRequestDenied) => Ok(told(502, "this proxy may not ask its upstream\n")),
            Err(_) => Ok(told(502, "the upstream doesn't answer\n")),
        }
    }
}

fn origin(url: &str) -> Option<(Scheme, &str)> {
    let (scheme, authority) = url.trim_end_matches('/').split_once("://")?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return None,
    };
    (!authority.is_empty() && !authority.contains('/')).then_some((scheme, authority))
}

fn end_to_end(headers: &Fields) -> Result<Fields, ErrorCode> {
    let mut kept = headers.copy_all();
    kept.retain(|(name, _)| !HOP_BY_HOP.contains(&name.to_ascii_lowercase().as_str()));
    Fields::from_list(&kept).map_err(|error| ErrorCode::InternalError(Some(format!("a header: {error:?}"))))
}

fn onward(request: Request, scheme: &Scheme, authority: &str) -> Result<Request, ErrorCode> {
    let method = request.get_method();
    let path = request.get_path_with_query();
    let headers = end_to_end(&request.get_headers())?;
    let (body, trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
    let (onward, _) = Request::new(headers, Some(body), trailers, None);
    onward
        .set_method(&method)
        .and_then(|()| onward.set_scheme(Some(scheme)))
        .and_then(|()| onward.set_authority(Some(authority)))
        .and_then(|()| onward.set_path_with_query(path.as_deref()))
        .map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    Ok(onward)
}

fn backward(answer: Response) -> Result<Response, ErrorCode> {
    let status = answer.get_status_code();
    let headers = end_to_end(&answer.get_headers())?;
    let (body, trailers) = Response::consume_body(answer, wit_future::new(|| Ok(())).1);
    let (response, _) = Response::new(headers, Some(body), trailers);
    response.set_status_code(status).map_err(|()| ErrorCode::HttpProtocolError)?;
    Ok(response)
}

/// An answer of this proxy's own.
fn told(status: u16, text: &'static str) -> Response {
    let (mut output, body) = wit_stream::new();
    spawn(async move {
        output.write_all(text.as_bytes().to_vec()).await;
    });
    let (response, _) = Response::new(Fields::new(), Some(body), wit_future::new(|| Ok(None)).1);
    let _ = response.set_status_code(status);
    response
}
