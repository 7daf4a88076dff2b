// SPDX-License-Identifier: Apache-2.0
//! Notes over HTTP, each a file in /data.
//!
//! ```text
//! POST   /notes      keeps the body as a new note; answers with it and its number
//! GET    /notes      all notes, as JSON
//! GET    /notes/N    one, as text
//! DELETE /notes/N    forgets it
//! ```

mod http;

use http::{Answer, Request};
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use wasip2::http::types::{IncomingRequest, Method, ResponseOutparam};

const FOLDER: &str = "/data";
const LONGEST: usize = 16 << 10;

struct Notes;

wasip2::http::proxy::export!(Notes);

impl wasip2::exports::http::incoming_handler::Guest for Notes {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let answer = match http::read(request, LONGEST) {
            Ok(request) => answer(&request).unwrap_or_else(|error| failed(&error)),
            Err(answer) => answer,
        };
        http::send(out, &answer);
    }
}

fn answer(request: &Request) -> io::Result<Answer> {
    let parts: Vec<&str> = request.path.split('/').skip(1).collect();
    let number = parts.get(1).map(|text| text.parse::<u32>());
    match (&request.method, parts.as_slice(), number) {
        (Method::Get, ["notes"], _) => list(),
        (Method::Post, ["notes"], _) => keep(&request.body),
        (Method::Get, ["notes", _], Some(Ok(number))) => Ok(Answer::text(200, fs::read_to_string(path(number))?)),
        (Method::Delete, ["notes", _], Some(Ok(number))) => {
            fs::remove_file(path(number))?;
            Ok(Answer::text(204, String::new()))
        }
        (_, ["notes"] | ["notes", _], None | Some(Ok(_))) => Ok(Answer::text(405, "no such method here\n".into())),
        _ => Ok(Answer::text(404, "notes are at /notes\n".into())),
    }
}

fn failed(error: &io::Error) -> Answer {
    match error.kind() {
        ErrorKind::NotFound => Answer::text(404, "there is no such note\n".into()),
        _ => Answer::text(500, format!("the notes can't be reached: {error}\n")),
    }
}

fn path(number: u32) -> String {
    format!("{FOLDER}/{number}.txt")
}

/// The numbers that are taken, from the lowest.
fn numbers() -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(FOLDER)? {
        let name = entry?.file_name();
        found.extend(name.to_str().and_then(|name| name.strip_suffix(".txt")?.parse::<u32>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

fn list() -> io::Result<Answer> {
    let mut notes = Vec::new();
    for number in numbers()? {
        match fs::read_to_string(path(number)) {
            Ok(text) => notes.push(json!({"number": number, "text": text})),
            Err(error) if error.kind() == ErrorKind::NotFound => {} // deleted meanwhile
            Err(error) => return Err(error),
        }
    }
    Ok(Answer::json(200, &json!(notes)))
}

/// Each request has an instance of its own, so another may take the same number: whose file is new has it.
fn keep(body: &[u8]) -> io::Result<Answer> {
    let Ok(text) = std::str::from_utf8(body) else { return Ok(Answer::text(400, "a note is text\n".into())) };
    let mut number = numbers()?.last().map_or(1, |last| last + 1);
    loop {
        match File::create_new(path(number)) {
            Ok(mut file) => {
                file.write_all(body)?;
                return Ok(Answer::json(201, &json!({"number": number, "text": text})));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}
