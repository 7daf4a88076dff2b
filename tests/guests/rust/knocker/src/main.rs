// SPDX-License-Identifier: Apache-2.0
//! Knocks at the network doors of WASI 0.2. Each argument is one thing to do; each prints one line.
//!
//! ```text
//! get URL [OPTION…]         a request; its status, the bytes of its body and how that begins, or the error code
//!     method=M header=N:V connect=MS first=MS between=MS   options; trailers=yes shows the trailers as well
//! post URL BYTES            a request with that much of a body, streamed
//! many URL COUNT            as many requests at once; how many were answered with 200
//! drop URL                  starts a request and drops it 300 ms later
//! header NAME VALUE         whether a header may be set; \r and \n stand for themselves
//! resolve NAME              its addresses
//! tcp ADDRESS [TEXT]        connects, sends the text, prints what comes back
//! udp ADDRESS TEXT          sends the text, prints what comes back within 300 ms
//! listen ADDRESS            binds and listens with TCP
//! serve-udp ADDRESS         binds, prints its port, answers two datagrams
//! bind-udp ADDRESS
//! hoard ADDRESS COUNT       keeps COUNT connections
//! again ADDRESS COUNT       opens COUNT connections, each when the one before is closed
//! hoard-udp COUNT           keeps COUNT sockets for datagrams
//! serve ADDRESS COUNT       listens, prints its port, greets COUNT connections and keeps them
//! serve-one ADDRESS COUNT   the same, but closes each before the next
//! flood ADDRESS COUNT       COUNT datagrams
//! names COUNT SUFFIX        resolves 0.SUFFIX, 1.SUFFIX, …
//! sleep MS
//! ```

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme, http_error_code,
};
use wasip2::io::poll::poll;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use wasip2::sockets::tcp::TcpSocket;
use wasip2::sockets::tcp_create_socket::create_tcp_socket;
use wasip2::sockets::udp::{OutgoingDatagram, UdpSocket};
use wasip2::sockets::udp_create_socket::create_udp_socket;

fn main() {
    for command in std::env::args().skip(1) {
        let words: Vec<&str> = command.split_whitespace().collect();
        let said = perform(&words).unwrap_or_else(|error| error);
        println!("{command}: {said}");
    }
}

type Said = Result<String, String>;

fn perform(words: &[&str]) -> Said {
    match words {
        ["get", url, options @ ..] => get(url, options),
        ["post", url, bytes] => post(url, bytes.parse().map_err(shown)?),
        ["many", url, count] => many(url, count.parse().map_err(shown)?),
        ["drop", url] => {
            let waiting = start(request(url, &[])?)?;
            subscribe_duration(300_000_000).block();
            drop(waiting);
            Ok("dropped".into())
        }
        ["header", name, value] => header(name, value),
        ["resolve", name] => resolve(name),
        ["hoard", address, count] => hoard(address, count.parse().map_err(shown)?),
        ["again", address, count] => again(address, count.parse().map_err(shown)?),
        ["hoard-udp", count] => hoard_udp(count.parse().map_err(shown)?),
        ["serve", address, count] => serve(address, count.parse().map_err(shown)?, true),
        ["serve-one", address, count] => serve(address, count.parse().map_err(shown)?, false),
        ["flood", address, count] => flood(address, count.parse().map_err(shown)?),
        ["names", count, suffix] => {
            let count: u64 = count.parse().map_err(shown)?;
            let resolved = (0..count).filter(|n| resolve(&format!("{n}.{suffix}")).is_ok()).count();
            Ok(format!("ok {resolved}"))
        }
        ["tcp", address, text @ ..] => tcp(address, text.join(" ")),
        ["udp", address, text @ ..] => udp(address, text.join(" ")),
        ["listen", address] => listen(address),
        ["serve-udp", address] => serve_udp(address),
        ["bind-udp", address] => bound_udp(address).map(|_| "bound".into()),
        ["sleep", milliseconds] => {
            subscribe_duration(milliseconds.parse::<u64>().map_err(shown)? * 1_000_000).block();
            Ok("slept".into())
        }
        _ => Err("is nothing that this guest can do".into()),
    }
}

fn shown(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

struct Asked {
    request: OutgoingRequest,
    options: RequestOptions,
    trailers: bool,
}

fn request(url: &str, options: &[&str]) -> Result<Asked, String> {
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
    let request = OutgoingRequest::new(fields);
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.into()),
    };
    request.set_method(&method).map_err(|()| "not a method")?;
    request.set_scheme(Some(&scheme)).map_err(|()| "not a scheme")?;
    request.set_authority(Some(authority)).map_err(|()| "not an authority")?;
    request.set_path_with_query(Some(if path.is_empty() { "/" } else { path })).map_err(|()| "not a path")?;
    Ok(Asked { request, options: timeouts, trailers })
}

fn start(asked: Asked) -> Result<FutureIncomingResponse, String> {
    outgoing_handler::handle(asked.request, Some(asked.options)).map_err(shown)
}

fn answer(future: &FutureIncomingResponse) -> Result<IncomingResponse, String> {
    future.subscribe().block();
    future.get().ok_or("not ready")?.map_err(|()| "taken")?.map_err(shown)
}

fn get(url: &str, options: &[&str]) -> Said {
    let asked = request(url, options)?;
    let trailers = asked.trailers;
    let future = start(asked)?;
    let response = answer(&future)?;
    let status = response.status();
    let body = response.consume().map_err(|()| "no body")?;
    let (bytes, begin) = read(&body).map_err(|error| format!("{status}, then {error}"))?;
    let mut said = format!("{status} {bytes} {begin}");
    if trailers {
        let end = IncomingBody::finish(body);
        end.subscribe().block();
        let end = end.get().ok_or("not ready")?.map_err(|()| "taken")?.map_err(shown)?;
        let entries = end.map(|fields| fields.entries()).unwrap_or_default();
        for (name, value) in entries {
            said += &format!(" {name}={}", String::from_utf8_lossy(&value));
        }
    }
    Ok(said.trim_end().to_owned())
}

fn read(body: &IncomingBody) -> Result<(u64, String), String> {
    let stream = body.stream().map_err(|()| "no stream")?;
    let (mut bytes, mut begin) = (0, Vec::new());
    loop {
        match stream.blocking_read(256 << 10) {
            Ok(piece) => {
                bytes += piece.len() as u64;
                let wanted = 60usize.saturating_sub(begin.len());
                begin.extend_from_slice(&piece[..piece.len().min(wanted)]);
            }
            Err(StreamError::Closed) => return Ok((bytes, printable(&begin))),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(http_error_code(&error).map_or_else(|| error.to_debug_string(), shown));
            }
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

/// An error of sockets by its name in the WIT.
fn named(error: ErrorCode) -> String {
    error.name().into()
}

fn post(url: &str, bytes: u64) -> Said {
    let asked = request(url, &["method=POST", &format!("header=content-length:{bytes}")])?;
    let body = asked.request.body().map_err(|()| "no body")?;
    let future = start(asked)?;
    {
        let stream = body.write().map_err(|()| "no stream")?;
        let piece = vec![b'x'; 64 << 10];
        let mut left = bytes;
        while left > 0 {
            stream.subscribe().block();
            let room = match stream.check_write() {
                Ok(room) => room.min(left).min(piece.len() as u64),
                // The server answered before it had read all.
                Err(_) => break,
            };
            stream.write(&piece[..room as usize]).map_err(shown)?;
            left -= room;
        }
    }
    let finished = OutgoingBody::finish(body, None);
    let response = answer(&future)?;
    finished.map_err(shown)?;
    let body = response.consume().map_err(|()| "no body")?;
    let (_, begin) = read(&body)?;
    Ok(format!("{} {begin}", response.status()))
}

fn many(url: &str, count: usize) -> Said {
    let mut waiting = Vec::new();
    for _ in 0..count {
        waiting.push(start(request(url, &[])?)?);
    }
    let (mut good, mut other) = (0, Vec::new());
    while !waiting.is_empty() {
        let pollables: Vec<_> = waiting.iter().map(|future| future.subscribe()).collect();
        let ready = poll(&pollables.iter().collect::<Vec<_>>());
        drop(pollables);
        let mut ready = ready;
        ready.sort_unstable();
        ready.dedup();
        for index in ready.into_iter().rev() {
            let future = waiting.swap_remove(index as usize);
            match answer(&future) {
                Ok(response) if response.status() == 200 => {
                    let body = response.consume().map_err(|()| "no body")?;
                    read(&body)?;
                    good += 1;
                }
                Ok(response) => other.push(response.status().to_string()),
                Err(error) => other.push(error),
            }
        }
    }
    other.sort();
    other.dedup();
    Ok(format!("{good} {}", other.join(" ")).trim_end().to_owned())
}

fn header(name: &str, value: &str) -> Said {
    let value = value.replace("\\r", "\r").replace("\\n", "\n");
    let name = name.replace("\\r", "\r").replace("\\n", "\n");
    Fields::new().append(&name, value.as_bytes()).map(|()| "set".into()).map_err(shown)
}

fn resolve(name: &str) -> Said {
    let stream = resolve_addresses(&instance_network(), name).map_err(named)?;
    let mut addresses = Vec::new();
    loop {
        stream.subscribe().block();
        match stream.resolve_next_address().map_err(named)? {
            Some(IpAddress::Ipv4((a, b, c, d))) => addresses.push(format!("{a}.{b}.{c}.{d}")),
            Some(IpAddress::Ipv6((a, b, c, d, e, f, g, h))) => {
                addresses.push(std::net::Ipv6Addr::new(a, b, c, d, e, f, g, h).to_string());
            }
            None => return Ok(addresses.join(" ")),
        }
    }
}

fn address(text: &str) -> Result<(IpSocketAddress, IpAddressFamily), String> {
    Ok(match text.parse().map_err(shown)? {
        std::net::SocketAddr::V4(v4) => {
            let [a, b, c, d] = v4.ip().octets();
            let address = Ipv4SocketAddress { port: v4.port(), address: (a, b, c, d) };
            (IpSocketAddress::Ipv4(address), IpAddressFamily::Ipv4)
        }
        std::net::SocketAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h] = v6.ip().segments();
            let address = Ipv6SocketAddress {
                port: v6.port(),
                address: (a, b, c, d, e, f, g, h),
                flow_info: 0,
                scope_id: v6.scope_id(),
            };
            (IpSocketAddress::Ipv6(address), IpAddressFamily::Ipv6)
        }
    })
}

fn tcp(to: &str, text: String) -> Said {
    let (to, family) = address(to)?;
    let socket = create_tcp_socket(family).map_err(named)?;
    socket.start_connect(&instance_network(), to).map_err(named)?;
    socket.subscribe().block();
    let (input, output) = socket.finish_connect().map_err(named)?;
    if text.is_empty() {
        return Ok("connected".into());
    }
    output.blocking_write_and_flush(text.as_bytes()).map_err(shown)?;
    let back = input.blocking_read(1024).map_err(shown)?;
    Ok(String::from_utf8_lossy(&back).into_owned())
}

fn listen(at: &str) -> Said {
    listener(at).map(|_| "listens".into())
}

fn listener(at: &str) -> Result<TcpSocket, String> {
    let (at, family) = address(at)?;
    let socket = create_tcp_socket(family).map_err(named)?;
    socket.start_bind(&instance_network(), at).map_err(named)?;
    socket.subscribe().block();
    socket.finish_bind().map_err(|error| format!("bind: {}", named(error)))?;
    socket.start_listen().map_err(named)?;
    socket.subscribe().block();
    socket.finish_listen().map_err(|error| format!("listen: {}", named(error)))?;
    Ok(socket)
}

fn bound_udp(at: &str) -> Result<UdpSocket, String> {
    let (at, family) = address(at)?;
    let socket = create_udp_socket(family).map_err(named)?;
    socket.start_bind(&instance_network(), at).map_err(named)?;
    socket.subscribe().block();
    socket.finish_bind().map_err(named)?;
    Ok(socket)
}

fn hoard(to: &str, count: u64) -> Said {
    let mut kept = Vec::new();
    for _ in 0..count {
        kept.push(connection(to).map_err(|error| format!("{error} after {}", kept.len()))?);
    }
    Ok(format!("ok {}", kept.len()))
}

fn again(to: &str, count: u64) -> Said {
    for done in 0..count {
        drop(connection(to).map_err(|error| format!("{error} after {done}"))?);
    }
    Ok(format!("ok {count}"))
}

/// The streams go before their socket.
type Connection = ((InputStream, OutputStream), TcpSocket);

fn connection(to: &str) -> Result<Connection, String> {
    let (to, family) = address(to)?;
    let socket = create_tcp_socket(family).map_err(named)?;
    socket.start_connect(&instance_network(), to).map_err(named)?;
    socket.subscribe().block();
    Ok((socket.finish_connect().map_err(named)?, socket))
}

fn hoard_udp(count: usize) -> Said {
    let mut kept = Vec::new();
    for _ in 0..count {
        let socket = create_udp_socket(IpAddressFamily::Ipv4);
        kept.push(socket.map_err(|error| format!("{} after {}", named(error), kept.len()))?);
    }
    Ok(format!("ok {count}"))
}

fn serve(at: &str, count: u64, keeps: bool) -> Said {
    let listener = listener(at)?;
    let port = match listener.local_address().map_err(named)? {
        IpSocketAddress::Ipv4(address) => address.port,
        IpSocketAddress::Ipv6(address) => address.port,
    };
    println!("port {port}");
    let mut kept = Vec::new();
    let ready = listener.subscribe();
    for _ in 0..count {
        let (socket, input, output) = loop {
            match listener.accept() {
                Ok(accepted) => break accepted,
                Err(ErrorCode::WouldBlock) => ready.block(),
                Err(error) => return Err(named(error)),
            }
        };
        output.blocking_write_and_flush(b"hello").map_err(shown)?;
        if keeps {
            kept.push(((input, output), socket));
        }
    }
    Ok(format!("greeted {count}"))
}

/// A datagram that isn't let through is not sent, and the next is tried.
fn flood(to: &str, count: u64) -> Said {
    let socket = bound_udp(any_of(to))?;
    let (to, _) = address(to)?;
    let (_incoming, outgoing) = socket.stream(None).map_err(named)?;
    let (mut sent, mut refused) = (0, None);
    for _ in 0..count {
        outgoing.subscribe().block();
        outgoing.check_send().map_err(named)?;
        match outgoing.send(&[OutgoingDatagram { data: vec![0; 1024], remote_address: Some(to) }]) {
            Ok(some) => sent += some,
            Err(error) => refused = Some(error),
        }
    }
    refused.map_or(Ok(format!("ok {sent}")), |error| Err(format!("{} after {sent}", named(error))))
}

/// Any address and port of the same family.
fn any_of(to: &str) -> &'static str {
    if to.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" }
}

fn udp(to: &str, text: String) -> Said {
    let socket = bound_udp(any_of(to))?;
    let (to, _) = address(to)?;
    let (incoming, outgoing) = socket.stream(None).map_err(named)?;
    outgoing.subscribe().block();
    outgoing.check_send().map_err(named)?;
    outgoing.send(&[OutgoingDatagram { data: text.into_bytes(), remote_address: Some(to) }]).map_err(named)?;
    let patience = subscribe_duration(300_000_000);
    poll(&[&incoming.subscribe(), &patience]);
    match incoming.receive(1).map_err(named)?.pop() {
        Some(datagram) => Ok(String::from_utf8_lossy(&datagram.data).into_owned()),
        None => Ok("nothing came back".into()),
    }
}

fn serve_udp(at: &str) -> Said {
    let socket = bound_udp(at)?;
    let port = match socket.local_address().map_err(named)? {
        IpSocketAddress::Ipv4(address) => address.port,
        IpSocketAddress::Ipv6(address) => address.port,
    };
    println!("port {port}");
    let (incoming, outgoing) = socket.stream(None).map_err(named)?;
    let mut answered = 0;
    while answered < 2 {
        incoming.subscribe().block();
        for datagram in incoming.receive(1).map_err(named)? {
            outgoing.subscribe().block();
            outgoing.check_send().map_err(named)?;
            let back = OutgoingDatagram { data: datagram.data, remote_address: Some(datagram.remote_address) };
            outgoing.send(&[back]).map_err(named)?;
            answered += 1;
        }
    }
    Ok(format!("answered {answered}"))
}
