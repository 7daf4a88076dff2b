// SPDX-License-Identifier: Apache-2.0
//! Moves bytes over WASI 0.3, for benchmarks and tests: what `transfer-p2` does over 0.2, with the same arguments.

use futures::stream::{FuturesUnordered, StreamExt};
use std::net::SocketAddr;
use wasip3::cli::environment::get_arguments;
use wasip3::http::client;
use wasip3::http::types::{Fields, Method, Request, Response, Scheme};
use wasip3::sockets::types::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket};
use wasip3::wit_bindgen::{StreamReader, StreamResult, StreamWriter};
use wasip3::{wit_future, wit_stream};

const CHUNK: usize = 64 << 10;

type Outcome<T> = Result<T, String>;

struct Program;

wasip3::cli::command::export!(Program);

impl wasip3::exports::cli::run::Guest for Program {
    async fn run() -> Result<(), ()> {
        let args = get_arguments();
        match transfer(&args.iter().map(String::as_str).collect::<Vec<_>>()).await {
            Ok(count) => {
                println!("{count}");
                Ok(())
            }
            Err(error) => {
                eprintln!("{error}");
                Err(())
            }
        }
    }
}

async fn transfer(args: &[&str]) -> Outcome<u64> {
    let number = |text: &str| text.parse::<u64>().map_err(|e| format!("'{text}': {e}"));
    match args[1..] {
        ["tcp-send", target, bytes] => tcp_send(target, number(bytes)?).await,
        ["tcp-receive", target, bytes] => tcp_receive(target, number(bytes)?).await,
        ["http-put", url, bytes] => http_put(url, number(bytes)?).await,
        ["http-get", url] => http_get(url).await,
        ["http-many", url, count] => http_many(url, number(count)?).await,
        _ => Err("usage: transfer-p3 MODE TARGET [BYTES]".to_owned()),
    }
}

async fn connect(target: &str) -> Outcome<TcpSocket> {
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
    let socket = TcpSocket::create(family).map_err(|e| format!("create: {e:?}"))?;
    socket.connect(address).await.map_err(|e| format!("connect: {e:?}"))?;
    Ok(socket)
}

async fn tcp_send(target: &str, bytes: u64) -> Outcome<u64> {
    let socket = connect(target).await?;
    let (output, data) = wit_stream::new();
    let sent = socket.send(data);
    send(output, bytes).await?;
    sent.await.map_err(|e| format!("send: {e:?}"))?;
    let (input, received) = socket.receive();
    receive(input).await;
    received.await.map_err(|e| format!("receive: {e:?}"))?;
    Ok(bytes)
}

async fn tcp_receive(target: &str, bytes: u64) -> Outcome<u64> {
    let socket = connect(target).await?;
    let (mut output, data) = wit_stream::new();
    let sent = socket.send(data);
    output.write_all(format!("{bytes}\n").into_bytes()).await;
    drop(output);
    sent.await.map_err(|e| format!("send: {e:?}"))?;
    let (input, received) = socket.receive();
    let count = receive(input).await;
    received.await.map_err(|e| format!("receive: {e:?}"))?;
    Ok(count)
}

async fn send(mut output: StreamWriter<u8>, bytes: u64) -> Outcome<()> {
    let mut chunk = vec![b'x'; CHUNK];
    let mut left = bytes;
    while left > 0 {
        chunk.resize(left.min(CHUNK as u64) as usize, b'x');
        let length = chunk.len();
        let (result, rest) = output.write(chunk).await;
        let written = length - rest.remaining();
        chunk = rest.into_vec();
        left -= written as u64;
        if matches!(result, StreamResult::Dropped) && left > 0 {
            return Err("write: the stream is closed".to_owned());
        }
    }
    Ok(())
}

async fn receive(mut input: StreamReader<u8>) -> u64 {
    let mut received = 0;
    let mut buffer = Vec::with_capacity(CHUNK);
    loop {
        let (result, mut bytes) = input.read(buffer).await;
        received += bytes.len() as u64;
        bytes.clear();
        buffer = bytes;
        if matches!(result, StreamResult::Dropped) {
            return received;
        }
    }
}

/// A request without trailers, and without a body where there is none to send.
fn request(method: Method, url: &str, body: Option<StreamReader<u8>>) -> Outcome<Request> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| format!("'{url}' is no URL"))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let (_, no_trailers) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(Fields::new(), body, no_trailers, None);
    let set = request.set_method(&method).and_then(|()| request.set_scheme(Some(&scheme)));
    let set = set.and_then(|()| request.set_authority(Some(authority)));
    set.and_then(|()| request.set_path_with_query(Some(path))).map_err(|()| format!("'{url}' can't be asked for"))?;
    Ok(request)
}

async fn read_body(response: Response) -> Outcome<u64> {
    let (_, handled) = wit_future::new(|| Ok(()));
    let (body, trailers) = Response::consume_body(response, handled);
    let count = receive(body).await;
    trailers.await.map_err(|e| format!("body: {e:?}"))?;
    Ok(count)
}

async fn http_get(url: &str) -> Outcome<u64> {
    let response = client::send(request(Method::Get, url, None)?).await.map_err(|e| format!("request: {e:?}"))?;
    read_body(response).await
}

async fn http_put(url: &str, bytes: u64) -> Outcome<u64> {
    let (output, body) = wit_stream::new();
    let request = request(Method::Put, url, Some(body))?;
    let (sent, answer) = futures::join!(send(output, bytes), client::send(request));
    sent?;
    read_body(answer.map_err(|e| format!("request: {e:?}"))?).await?;
    Ok(bytes)
}

/// All requests are under way at once; the answers are taken as they come.
async fn http_many(url: &str, count: u64) -> Outcome<u64> {
    let mut waiting: FuturesUnordered<_> = (0..count).map(|_| http_get(url)).collect();
    let mut answers = 0;
    while let Some(answer) = waiting.next().await {
        answer?;
        answers += 1;
    }
    Ok(answers)
}
