// SPDX-License-Identifier: Apache-2.0
//! Requests.

use crate::{Said, shown};
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Method, Request, RequestOptions, Response, Scheme, Trailers};
use wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult};
use wasip3::{wit_future, wit_stream};

const CHUNK: usize = 64 << 10;

/// A request, and whether its trailers are wanted.
fn request(url: &str, options: &[&str], body: Option<StreamReader<u8>>) -> Result<(Request, bool), String> {
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let fields = Fields::new();
    let timeouts = RequestOptions::new();
    let mut method = Method::Get;
    let mut trailers = false;
    for option in options {
        let (name, value) = option.split_once('=').ok_or("no option")?;
        let nanoseconds = || value.parse::<u64>().map(|ms| Some(ms * 1_000_000)).map_err(shown);
        match name {
            "method" => method = Method::Other(value.into()),
            "header" => {
                let (name, value) = value.split_once(':').ok_or("no header")?;
                fields.append(name, value.as_bytes()).map_err(shown)?;
            }
            "connect" => timeouts.set_connect_timeout(nanoseconds()?).map_err(shown)?,
            "first" => timeouts.set_first_byte_timeout(nanoseconds()?).map_err(shown)?,
            "between" => timeouts.set_between_bytes_timeout(nanoseconds()?).map_err(shown)?,
            "trailers" => trailers = true,
            _ => return Err(format!("no option {name}")),
        }
    }
    let (_, no_trailers) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(fields, body, no_trailers, Some(timeouts));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.into()),
    };
    request.set_method(&method).map_err(|()| "not a method")?;
    request.set_scheme(Some(&scheme)).map_err(|()| "not a scheme")?;
    request.set_authority(Some(authority)).map_err(|()| "not an authority")?;
    request.set_path_with_query(Some(if path.is_empty() { "/" } else { path })).map_err(|()| "not a path")?;
    Ok((request, trailers))
}

pub async fn get(url: &str, options: &[&str]) -> Said {
    let (request, wants_trailers) = request(url, options, None)?;
    let response = client::send(request).await.map_err(shown)?;
    let status = response.get_status_code();
    let (bytes, begin, end) = read(response).await;
    let trailers = end.await.map_err(|error| format!("{status}, then {error:?}"))?;
    let mut said = format!("{status} {bytes} {begin}");
    if let Some(trailers) = trailers.filter(|_| wants_trailers) {
        for (name, value) in trailers.copy_all() {
            said += &format!(" {name}={}", String::from_utf8_lossy(&value));
        }
    }
    Ok(said.trim_end().to_owned())
}

type End = FutureReader<Result<Option<Trailers>, ErrorCode>>;

/// How many bytes came, how they begin, and what ended them.
async fn read(response: Response) -> (u64, String, End) {
    let (_, handled) = wit_future::new(|| Ok(()));
    let (mut body, end) = Response::consume_body(response, handled);
    let (mut bytes, mut begin) = (0, Vec::new());
    let mut buffer = Vec::with_capacity(CHUNK);
    loop {
        let (result, mut piece) = body.read(buffer).await;
        bytes += piece.len() as u64;
        let wanted = 60usize.saturating_sub(begin.len());
        begin.extend_from_slice(&piece[..piece.len().min(wanted)]);
        piece.clear();
        buffer = piece;
        if matches!(result, StreamResult::Dropped) {
            return (bytes, printable(&begin), end);
        }
    }
}

fn printable(bytes: &[u8]) -> String {
    let bytes = bytes.trim_ascii_end();
    if bytes.iter().any(|b| *b < 0x20 || *b > 0x7e) {
        return String::new();
    }
    String::from_utf8_lossy(bytes).into_owned()
}

pub async fn post(url: &str, bytes: u64) -> Said {
    let (mut output, body) = wit_stream::new();
    let (request, _) = request(url, &["method=POST", &format!("header=content-length:{bytes}")], Some(body))?;
    let feed = async {
        let mut left = bytes;
        while left > 0 {
            let piece = vec![b'x'; left.min(CHUNK as u64) as usize];
            let length = piece.len() as u64;
            let rest = output.write_all(piece).await;
            if !rest.is_empty() {
                return; // the server answered before it had read all
            }
            left -= length;
        }
        drop(output);
    };
    let ((), answer) = futures::join!(feed, client::send(request));
    let response = answer.map_err(shown)?;
    let status = response.get_status_code();
    let (_, begin, end) = read(response).await;
    end.await.map_err(shown)?;
    Ok(format!("{status} {begin}"))
}

pub async fn many(url: &str, count: usize) -> Said {
    let answers = futures::future::join_all((0..count).map(|_| get(url, &[]))).await;
    let (good, other): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(|error| error))
        .partition(|said| said.starts_with("200 "));
    let other: std::collections::BTreeSet<_> = other.into_iter().collect();
    let other: Vec<_> = other.into_iter().collect();
    Ok(format!("{} {}", good.len(), other.join(" ")).trim_end().to_owned())
}

pub fn header(name: &str, value: &str) -> Said {
    let plain = |text: &str| text.replace("\\r", "\r").replace("\\n", "\n");
    Fields::new().append(&plain(name), plain(value).as_bytes()).map(|()| "set".into()).map_err(shown)
}
