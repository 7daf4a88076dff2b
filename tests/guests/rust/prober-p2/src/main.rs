// SPDX-License-Identifier: Apache-2.0
//! Tries the doors of the network over WASI 0.2, and prints what each attempt came to, a line each:
//! `prober-p2 ATTEMPT…`, each attempt one argument.
//!
//! ```text
//! resolve NAME             ok ADDRESS…            connect IP:PORT            ok
//! reach NAME PORT          resolves, connects to each address
//! bind tcp|udp IP:PORT     ok IP:PORT             listen IP:PORT             ok
//! send IP:PORT             one datagram           talk-udp IP:PORT           sends one, prints the answer
//! talk IP:PORT TEXT        sends a line, prints the answer
//! METHOD URL [NAME=VALUE]… a request with these headers; ok STATUS LENGTH
//! hoard IP:PORT COUNT      keeps COUNT connections; ok COUNT, or how many there were
//! flood IP:PORT COUNT      COUNT datagrams; ok SENT
//! names COUNT SUFFIX       resolves 0.SUFFIX, 1.SUFFIX, …; ok RESOLVED
//! sleep MILLISECONDS
//! ```
//!
//! An error is printed as the interface calls it: `connect 10.0.0.1:80: access-denied`.

use std::net::SocketAddr;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use wasip2::sockets::tcp::TcpSocket;
use wasip2::sockets::tcp_create_socket::create_tcp_socket;
use wasip2::sockets::udp::OutgoingDatagram;
use wasip2::sockets::udp_create_socket::create_udp_socket;

/// What an attempt came to; an error is the interface's own name for it.
type Outcome = Result<String, String>;

fn main() {
    for attempt in std::env::args().skip(1) {
        let words: Vec<&str> = attempt.split(' ').collect();
        match tried(&words) {
            Ok(value) if value.is_empty() => println!("{attempt}: ok"),
            Ok(value) => println!("{attempt}: ok {value}"),
            Err(error) => println!("{attempt}: {error}"),
        }
    }
}

fn tried(words: &[&str]) -> Outcome {
    match *words {
        ["resolve", name] => resolve(name).map(|all| all.iter().map(address_text).collect::<Vec<_>>().join(" ")),
        ["connect", target] => connect(socket_address(target)?),
        ["reach", name, port] => reach(name, port),
        ["bind", "tcp", target] => bind_tcp(socket_address(target)?),
        ["bind", "udp", target] => bind_udp(socket_address(target)?),
        ["listen", target] => listen(socket_address(target)?),
        ["send", target] => send(socket_address(target)?, false),
        ["talk-udp", target] => send(socket_address(target)?, true),
        ["hoard", target, count] => hoard(socket_address(target)?, number(count)?),
        ["flood", target, count] => flood(socket_address(target)?, number(count)?),
        ["names", count, suffix] => {
            let resolved = (0..number(count)?).filter(|n| resolve(&format!("{n}.{suffix}")).is_ok()).count();
            Ok(resolved.to_string())
        }
        ["talk", target, text] => talk(socket_address(target)?, text),
        ["sleep", milliseconds] => {
            subscribe_duration(number(milliseconds)? * 1_000_000).block();
            Ok(String::new())
        }
        [method, url, ref headers @ ..] => request(method, url, headers),
        _ => Err("no such attempt".to_owned()),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("'{text}' is no number"))
}

/// The interface's name of an error.
fn named(error: ErrorCode) -> String {
    error.name().to_owned()
}

/// The name of a case of `wasi:http`'s errors, as WIT writes it but for its capitals: `http-request-denied`.
fn case_name(error: impl std::fmt::Debug) -> String {
    let debug = format!("{error:?}");
    let case = debug.split_once("::").map_or(debug.as_str(), |(_, case)| case);
    let case = &case[..case.find(|c: char| !c.is_alphanumeric()).unwrap_or(case.len())];
    let mut name = String::new();
    for letter in case.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn socket_address(text: &str) -> Result<IpSocketAddress, String> {
    let address: SocketAddr = text.parse().map_err(|_| format!("'{text}' is no address"))?;
    Ok(match address {
        SocketAddr::V4(four) => {
            let [a, b, c, d] = four.ip().octets();
            IpSocketAddress::Ipv4(Ipv4SocketAddress { port: four.port(), address: (a, b, c, d) })
        }
        SocketAddr::V6(six) => {
            let [a, b, c, d, e, f, g, h] = six.ip().segments();
            let address = (a, b, c, d, e, f, g, h);
            IpSocketAddress::Ipv6(Ipv6SocketAddress {
                port: six.port(),
                flow_info: six.flowinfo(),
                address,
                scope_id: six.scope_id(),
            })
        }
    })
}

fn family(address: &IpSocketAddress) -> IpAddressFamily {
    match address {
        IpSocketAddress::Ipv4(_) => IpAddressFamily::Ipv4,
        IpSocketAddress::Ipv6(_) => IpAddressFamily::Ipv6,
    }
}

/// Any address and port of the same family.
fn any_address(address: &IpSocketAddress) -> Result<IpSocketAddress, String> {
    socket_address(match family(address) {
        IpAddressFamily::Ipv4 => "0.0.0.0:0",
        IpAddressFamily::Ipv6 => "[::]:0",
    })
}

fn address_text(address: &IpAddress) -> String {
    match *address {
        IpAddress::Ipv4((a, b, c, d)) => std::net::Ipv4Addr::new(a, b, c, d).to_string(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => std::net::Ipv6Addr::new(a, b, c, d, e, f, g, h).to_string(),
    }
}

fn resolve(name: &str) -> Result<Vec<IpAddress>, String> {
    let answers = resolve_addresses(&instance_network(), name).map_err(named)?;
    let ready = answers.subscribe();
    let mut all = Vec::new();
    loop {
        match answers.resolve_next_address() {
            Ok(Some(address)) => all.push(address),
            Ok(None) => return Ok(all),
            Err(ErrorCode::WouldBlock) => ready.block(),
            Err(error) => return Err(named(error)),
        }
    }
}

fn reach(name: &str, port: &str) -> Outcome {
    let port: u16 = port.parse().map_err(|_| "no port")?;
    let mut outcome = Err("no address".to_owned());
    for address in resolve(name)? {
        let text = address_text(&address);
        let target = if text.contains(':') { format!("[{text}]:{port}") } else { format!("{text}:{port}") };
        outcome = connect(socket_address(&target)?).map(|_| target);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// A connection, which goes with its socket.
fn connected(address: IpSocketAddress) -> Result<(InputStream, OutputStream, TcpSocket), String> {
    let socket = create_tcp_socket(family(&address)).map_err(named)?;
    socket.start_connect(&instance_network(), address).map_err(named)?;
    socket.subscribe().block();
    let (input, output) = socket.finish_connect().map_err(named)?;
    Ok((input, output, socket))
}

fn connect(address: IpSocketAddress) -> Outcome {
    connected(address).map(|_| String::new())
}

fn hoard(address: IpSocketAddress, count: u64) -> Outcome {
    let mut kept = Vec::new();
    for _ in 0..count {
        match connected(address) {
            Ok(connection) => kept.push(connection),
            Err(error) => return Err(format!("{error} after {}", kept.len())),
        }
    }
    Ok(kept.len().to_string())
}

/// Without an answer from the peer there is nothing to wait for: what isn't sent is counted as not sent.
fn flood(address: IpSocketAddress, count: u64) -> Outcome {
    let socket = create_udp_socket(family(&address)).map_err(named)?;
    socket.start_bind(&instance_network(), any_address(&address)?).map_err(named)?;
    socket.subscribe().block();
    socket.finish_bind().map_err(named)?;
    let (_input, output) = socket.stream(None).map_err(named)?;
    let (mut sent, mut refused) = (0, None);
    for _ in 0..count {
        output.subscribe().block();
        output.check_send().map_err(named)?;
        match output.send(&[OutgoingDatagram { data: vec![0; 1024], remote_address: Some(address) }]) {
            Ok(some) => sent += some,
            Err(error) => refused = Some(error),
        }
    }
    refused.map_or(Ok(sent.to_string()), |error| Err(format!("{} after {sent}", named(error))))
}

fn talk(address: IpSocketAddress, text: &str) -> Outcome {
    let (input, output, _socket) = connected(address)?;
    output.blocking_write_and_flush(format!("{text}\n").as_bytes()).map_err(|e| format!("write: {e:?}"))?;
    let answer = input.blocking_read(4096).map_err(|e| format!("read: {e:?}"))?;
    Ok(String::from_utf8_lossy(&answer).trim_end().to_owned())
}

fn bind_tcp(address: IpSocketAddress) -> Outcome {
    let socket = create_tcp_socket(family(&address)).map_err(named)?;
    socket.start_bind(&instance_network(), address).map_err(named)?;
    socket.subscribe().block();
    socket.finish_bind().map(|()| String::new()).map_err(named)
}

fn listen(address: IpSocketAddress) -> Outcome {
    let socket = create_tcp_socket(family(&address)).map_err(named)?;
    socket.start_bind(&instance_network(), address).map_err(named)?;
    socket.subscribe().block();
    socket.finish_bind().map_err(named)?;
    socket.start_listen().map_err(named)?;
    socket.subscribe().block();
    socket.finish_listen().map(|()| String::new()).map_err(named)
}

fn bind_udp(address: IpSocketAddress) -> Outcome {
    let socket = create_udp_socket(family(&address)).map_err(named)?;
    socket.start_bind(&instance_network(), address).map_err(named)?;
    socket.subscribe().block();
    socket.finish_bind().map(|()| String::new()).map_err(named)
}

fn send(address: IpSocketAddress, answered: bool) -> Outcome {
    let socket = create_udp_socket(family(&address)).map_err(named)?;
    socket.start_bind(&instance_network(), any_address(&address)?).map_err(named)?;
    socket.subscribe().block();
    socket.finish_bind().map_err(named)?;
    let (input, output) = socket.stream(None).map_err(named)?;
    output.subscribe().block();
    output.check_send().map_err(named)?;
    let datagram = OutgoingDatagram { data: b"probe".to_vec(), remote_address: Some(address) };
    if output.send(&[datagram]).map_err(named)? != 1 {
        return Err("not sent".to_owned());
    }
    if !answered {
        return Ok(String::new());
    }
    input.subscribe().block();
    let answers = input.receive(1).map_err(named)?;
    Ok(answers.first().map(|answer| String::from_utf8_lossy(&answer.data).into_owned()).unwrap_or_default())
}

fn method_named(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "CONNECT" => Method::Connect,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// The URL is only cut, at `://` and the next `/` or `?`: what is odd about it is the host's to find.
fn request(method: &str, url: &str, headers: &[&str]) -> Outcome {
    let (scheme, rest) = url.split_once("://").ok_or("no URL")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let fields = Fields::new();
    for header in headers {
        let (name, value) = header.split_once('=').ok_or("no header")?;
        let value = value.replace("\\r", "\r").replace("\\n", "\n");
        fields.append(name, value.as_bytes()).map_err(|e| format!("header: {}", case_name(e)))?;
    }
    let request = OutgoingRequest::new(fields);
    request.set_method(&method_named(method)).map_err(|()| "no such method")?;
    request.set_scheme(Some(&scheme)).map_err(|()| "no such scheme")?;
    request.set_authority(Some(authority)).map_err(|()| "no such authority")?;
    request.set_path_with_query(Some(path).filter(|path| !path.is_empty())).map_err(|()| "no such path")?;
    let body = request.body().map_err(|()| "no body")?;
    let future = handle(request, None).map_err(case_name)?;
    OutgoingBody::finish(body, None).map_err(case_name)?;
    future.subscribe().block();
    let response = future.get().ok_or("not ready")?.map_err(|()| "taken twice")?.map_err(case_name)?;
    let status = response.status();
    let body = response.consume().map_err(|()| "no body")?;
    let stream = body.stream().map_err(|()| "no body")?;
    let length = read(&stream)?;
    Ok(format!("{status} {length}"))
}

fn read(stream: &InputStream) -> Result<u64, String> {
    let mut length = 0;
    loop {
        match stream.blocking_read(65536) {
            Ok(bytes) => length += bytes.len() as u64,
            Err(StreamError::Closed) => return Ok(length),
            Err(StreamError::LastOperationFailed(error)) => {
                let typed = wasip2::http::types::http_error_code(&error).map(case_name);
                return Err(format!("body: {}", typed.unwrap_or_else(|| error.to_debug_string())));
            }
        }
    }
}
