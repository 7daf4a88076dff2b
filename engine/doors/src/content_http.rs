// SPDX-License-Identifier: Apache-2.0
//! Requests of a guest's to `ipfs://CID/path`, answered from content as a gateway would: GET and HEAD, one range, an ETag that is
//! the CID, a type by the name. What of it is open is the policy's word for content, not for HTTP.

use crate::content::{Ask, Asked, ContentDoor, Fault, Found, Kind, Verb, Why};
use crate::http::Answer;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use std::pin::Pin;
use std::task::{Context, Poll};
use wasmtime_wasi_http::{Error, WasiBody};

/// Whether a URL is one of content.
pub(crate) fn is_content(uri: &Uri) -> bool {
    matches!(uri.scheme_str(), Some("ipfs" | "ipns"))
}

pub(crate) struct Fetching {
    pub door: ContentDoor,
}

/// A request that got as far as an answer that says no, or not that far.
enum Failed {
    Status(StatusCode, String),
    Error(Error),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        match fault.why {
            Why::NotFound => Failed::Status(StatusCode::NOT_FOUND, fault.words),
            Why::Invalid => Failed::Status(StatusCode::BAD_REQUEST, fault.words),
            Why::Denied => Failed::Error(Error::HttpRequestDenied),
            Why::TooLarge => Failed::Error(Error::HttpResponseBodySize(None)),
            Why::Unavailable => Failed::Error(Error::DestinationUnavailable),
            Why::Limit => Failed::Error(Error::ConnectionLimitReached),
        }
    }
}

/// What a request asks for, in the words of content.
fn target_of(uri: &Uri) -> Option<String> {
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    // No user and no port.
    if authority.as_str() != authority.host() {
        return None;
    }
    Some(format!("{scheme}://{}{}", authority.host(), uri.path().trim_end_matches('/')))
}

impl Fetching {
    pub async fn perform(self, request: http::Request<WasiBody>) -> Answer {
        // What a body would hold isn't asked for.
        let request = request.map(drop);
        let head = request.method() == Method::HEAD;
        let answered = match *request.method() {
            Method::GET | Method::HEAD => self.fetch(&request, head).await,
            _ => Err(Failed::Status(StatusCode::METHOD_NOT_ALLOWED, "content is read by GET and HEAD".to_owned())),
        };
        let response = match answered {
            Ok(response) => response,
            Err(Failed::Status(status, words)) => refusal(status, words, head),
            Err(Failed::Error(error)) => return Err(error),
        };
        Ok((response, Box::new(async { Ok(()) })))
    }

    async fn fetch(&self, request: &http::Request<()>, head: bool) -> Result<Response<WasiBody>, Failed> {
        let mut target = target_of(request.uri()).ok_or(Failed::Error(Error::HttpRequestUriInvalid))?;
        let mut found = self.door.begin(&Ask::new(Verb::Stat, &target))?.found().await?;
        if found.kind == Kind::Directory {
            target.push_str("/index.html");
            found = self.door.begin(&Ask::new(Verb::Stat, &target))?.found().await?;
        }
        if found.kind != Kind::File {
            return Err(Failed::Status(StatusCode::NOT_FOUND, format!("{target} is no file")));
        }
        let headers = request.headers();
        let mut response = Response::new(WasiBody::default());
        describe(response.headers_mut(), &target, &found);
        let tag = format!("\"{}\"", found.cid);
        if names(headers, header::IF_NONE_MATCH, &tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        let ranged = !headers.contains_key(header::IF_RANGE) || names(headers, header::IF_RANGE, &tag);
        let range = if ranged { Range::of(headers, found.size) } else { Range::All };
        let (offset, length) = match range {
            Range::All => (0, found.size),
            Range::Part(offset, length) => {
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let text = format!("bytes {offset}-{}/{}", offset + length - 1, found.size);
                put(response.headers_mut(), header::CONTENT_RANGE, &text);
                (offset, length)
            }
            Range::Beyond => {
                let mut refused = refusal(StatusCode::RANGE_NOT_SATISFIABLE, "it has no such bytes".to_owned(), head);
                put(refused.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", found.size));
                return Ok(refused);
            }
        };
        put(response.headers_mut(), header::CONTENT_LENGTH, &length.to_string());
        if !head {
            let asked = self.door.begin(&Ask { offset, length, ..Ask::new(Verb::Open, &target) })?;
            asked.found().await?;
            *response.body_mut() = ContentBody { asked, left: length }.boxed_unsync();
        }
        Ok(response)
    }
}

fn put(headers: &mut HeaderMap, name: header::HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

fn describe(headers: &mut HeaderMap, target: &str, found: &Found) {
    let known = if found.media_type.is_empty() { "application/octet-stream" } else { &found.media_type };
    put(headers, header::CONTENT_TYPE, known);
    put(headers, header::ETAG, &format!("\"{}\"", found.cid));
    put(headers, header::ACCEPT_RANGES, "bytes");
    if target.starts_with("ipfs:") {
        put(headers, header::CACHE_CONTROL, "public, max-age=29030400, immutable");
    }
}

fn refusal(status: StatusCode, words: String, head: bool) -> Response<WasiBody> {
    let words = format!("{words}\n");
    let mut response = Response::new(WasiBody::default());
    *response.status_mut() = status;
    put(response.headers_mut(), header::CONTENT_TYPE, "text/plain; charset=utf-8");
    put(response.headers_mut(), header::CONTENT_LENGTH, &words.len().to_string());
    if !head {
        *response.body_mut() = Full::new(Bytes::from(words)).map_err(|never| match never {}).boxed_unsync();
    }
    response
}

/// Whether a list of tags has this one, weak or strong, or any.
fn names(headers: &HeaderMap, name: header::HeaderName, tag: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(','));
    tags.any(|one| one.trim().trim_start_matches("W/") == tag || one.trim() == "*")
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    All,
    /// From where, and how many: at least one.
    Part(u64, u64),
    Beyond,
}

impl Range {
    /// One range of bytes; what else there is means all (RFC 9110, 14.2).
    fn of(headers: &HeaderMap, size: u64) -> Range {
        let value = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
        let Some((first, last)) = value.and_then(|value| value.strip_prefix("bytes=")?.split_once('-')) else {
            return Range::All;
        };
        match (first.trim(), last.trim()) {
            ("", last) => match last.parse::<u64>() {
                Ok(0) => Range::Beyond,
                Ok(_) if size == 0 => Range::Beyond,
                Ok(count) => Range::Part(size - count.min(size), count.min(size)),
                Err(_) => Range::All,
            },
            (first, last) => {
                let Ok(first) = first.parse::<u64>() else { return Range::All };
                let last = if last.is_empty() { Ok(u64::MAX) } else { last.parse::<u64>() };
                match last {
                    Ok(last) if last < first => Range::All,
                    Ok(_) if first >= size => Range::Beyond,
                    Ok(last) => Range::Part(first, last.min(size - 1) - first + 1),
                    Err(_) => Range::All,
                }
            }
        }
    }
}

struct ContentBody {
    asked: Asked,
    left: u64,
}

impl Body for ContentBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.asked.poll_take(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(Some(piece))) => {
                self.left = self.left.saturating_sub(piece.len() as u64);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Poll::Ready(Ok(None)) => Poll::Ready(None),
            Poll::Ready(Err(_)) => Poll::Ready(Some(Err(Error::HttpResponseIncomplete))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::Range;
    use http::{HeaderMap, header};

    fn range(text: &'static str, size: u64) -> Range {
        Range::of(&HeaderMap::from_iter([(header::RANGE, text.parse().expect("a value"))]), size)
    }

    #[test]
    fn one_range_is_read_and_anything_else_is_all() {
        assert_eq!(range("bytes=0-0", 10), Range::Part(0, 1));
        assert_eq!(range("bytes=2-", 10), Range::Part(2, 8));
        assert_eq!(range("bytes=2-99", 10), Range::Part(2, 8));
        assert_eq!(range("bytes=-3", 10), Range::Part(7, 3));
        assert_eq!(range("bytes=-30", 10), Range::Part(0, 10));
        for beyond in ["bytes=10-", "bytes=10-11", "bytes=-0"] {
            assert_eq!(range(beyond, 10), Range::Beyond, "{beyond}");
        }
        assert_eq!(range("bytes=-1", 0), Range::Beyond);
        for odd in ["bytes=3-2", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=-", "bytes=1"] {
            assert_eq!(range(odd, 10), Range::All, "{odd}");
        }
    }
}
