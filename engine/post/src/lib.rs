// SPDX-License-Identifier: Apache-2.0
//! berth's own requests: bytes that are posted to one server, which the owner of this machine named. No guest has a part
//! in it, so nothing is asked of a policy and no module pays.
//!
//! A [`Post`] sends to one server again and again; a [`Client`] asks any server for anything, and hands over the answer
//! as it comes. Both are for C++ to use: which servers, and what then, is decided there.
//!
//! A [`Post`] has an event loop of its own and runs it on the thread that sends, which waits there: never a lane.

mod dial;
mod fetch;
mod heard;
mod sent;
mod target;
mod tls;

pub use fetch::{Ask, Bounds, Client, Head, Next, Sending, Stop, Taker, Trouble};
pub use http::HeaderMap;

use berth_doors::resolver::Resolver;
use bytes::Bytes;
use dial::dial;
use http::{Request, Response, header};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use target::Target;
use tls::Tls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// Of an answer, what is read; one that is longer counts as empty.
const MOST_ANSWER: usize = 64 << 10;
const MOST_HEAD: usize = 32 << 10;

/// What to send to.
pub struct Settings<'a> {
    /// `http://` or `https://`, a host, perhaps a port, and a path.
    pub url: &'a str,
    /// For each request. Errors name a header, and never say its value.
    pub headers: Vec<(String, String)>,
    /// The certificates to trust, in PEM, instead of this machine's; empty: those.
    pub roots: &'a [u8],
}

/// What a server answered.
pub struct Answer {
    pub status: u16,
    /// When it wants to be asked again.
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// One server, and the connection to it that is kept.
pub struct Post {
    runtime: Runtime,
    line: Line,
    ends: watch::Receiver<Option<Instant>>,
}

/// Ends what a [`Post`] does, from another thread.
pub struct End(watch::Sender<Option<Instant>>);

impl End {
    /// From now on nothing takes longer than until then, also what is under way.
    pub fn within(&self, time: Duration) {
        self.0.send_replace(Some(Instant::now() + time));
    }
}

impl Post {
    /// Connects to nobody yet. The error says what is wrong with the settings.
    pub fn new(settings: &Settings<'_>) -> Result<(Self, End), String> {
        let target = Target::new(settings.url, &settings.headers)?;
        let tls = if target.secure { Some(Tls::new(settings.roots)?) } else { None };
        let runtime = Builder::new_current_thread().enable_io().enable_time().max_blocking_threads(1).build();
        let runtime = runtime.map_err(|e| format!("no event loop: {e}"))?;
        let (end, ends) = watch::channel(None);
        let line = Line { target, tls, resolver: Resolver::new(Vec::new()), kept: None };
        Ok((Post { runtime, line, ends }, End(end)))
    }

    /// Where it connects to.
    pub fn port(&self) -> u16 {
        self.line.target.port
    }

    pub fn secure(&self) -> bool {
        self.line.target.secure
    }

    /// Waits for the answer, or says why there is none.
    pub fn send(&mut self, body: &[u8], most: Duration) -> Result<Answer, String> {
        let (line, ends) = (&mut self.line, &mut self.ends);
        let body = Bytes::copy_from_slice(body);
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                answer = line.exchange(body) => answer,
                () = ended(ends) => Err("there was no time left for an answer".into()),
                () = sleep(most) => Err(format!("no answer within {} ms", most.as_millis())),
            }
        })
    }
}

async fn ended(ends: &mut watch::Receiver<Option<Instant>>) {
    let by = ends.wait_for(Option::is_some).await.ok().and_then(|by| *by);
    match by {
        Some(by) => sleep_until(by).await,
        None => std::future::pending().await,
    }
}

type Sender = SendRequest<Full<Bytes>>;

struct Line {
    target: Target,
    tls: Option<Tls>,
    resolver: Resolver,
    kept: Option<Sender>,
}

impl Line {
    async fn exchange(&mut self, body: Bytes) -> Result<Answer, String> {
        // Taken: one that is given up on the way is gone.
        if let Some(mut kept) = self.kept.take()
            && kept.ready().await.is_ok()
            && let Ok(response) = kept.send_request(self.request(body.clone())).await
        {
            return Ok(self.read(kept, response).await);
        }
        // Whoever closes a connection that rests has no word for it.
        let mut fresh = self.connect().await?;
        let response = fresh.send_request(self.request(body)).await.map_err(|e| said(&e))?;
        Ok(self.read(fresh, response).await)
    }

    fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::post(self.target.path.clone());
        if let Some(headers) = request.headers_mut() {
            headers.clone_from(&self.target.headers);
        }
        request.body(Full::new(body)).unwrap_or_default()
    }

    async fn read(&mut self, sender: Sender, response: Response<Incoming>) -> Answer {
        let (parts, body) = response.into_parts();
        let read = Limited::new(body, MOST_ANSWER).collect().await;
        // Of one that isn't read to its end the connection is no good any more.
        let body = read.map_or_else(
            |_| Vec::new(),
            |read| {
                self.kept = Some(sender);
                read.to_bytes().to_vec()
            },
        );
        Answer { status: parts.status.as_u16(), retry_after: retry_after(&parts.headers), body }
    }

    async fn connect(&mut self) -> Result<Sender, String> {
        let (stream, _) = dial(&self.resolver, &self.target.host, self.target.port, &mut |_| true).await?;
        match &mut self.tls {
            None => speak(stream).await,
            Some(tls) => speak(tls.connect(&self.target.host, stream).await?).await,
        }
    }
}

async fn speak<S>(stream: S) -> Result<Sender, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    handshake(stream, MOST_HEAD).await
}

/// `most_buffer` is the longest head of an answer.
async fn handshake<S, B>(stream: S, most_buffer: usize) -> Result<SendRequest<B>, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut settings = http1::Builder::new();
    settings.max_buf_size(most_buffer);
    let (sender, connection) = settings.handshake(TokioIo::new(stream)).await.map_err(|e| said(&e))?;
    tokio::spawn(connection);
    Ok(sender)
}

/// In seconds: a date isn't read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn said(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(more) = cause {
        text = format!("{text}: {more}");
        cause = more.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Post, Settings};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;
    use std::time::{Duration, Instant};

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A server that answers each of so many requests of a connection with the same words, one connection after the other.
    fn server(connections: usize, requests: usize, answer: &'static str) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let url = format!("http://{}/v1/traces", listener.local_addr().expect("its port"));
        let serving = thread::spawn(move || {
            let mut heads = Vec::new();
            for _ in 0..connections {
                let (mut stream, _) = listener.accept().expect("a client");
                for _ in 0..requests {
                    let mut got = Vec::new();
                    while !got.ends_with(b"\r\n\r\nbody") {
                        let mut piece = [0; 4096];
                        let len = stream.read(&mut piece).expect("a request");
                        assert!(len > 0, "it ends early");
                        got.extend(&piece[..len]);
                    }
                    heads.push(String::from_utf8(got).expect("text"));
                    stream.write_all(answer.as_bytes()).expect("a reader");
                }
            }
            heads
        });
        (url, serving)
    }

    fn post(url: &str) -> Post {
        let headers = vec![("X-Team".to_owned(), "blue".to_owned())];
        Post::new(&Settings { url, headers, roots: &[] }).expect("settings that make sense").0
    }

    #[test]
    fn a_body_is_posted_with_the_headers_and_the_connection_is_kept() {
        let (url, serving) = server(1, 2, "HTTP/1.1 503 Later\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno");
        let mut post = post(&url);
        for _ in 0..2 {
            let answer = post.send(b"body", PATIENCE).expect("an answer");
            assert_eq!((answer.status, answer.retry_after), (503, Some(Duration::from_secs(7))));
            assert_eq!(answer.body, b"no");
        }
        for head in serving.join().expect("a server") {
            assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
            assert!(head.to_lowercase().contains("\r\nx-team: blue\r\n"), "{head}");
        }
    }

    #[test]
    fn a_connection_that_was_closed_meanwhile_is_made_anew() {
        let (url, serving) = server(2, 1, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let mut post = post(&url);
        for _ in 0..2 {
            assert_eq!(post.send(b"body", PATIENCE).expect("an answer").status, 200);
        }
        serving.join().expect("a server");
    }

    #[test]
    fn who_says_nothing_is_not_waited_for_longer_than_asked() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let url = format!("http://{}/", listener.local_addr().expect("its port"));
        let (mut post, end) = Post::new(&Settings { url: &url, headers: vec![], roots: &[] }).expect("settings");
        let begin = Instant::now();
        assert!(post.send(b"body", Duration::from_millis(100)).is_err());
        let ending = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            end.within(Duration::from_millis(100));
            end
        });
        assert!(post.send(b"body", PATIENCE).is_err());
        assert!(begin.elapsed() < Duration::from_secs(10));
        ending.join().expect("an end");
    }
}
