// SPDX-License-Identifier: Apache-2.0
use super::{Ask, Bounds, Client, Head, Next, Sending, Taker, Trouble};
use http::HeaderMap;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const BOUNDS: Bounds =
    Bounds { most_bytes: 1 << 20, span: Duration::from_secs(20), least_bytes: 1, most_time: Duration::from_secs(20) };

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
            let whole =
                |got: &[u8]| got.windows(4).position(|w| w == b"\r\n\r\n").is_some_and(|at| got.len() >= at + 4 + body);
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
    let answer =
        "HTTP/1.1 200 OK\r\nTrailer: X-Wrong\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Wrong: why\r\n\r\n";
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
