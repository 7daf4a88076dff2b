// SPDX-License-Identifier: Apache-2.0
//! Moves bytes over WASI 0.2, for benchmarks and tests: `transfer-p2 MODE TARGET [BYTES]`.
//!
//! ```text
//! tcp-send IP:PORT BYTES         to a peer that answers when it has them all
//! tcp-receive IP:PORT BYTES      from a peer that is sent the number, and a newline
//! http-put URL BYTES             http-get URL
//! http-many URL COUNT            COUNT requests at once, all open before the first answer is read
//! ```
//!
//! Prints the number of bytes (or of answers) and ends with 1 and the typed error when something fails.

use std::net::SocketAddr;
use wasip2::http::outgoing_handler::{FutureIncomingResponse, handle};
use wasip2::http::types::{Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress};
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

const CHUNK: usize = 64 << 10;

type Outcome<T> = Result<T, String>;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match transfer(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(count) => println!("{count}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

fn transfer(args: &[&str]) -> Outcome<u64> {
    let number = |text: &str| text.parse::<u64>().map_err(|e| format!("'{text}': {e}"));
    match args[1..] {
        ["tcp-send", target, bytes] => tcp_send(target, number(bytes)?),
        ["tcp-receive", target, bytes] => tcp_receive(target, number(bytes)?),
        ["http-put", url, bytes] => http_put(url, number(bytes)?),
        ["http-get", url] => http_get(url),
        ["http-many", url, count] => http_many(url, number(count)?),
        _ => Err("usage: transfer-p2 MODE TARGET [BYTES]".to_owned()),
    }
}

fn connect(target: &str) -> Outcome<(TcpSocket, InputStream, OutputStream)> {
    let address: SocketAddr = target.parse().map_err(|e| format!("'{target}': {e}"))?;
    let (family, address) = match address {
        SocketAddr::V4(four) => {
            let [a, b, c, d] = four.ip().octets();
            (
                IpAddressFamily::Ipv4,
                IpSocketAddress::Ipv4(Ipv4SocketAddress { port: four.port(), address: (a, b, c, d) }),
            )
        }
        SocketAddr::V6(six) => {
            let [a, b, c, d, e, f, g, h] = six.ip().segments();
            let address = (a, b, c, d, e, f, g, h);
            let six = Ipv6SocketAddress { port: six.port(), flow_info: 0, address, scope_id: six.scope_id() };
            (IpAddressFamily::Ipv6, IpSocketAddress::Ipv6(six))
        }
    };
    let socket = create_tcp_socket(family).map_err(|e| format!("create: {e:?}"))?;
    socket.start_connect(&instance_network(), address).map_err(|e| format!("connect: {e:?}"))?;
    socket.subscribe().block();
    let (input, output) = socket.finish_connect().map_err(|e| format!("connect: {e:?}"))?;
    Ok((socket, input, output))
}

fn tcp_send(target: &str, bytes: u64) -> Outcome<u64> {
    let (socket, input, output) = connect(target)?;
    send(&output, bytes)?;
    drop(output);
    socket.shutdown(ShutdownType::Send).map_err(|e| format!("shutdown: {e:?}"))?;
    receive(&input)?;
    Ok(bytes)
}

fn tcp_receive(target: &str, bytes: u64) -> Outcome<u64> {
    let (_socket, input, output) = connect(target)?;
    output.blocking_write_and_flush(format!("{bytes}\n").as_bytes()).map_err(|e| format!("write: {e:?}"))?;
    receive(&input)
}

fn send(output: &OutputStream, bytes: u64) -> Outcome<()> {
    let chunk = vec![b'x'; CHUNK];
    let ready = output.subscribe();
    let mut left = bytes;
    while left > 0 {
        let room = output.check_write().map_err(|e| format!("write: {e:?}"))?;
        let count = room.min(left).min(CHUNK as u64);
        if count == 0 {
            ready.block();
            continue;
        }
        output.write(&chunk[..count as usize]).map_err(|e| format!("write: {e:?}"))?;
        left -= count;
    }
    output.blocking_flush().map_err(|e| format!("flush: {e:?}"))
}

fn receive(input: &InputStream) -> Outcome<u64> {
    let mut received = 0;
    loop {
        match input.blocking_read(CHUNK as u64) {
            Ok(bytes) => received += bytes.len() as u64,
            Err(StreamError::Closed) => return Ok(received),
            Err(error) => return Err(format!("read: {error:?}")),
        }
    }
}

fn request(method: Method, url: &str) -> Outcome<OutgoingRequest> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| format!("'{url}' is no URL"))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let request = OutgoingRequest::new(Fields::new());
    let set = request.set_method(&method).and_then(|()| request.set_scheme(Some(&scheme)));
    let set = set.and_then(|()| request.set_authority(Some(authority)));
    set.and_then(|()| request.set_path_with_query(Some(path))).map_err(|()| format!("'{url}' can't be asked for"))?;
    Ok(request)
}

fn start(request: OutgoingRequest) -> Outcome<FutureIncomingResponse> {
    handle(request, None).map_err(|e| format!("request: {e:?}"))
}

fn answer(future: &FutureIncomingResponse) -> Outcome<IncomingResponse> {
    future.subscribe().block();
    let answer = future.get().ok_or("request: not ready")?.map_err(|()| "request: taken twice")?;
    answer.map_err(|e| format!("request: {e:?}"))
}

fn read_body(response: &IncomingResponse) -> Outcome<u64> {
    let body = response.consume().map_err(|()| "body: taken twice")?;
    let stream = body.stream().map_err(|()| "body: taken twice")?;
    receive(&stream)
}

fn http_get(url: &str) -> Outcome<u64> {
    let future = start(request(Method::Get, url)?)?;
    read_body(&answer(&future)?)
}

fn http_put(url: &str, bytes: u64) -> Outcome<u64> {
    let request = request(Method::Put, url)?;
    let body = request.body().map_err(|()| "body: taken twice")?;
    let future = start(request)?;
    let stream = body.write().map_err(|()| "body: taken twice")?;
    send(&stream, bytes)?;
    drop(stream);
    OutgoingBody::finish(body, None).map_err(|e| format!("body: {e:?}"))?;
    let response = answer(&future)?;
    read_body(&response)?;
    Ok(bytes)
}

/// All requests are under way before the first answer is awaited; the answers are taken as they come.
fn http_many(url: &str, count: u64) -> Outcome<u64> {
    let mut waiting = Vec::new();
    for _ in 0..count {
        waiting.push(start(request(Method::Get, url)?)?);
    }
    let mut answers = 0;
    while !waiting.is_empty() {
        let ready: Vec<Pollable> = waiting.iter().map(FutureIncomingResponse::subscribe).collect();
        let mut done = poll(&ready.iter().collect::<Vec<_>>());
        drop(ready);
        done.sort_unstable();
        for index in done.into_iter().rev() {
            let future = waiting.swap_remove(index as usize);
            read_body(&answer(&future)?)?;
            answers += 1;
        }
    }
    Ok(answers)
}
