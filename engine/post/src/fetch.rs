// SPDX-License-Identifier: Apache-2.0
//! Requests of any method to any server, one at a time: the answer's body is handed over as it comes, and never kept.
//!
//! No redirect is followed and nothing is tried twice here, but for a connection that was closed while it rested, and then
//! only what may be asked twice, or was never written: who asks decides. A [`Client`] runs its event loop on the thread that asks, and calls its [`Taker`] there.

use crate::dial::{NoLine, dial};
use crate::heard::Heard;
use crate::sent::{Feed, Going};
use crate::target::Target;
use crate::tls::Tls;
use crate::{handshake, said};
use berth_doors::resolver::Resolver;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};

/// The longest head of an answer, and the most that is read at once.
const BUFFER: usize = 256 << 10;
/// Connections that rest.
const KEPT: usize = 4;
const TLS_TIME: Duration = Duration::from_secs(10);

/// A request.
pub struct Ask<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: Vec<(String, String)>,
    pub body: Sending<'a>,
    pub bounds: Bounds,
}

/// A request's body.
pub enum Sending<'a> {
    Whole(&'a [u8]),
    /// What the [`Taker`] gives, a piece at a time, over a connection of its own: it can't be given twice.
    Pieces,
}

/// Of a body that streams.
pub enum Next {
    /// Not empty.
    Piece(Vec<u8>),
    End,
    /// It won't come to its end: the request neither.
    Broken,
}

/// How far a request may go.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// Of the answer's body.
    pub most_bytes: u64,
    /// In each such span at least `least_bytes` go or come, or the answer begins or ends.
    pub span: Duration,
    pub least_bytes: u64,
    /// For all of it.
    pub most_time: Duration,
}

/// How an answer begins.
pub struct Head {
    pub status: u16,
    pub headers: HeaderMap,
    /// Who answers.
    pub address: IpAddr,
}

/// Who gets an answer, a piece at a time.
pub trait Taker {
    /// Whether this address may be connected to.
    fn may_reach(&mut self, address: IpAddr) -> bool;
    /// False: nothing of the body is wanted.
    fn head(&mut self, head: &Head) -> bool;
    /// False: no more of it.
    fn bytes(&mut self, bytes: &[u8]) -> bool;
    /// What stands behind the body.
    fn trailers(&mut self, _trailers: &HeaderMap) {}
    /// Of [`Sending::Pieces`]. While it waits here, nobody is too slow.
    fn next(&mut self) -> Next {
        Next::Broken
    }
}

/// Why there is no answer, or no whole one.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// With what is asked.
    Wrong(String),
    /// The address that may not be reached.
    Denied(IpAddr),
    /// The body is longer than it may be.
    TooLong,
    /// The connection, or the server; it may work later.
    Failed(String),
    /// A [`Stop`] was given.
    Stopped,
    /// By [`Next::Broken`].
    Broken,
}

/// Asks servers, and keeps connections to the last of them.
pub struct Client {
    runtime: Runtime,
    lines: Lines,
    stops: watch::Receiver<bool>,
}

/// Ends what a [`Client`] does, from another thread, and all that it is asked for later.
pub struct Stop(watch::Sender<bool>);

impl Stop {
    pub fn now(&self) {
        self.0.send_replace(true);
    }
}

struct Lines {
    roots: Vec<u8>,
    tls: Option<Tls>,
    resolver: Resolver,
    kept: Vec<Kept>,
}

struct Kept {
    secure: bool,
    authority: String,
    address: IpAddr,
    sender: SendRequest<Going>,
}

impl Client {
    /// `roots` are the certificates to trust, in PEM, instead of this machine's; empty: those.
    pub fn new(roots: &[u8]) -> Result<(Self, Stop), String> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().max_blocking_threads(1).build();
        let runtime = runtime.map_err(|e| format!("no event loop: {e}"))?;
        let (stop, stops) = watch::channel(false);
        let tls = if roots.is_empty() { None } else { Some(Tls::new(roots)?) };
        let lines = Lines { roots: roots.to_vec(), tls, resolver: Resolver::new(Vec::new()), kept: Vec::new() };
        Ok((Client { runtime, lines, stops }, Stop(stop)))
    }

    /// Waits until the answer was handed to the taker, or until the taker wants no more of it.
    pub fn fetch(&mut self, ask: Ask<'_>, taker: &mut dyn Taker) -> Result<(), Trouble> {
        let most = ask.bounds.most_time;
        let (lines, stops) = (&mut self.lines, &mut self.stops);
        self.runtime.block_on(async {
            let late = || Trouble::Failed(format!("it isn't answered whole within {} s", most.as_secs()));
            tokio::select! {
                biased;
                // Nobody is left who could stop it: that is no reason to.
                Ok(_) = stops.wait_for(|stopped| *stopped) => Err(Trouble::Stopped),
                done = timeout(most, lines.fetch(ask, taker)) => done.unwrap_or_else(|_| Err(late())),
            }
        })
    }
}

impl Lines {
    async fn fetch(&mut self, ask: Ask<'_>, taker: &mut dyn Taker) -> Result<(), Trouble> {
        let target = Target::new(ask.url, &ask.headers).map_err(Trouble::Wrong)?;
        let method = Method::from_bytes(ask.method.as_bytes()).map_err(|_| Trouble::Wrong("no such method".into()))?;
        let whole = match ask.body {
            Sending::Pieces => None,
            Sending::Whole(bytes) => Some(Bytes::copy_from_slice(bytes)),
        };
        let going = || match &whole {
            Some(bytes) => (Going::whole(bytes.clone()), Feed::none()),
            None => Going::fed(),
        };
        if whole.is_some()
            && let Some(mut kept) = self.rested(&target, taker)
            && is_open(&mut kept.sender).await
        {
            let (body, mut feed) = going();
            let gone = body.gone.clone();
            let asked = kept.sender.send_request(request(&target, &method, body));
            match watched(asked, &mut feed, &gone, ask.bounds, taker).await? {
                Ok(response) => return self.read(kept, response, (feed, &gone), ask.bounds, taker).await,
                Err(e) if !e.is_canceled() && !method.is_idempotent() => return Err(Trouble::Failed(said(&e))),
                Err(_) => {}
            }
        }
        let mut fresh = self.connect(&target, taker).await?;
        let (body, mut feed) = going();
        let gone = body.gone.clone();
        let asked = fresh.sender.send_request(request(&target, &method, body));
        let response = watched(asked, &mut feed, &gone, ask.bounds, taker).await?;
        self.read(fresh, response.map_err(|e| Trouble::Failed(said(&e)))?, (feed, &gone), ask.bounds, taker).await
    }

    /// A connection to that server that rests here, and to an address that may be reached.
    fn rested(&mut self, target: &Target, taker: &mut dyn Taker) -> Option<Kept> {
        let authority = target.authority();
        let fits = |kept: &Kept| kept.secure == target.secure && kept.authority == authority;
        let at = self.kept.iter().position(fits)?;
        let kept = self.kept.swap_remove(at);
        taker.may_reach(kept.address).then_some(kept)
    }

    async fn connect(&mut self, target: &Target, taker: &mut dyn Taker) -> Result<Kept, Trouble> {
        let mut may = |address| taker.may_reach(address);
        let dialled = dial(&self.resolver, &target.host, target.port, &mut may).await;
        let (stream, address) = dialled.map_err(|why| match why {
            NoLine::Denied(address) => Trouble::Denied(address),
            NoLine::Failed(text) => Trouble::Failed(text),
        })?;
        let sender = if target.secure {
            let tls = match &mut self.tls {
                Some(tls) => tls,
                none => none.insert(Tls::new(&self.roots).map_err(Trouble::Wrong)?),
            };
            let secured = timeout(TLS_TIME, tls.connect(&target.host, stream)).await;
            let secured = secured.unwrap_or_else(|_| Err("TLS: no answer in time".into()));
            handshake(Heard::new(secured.map_err(Trouble::Failed)?), BUFFER).await
        } else {
            handshake(Heard::new(stream), BUFFER).await
        };
        let sender = sender.map_err(Trouble::Failed)?;
        Ok(Kept { secure: target.secure, authority: target.authority(), address, sender })
    }

    async fn read(
        &mut self,
        line: Kept,
        response: Response<Incoming>,
        (mut feed, gone): (Feed, &AtomicU64),
        bounds: Bounds,
        taker: &mut dyn Taker,
    ) -> Result<(), Trouble> {
        let (parts, mut body) = response.into_parts();
        let head = Head { status: parts.status.as_u16(), headers: parts.headers, address: line.address };
        // Who refuses a request wants no more of it, and says why.
        if !parts.status.is_success() {
            feed.rest();
        }
        // Of one that isn't read to its end the connection is no good any more.
        if !taker.head(&head) {
            return Ok(());
        }
        if body.size_hint().lower() > bounds.most_bytes {
            return Err(Trouble::TooLong);
        }
        let mut came = 0;
        // An answer may begin while its request still goes.
        let mut before = gone.load(Ordering::Relaxed);
        let mut look = Instant::now() + bounds.span;
        while !body.is_end_stream() {
            let frame = tokio::select! {
                biased;
                frame = body.frame() => frame,
                () = feed.wanted() => {
                    look += feed.give(taker)?;
                    continue;
                }
                () = sleep_until(look) => {
                    let now = came + gone.load(Ordering::Relaxed);
                    if now - before < bounds.least_bytes {
                        return Err(slow(bounds));
                    }
                    (before, look) = (now, Instant::now() + bounds.span);
                    continue;
                }
            };
            let Some(frame) = frame else { break };
            let piece = match frame.map_err(|e| Trouble::Failed(said(&e)))?.into_data() {
                Ok(piece) => piece,
                Err(other) => {
                    let _ = other.into_trailers().map(|trailers| taker.trailers(&trailers));
                    continue;
                }
            };
            came += piece.len() as u64;
            if came > bounds.most_bytes {
                return Err(Trouble::TooLong);
            }
            if !taker.bytes(&piece) {
                return Ok(());
            }
        }
        if feed.is_done() {
            if self.kept.len() == KEPT {
                self.kept.remove(0);
            }
            self.kept.push(line);
        }
        Ok(())
    }
}

/// Whether a connection that rested is still one, as far as can be seen from here. Nothing ran while nobody asked: first
/// the event loop hears what came meanwhile, and then the connection does.
async fn is_open(sender: &mut SendRequest<Going>) -> bool {
    for _ in 0..3 {
        yield_now().await;
    }
    sender.ready().await.is_ok()
}

/// Waits for the head of an answer, for as long as the request goes out fast enough, and then for one span more.
async fn watched<T>(
    asked: impl Future<Output = T>,
    feed: &mut Feed,
    gone: &AtomicU64,
    bounds: Bounds,
    taker: &mut dyn Taker,
) -> Result<T, Trouble> {
    let mut asked = std::pin::pin!(asked);
    let (mut before, mut look) = (gone.load(Ordering::Relaxed), Instant::now() + bounds.span);
    loop {
        tokio::select! {
            biased;
            answered = &mut asked => return Ok(answered),
            () = feed.wanted() => look += feed.give(taker)?,
            () = sleep_until(look) => {
                let now = gone.load(Ordering::Relaxed);
                if now - before < bounds.least_bytes {
                    return Err(slow(bounds));
                }
                (before, look) = (now, Instant::now() + bounds.span);
            }
        }
    }
}

fn slow(bounds: Bounds) -> Trouble {
    let text = format!("less than {} bytes came or went in {} ms", bounds.least_bytes, bounds.span.as_millis());
    Trouble::Failed(text)
}

fn request(target: &Target, method: &Method, body: Going) -> Request<Going> {
    let mut request = Request::new(body);
    *request.method_mut() = method.clone();
    *request.uri_mut() = target.path.clone().into();
    request.headers_mut().clone_from(&target.headers);
    request
}

#[cfg(test)]
mod tests {
    use super::{Ask, Bounds, Client, Head, Next, Sending, Taker, Trouble};
    use http::HeaderMap;
    use std::io::{Read as _, Write as _};
    use std::net::{IpAddr, TcpListener};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::{Duration, Instant};

    const BOUNDS: Bounds = Bounds {
        most_bytes: 1 << 20,
        span: Duration::from_secs(20),
        least_bytes: 1,
        most_time: Duration::from_secs(20),
    };

    #[derive(Default)]
    struct Kept {
        closed: bool,
        status: u16,
        bytes: Vec<u8>,
        trailers: HeaderMap,
        /// To give, the last one first, each after that while; then the end, or none.
        pieces: Vec<Vec<u8>>,
        pause: Duration,
        breaks: bool,
        left_at_head: usize,
    }

    impl Taker for Kept {
        fn may_reach(&mut self, _: IpAddr) -> bool {
            !self.closed
        }
        fn head(&mut self, head: &Head) -> bool {
            self.status = head.status;
            self.left_at_head = self.pieces.len();
            true
        }
        fn bytes(&mut self, bytes: &[u8]) -> bool {
            self.bytes.extend(bytes);
            true
        }
        fn trailers(&mut self, trailers: &HeaderMap) {
            self.trailers = trailers.clone();
        }
        fn next(&mut self) -> Next {
            thread::sleep(self.pause);
            match self.pieces.pop() {
                Some(piece) => Next::Piece(piece),
                None if self.breaks => Next::Broken,
                None => Next::End,
            }
        }
    }

    /// Answers one connection: with each text once so many bytes of a request have come, then with `more` for as long as they
    /// are taken.
    fn server(answers: Vec<(usize, &'static str)>, more: &'static [u8], pause: Duration) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let url = format!("http://{}/blob", listener.local_addr().expect("its port"));
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            for (body, answer) in answers {
                let mut got = Vec::new();
                let whole = |got: &[u8]| {
                    got.windows(4).position(|w| w == b"\r\n\r\n").is_some_and(|at| got.len() >= at + 4 + body)
                };
                while !whole(&got) {
                    let mut piece = [0; 65536];
                    let len = stream.read(&mut piece).expect("a request");
                    assert!(len > 0, "it ends early");
                    got.extend(&piece[..len]);
                }
                stream.write_all(answer.as_bytes()).expect("a reader");
            }
            while !more.is_empty() && stream.write_all(more).is_ok() {
                thread::sleep(pause);
            }
        });
        url
    }

    fn get(url: &str, bounds: Bounds) -> (Result<(), Trouble>, Kept) {
        let mut kept = Kept::default();
        let mut client = Client::new(&[]).expect("a client").0;
        let ask = Ask { method: "GET", url, headers: vec![], body: Sending::Whole(b""), bounds };
        (client.fetch(ask, &mut kept), kept)
    }

    #[test]
    fn an_answer_is_handed_over_and_the_connection_is_kept() {
        let url = server(vec![(0, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"); 2], b"", Duration::ZERO);
        let mut client = Client::new(&[]).expect("a client").0;
        for _ in 0..2 {
            let mut kept = Kept::default();
            let ask = Ask { method: "GET", url: &url, headers: vec![], body: Sending::Whole(b""), bounds: BOUNDS };
            client.fetch(ask, &mut kept).expect("an answer");
            assert_eq!((kept.status, &kept.bytes[..]), (200, &b"ab"[..]));
        }
    }

    /// On its first connection answers a request, and hangs up: at once, or when it has read the next one. Then it answers
    /// once on another. Gives how many requests it has read.
    fn twice(method: &str, reads: bool) -> (Result<(), Trouble>, usize) {
        const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab";
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let url = format!("http://{}/", listener.local_addr().expect("its port"));
        let read = Arc::new(AtomicUsize::new(0));
        let (count, (hung_up, hangs_up)) = (read.clone(), mpsc::channel());
        thread::spawn(move || {
            let mut request = [0; 4096];
            for once_more in [reads, false] {
                let (mut stream, _) = listener.accept().expect("a client");
                assert!(stream.read(&mut request).expect("a request") > 0, "it ends early");
                count.fetch_add(1, Ordering::Relaxed);
                stream.write_all(ANSWER).expect("a reader");
                if once_more && stream.read(&mut request).expect("a request") > 0 {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                drop(stream);
                let _ = hung_up.send(());
            }
        });
        let mut client = Client::new(&[]).expect("a client").0;
        let mut ask = || {
            let ask = Ask { method, url: &url, headers: vec![], body: Sending::Whole(b""), bounds: BOUNDS };
            client.fetch(ask, &mut Kept::default())
        };
        ask().expect("an answer");
        if !reads {
            hangs_up.recv().expect("a server");
        }
        let second = ask();
        (second, read.load(Ordering::Relaxed))
    }

    #[test]
    fn what_may_be_done_once_is_sent_once_when_a_server_hangs_up() {
        for method in ["POST", "PATCH"] {
            let (done, read) = twice(method, true);
            assert!(matches!(done, Err(Trouble::Failed(_))), "{method}: {done:?}");
            assert_eq!(read, 2, "{method}");
        }
        assert_eq!(twice("GET", true), (Ok(()), 3));
    }

    #[test]
    fn a_connection_that_was_closed_while_it_rested_costs_nobody_their_request() {
        for method in ["GET", "POST"] {
            for _ in 0..20 {
                assert_eq!(twice(method, false), (Ok(()), 2), "{method}");
            }
        }
    }

    #[test]
    fn a_server_that_answers_before_it_has_all_may_take_its_time() {
        const SIZE: usize = 40 << 20;
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let url = format!("http://{}/", listener.local_addr().expect("its port"));
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let (mut piece, mut got, mut end) = (vec![0; 1 << 16], 0, [0; 5]);
            stream.peek(&mut piece).expect("a request");
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").expect("a reader");
            let mut rest = 1 << 20;
            while end != *b"0\r\n\r\n" {
                let len = stream.read(&mut piece).expect("a request");
                assert!(len > 0, "it ends early");
                for byte in &piece[len.saturating_sub(5)..len] {
                    end.rotate_left(1);
                    end[4] = *byte;
                }
                got += len;
                if got > rest {
                    rest += 1 << 20;
                    thread::sleep(Duration::from_millis(50));
                }
            }
            stream.write_all(b"ab").expect("a reader");
        });
        let mut kept = Kept { pieces: vec![vec![7; 1 << 20]; SIZE >> 20], ..Kept::default() };
        put(&url, Bounds { span: Duration::from_secs(1), ..BOUNDS }, &mut kept).expect("an answer");
        assert_eq!(&kept.bytes[..], b"ab");
    }

    #[test]
    fn a_body_is_sent_whole() {
        let url = server(vec![(600_000, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")], b"", Duration::ZERO);
        let (mut kept, body) = (Kept::default(), vec![7; 600_000]);
        let ask = Ask { method: "PUT", url: &url, headers: vec![], body: Sending::Whole(&body), bounds: BOUNDS };
        Client::new(&[]).expect("a client").0.fetch(ask, &mut kept).expect("an answer");
        assert_eq!(kept.status, 201);
    }

    const CREATED: &str = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
    /// Three pieces of 200,000 bytes in chunks, each with its length, and the last chunk.
    const CHUNKED: usize = 3 * (200_000 + 9) + 5;

    fn put(url: &str, bounds: Bounds, kept: &mut Kept) -> Result<(), Trouble> {
        let ask = Ask { method: "PUT", url, headers: vec![], body: Sending::Pieces, bounds };
        Client::new(&[]).expect("a client").0.fetch(ask, kept)
    }

    fn three() -> Kept {
        Kept { pieces: vec![vec![7; 200_000]; 3], ..Kept::default() }
    }

    #[test]
    fn a_body_in_pieces_is_sent_to_its_end() {
        let url = server(vec![(CHUNKED, CREATED)], b"", Duration::ZERO);
        let mut kept = three();
        put(&url, BOUNDS, &mut kept).expect("an answer");
        assert_eq!(kept.status, 201);
    }

    #[test]
    fn one_who_is_slow_to_give_pieces_is_waited_for() {
        let url = server(vec![(CHUNKED, CREATED)], b"", Duration::ZERO);
        let mut kept = Kept { pause: Duration::from_millis(300), ..three() };
        put(&url, Bounds { span: Duration::from_millis(200), least_bytes: 500_000, ..BOUNDS }, &mut kept)
            .expect("an answer");
        assert_eq!(kept.status, 201);
    }
    #[test]
    fn a_body_that_breaks_off_is_never_taken_for_a_whole_one() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let url = format!("http://{}/", listener.local_addr().expect("its port"));
        let reading = thread::spawn(move || {
            let mut got = Vec::new();
            let _ = listener.accept().expect("a client").0.read_to_end(&mut got);
            got
        });
        let mut client = Client::new(&[]).expect("a client").0;
        let ask = Ask { method: "PUT", url: &url, headers: vec![], body: Sending::Pieces, bounds: BOUNDS };
        assert_eq!(client.fetch(ask, &mut Kept { breaks: true, ..three() }), Err(Trouble::Broken));
        // What is left of it goes on while something else does.
        let url = server(vec![(CHUNKED, CREATED)], b"", Duration::ZERO);
        let ask = Ask { method: "PUT", url: &url, headers: vec![], body: Sending::Pieces, bounds: BOUNDS };
        client.fetch(ask, &mut three()).expect("an answer");
        drop(client);
        assert!(!reading.join().expect("a reader").ends_with(b"0\r\n\r\n"), "it has an end");
    }
    #[test]
    fn who_refuses_a_body_early_is_sent_no_more_and_heard() {
        let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 30\r\n\r\n";
        let url = server(vec![(1, refusal)], b"no", Duration::from_millis(20));
        let mut kept = Kept { pieces: vec![vec![7; 1000]; 1000], pause: Duration::from_millis(5), ..Kept::default() };
        put(&url, BOUNDS, &mut kept).expect("an answer");
        assert_eq!((kept.status, kept.bytes.len()), (403, 30));
        assert_eq!(kept.pieces.len(), kept.left_at_head);
    }
    #[test]
    fn who_refuses_a_body_and_hangs_up_is_heard() {
        let refusal = "HTTP/1.1 507 No Room\r\nContent-Length: 4\r\n\r\nnope";
        for _ in 0..10 {
            let url = server(vec![(1, refusal)], b"", Duration::ZERO);
            // It comes while a piece is waited for, and writing fails before it is read.
            let pause = Duration::from_millis(5);
            let mut kept = Kept { pieces: vec![vec![7; 200_000]; 1000], pause, ..Kept::default() };
            put(&url, BOUNDS, &mut kept).expect("an answer");
            assert_eq!((kept.status, &kept.bytes[..]), (507, &b"nope"[..]));
        }
    }
    #[test]
    fn who_hangs_up_without_a_word_is_no_answer() {
        let url = server(vec![(1, "")], b"", Duration::ZERO);
        let mut kept = Kept { pieces: vec![vec![7; 200_000]; 1000], ..Kept::default() };
        let begin = Instant::now();
        assert!(matches!(put(&url, BOUNDS, &mut kept), Err(Trouble::Failed(_))));
        assert!(begin.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_server_that_takes_no_more_of_a_body_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let url = format!("http://{}/", listener.local_addr().expect("its port"));
        let mut kept = Kept { pieces: vec![vec![7; 200_000]; 1000], ..Kept::default() };
        let done = put(&url, Bounds { span: Duration::from_millis(200), ..BOUNDS }, &mut kept);
        assert!(matches!(done, Err(Trouble::Failed(_))), "{done:?}");
        assert!(kept.pieces.len() > 900, "{} are left", kept.pieces.len());
    }

    #[test]
    fn what_stands_behind_an_answer_is_handed_over() {
        let answer = "HTTP/1.1 200 OK\r\nTrailer: X-Wrong\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Wrong: why\r\n\r\n";
        let (done, kept) = get(&server(vec![(0, answer)], b"", Duration::ZERO), BOUNDS);
        assert_eq!((done, &kept.bytes[..]), (Ok(()), &b"ab"[..]));
        assert_eq!(kept.trailers.get("x-wrong").expect("a trailer"), "why");
    }

    #[test]
    fn an_address_that_may_not_be_reached_is_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let url = format!("http://{}/", listener.local_addr().expect("its port"));
        let mut kept = Kept { closed: true, ..Kept::default() };
        let ask = Ask { method: "GET", url: &url, headers: vec![], body: Sending::Whole(b""), bounds: BOUNDS };
        let done = Client::new(&[]).expect("a client").0.fetch(ask, &mut kept);
        assert_eq!(done, Err(Trouble::Denied("127.0.0.1".parse().expect("an address"))));
        listener.set_nonblocking(true).expect("it can");
        assert!(listener.accept().is_err(), "somebody came");
    }

    #[test]
    fn a_body_without_end_is_left_at_its_bound() {
        let url = server(vec![(0, "HTTP/1.1 200 OK\r\n\r\n")], &[0; 65536], Duration::ZERO);
        let (done, kept) = get(&url, BOUNDS);
        assert_eq!(done, Err(Trouble::TooLong));
        assert!(kept.bytes.len() <= 1 << 20);
    }

    #[test]
    fn a_body_that_drips_is_given_up() {
        let url = server(vec![(0, "HTTP/1.1 200 OK\r\n\r\n")], b"a", Duration::from_millis(10));
        let begin = Instant::now();
        let (done, _) = get(&url, Bounds { span: Duration::from_millis(200), least_bytes: 1000, ..BOUNDS });
        assert!(matches!(done, Err(Trouble::Failed(_))), "{done:?}");
        assert!(begin.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_client_that_is_stopped_waits_for_nobody_and_asks_nobody() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let url = format!("http://{}/", listener.local_addr().expect("its port"));
        let (mut client, stop) = Client::new(&[]).expect("a client");
        let mut kept = Kept::default();
        let begin = Instant::now();
        let stopping = thread::spawn(move || {
            let _line = listener.accept().expect("a client");
            stop.now();
            stop
        });
        for _ in 0..2 {
            let ask = Ask { method: "GET", url: &url, headers: vec![], body: Sending::Whole(b""), bounds: BOUNDS };
            assert_eq!(client.fetch(ask, &mut kept), Err(Trouble::Stopped));
        }
        assert!(begin.elapsed() < Duration::from_secs(10));
        stopping.join().expect("a stop");
    }

    #[test]
    fn what_takes_too_long_as_a_whole_is_given_up() {
        let url = server(vec![(0, "HTTP/1.1 200 OK\r\n\r\n")], b"abc", Duration::from_millis(10));
        let begin = Instant::now();
        let (done, _) = get(&url, Bounds { most_time: Duration::from_millis(300), ..BOUNDS });
        assert!(matches!(done, Err(Trouble::Failed(_))), "{done:?}");
        assert!(begin.elapsed() < Duration::from_secs(10));
    }
}
