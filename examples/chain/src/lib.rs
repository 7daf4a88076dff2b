// SPDX-License-Identifier: Apache-2.0
//! A page of notes: asks the module that keeps them, at the address that NOTES names, and answers with HTML.
//!
//! It has no files of its own. What it shows is what another module answers to `GET /notes`, by itself or through
//! whatever stands before it.

mod ask;

use serde_json::Value;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

/// What a stream takes in one blocking write.
const PIECE: usize = 4096;

struct Page;

wasip2::http::proxy::export!(Page);

impl wasip2::exports::http::incoming_handler::Guest for Page {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let (status, html) = match (request.method(), path.as_str()) {
            (Method::Get, "/") => page(),
            _ => (404, "<p>There is one page here, at /.</p>\n".to_owned()),
        };
        send(out, status, &html);
    }
}

fn page() -> (u16, String) {
    let address = std::env::var("NOTES").unwrap_or_default();
    let (status, text) = match ask::get(&format!("{address}/notes")) {
        Ok(answer) => answer,
        Err(ErrorCode::HttpRequestDenied) => return (502, "<p>This page may not ask for the notes.</p>\n".into()),
        Err(_) => return (502, "<p>The notes don't answer.</p>\n".into()),
    };
    match serde_json::from_slice::<Value>(&text) {
        Ok(Value::Array(notes)) if status == 200 => (200, shown(&notes)),
        _ => (502, format!("<p>The notes answer with {status}.</p>\n")),
    }
}

fn shown(notes: &[Value]) -> String {
    let mut html = format!("<!doctype html>\n<title>Notes</title>\n<h1>Notes: {}</h1>\n<ul>\n", notes.len());
    for note in notes {
        let text = note["text"].as_str().unwrap_or_default();
        html += &format!("<li>{}</li>\n", escaped(text.trim_end()));
    }
    html + "</ul>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn send(out: ResponseOutparam, status: u16, html: &str) {
    let headers = Fields::new();
    let _ = headers.append("content-type", b"text/html; charset=utf-8");
    let _ = headers.append("content-length", html.len().to_string().as_bytes());
    let response = OutgoingResponse::new(headers);
    let _ = response.set_status_code(status);
    let body = response.body().expect("its first body");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("its first stream");
    for piece in html.as_bytes().chunks(PIECE) {
        if stream.blocking_write_and_flush(piece).is_err() {
            return; // whoever asked is gone
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
