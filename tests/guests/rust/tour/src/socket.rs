// SPDX-License-Identifier: Apache-2.0
//! One line sent and one received by `wasi:sockets`.

use crate::Told;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, Network,
};
use wasip2::sockets::tcp::TcpSocket;
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

pub fn ask(target: &str) -> Told {
    let (host, port) = target.rsplit_once(':').ok_or("no port")?;
    let port: u16 = port.parse().map_err(|_| "no port")?;
    let network = instance_network();
    let mut last = "no address".to_string();
    for address in resolve(&network, host.trim_matches(['[', ']'])).map_err(|code| code.name())? {
        match connect(&network, address, port) {
            Ok((_socket, input, output)) => return talk(&input, &output),
            Err(code) => last = code.name().into(),
        }
    }
    Err(last)
}

fn resolve(network: &Network, host: &str) -> Result<Vec<IpAddress>, ErrorCode> {
    let stream = resolve_addresses(network, host)?;
    let mut addresses = Vec::new();
    loop {
        match stream.resolve_next_address() {
            Ok(Some(address)) => addresses.push(address),
            Ok(None) => return Ok(addresses),
            Err(ErrorCode::WouldBlock) => stream.subscribe().block(),
            Err(code) => return Err(code),
        }
    }
}

fn connect(
    network: &Network,
    address: IpAddress,
    port: u16,
) -> Result<(TcpSocket, InputStream, OutputStream), ErrorCode> {
    let (family, remote) = match address {
        IpAddress::Ipv4(address) => (IpAddressFamily::Ipv4, IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address })),
        IpAddress::Ipv6(address) => (
            IpAddressFamily::Ipv6,
            IpSocketAddress::Ipv6(Ipv6SocketAddress { port, flow_info: 0, address, scope_id: 0 }),
        ),
    };
    let socket = create_tcp_socket(family)?;
    socket.start_connect(network, remote)?;
    loop {
        match socket.finish_connect() {
            Ok((input, output)) => return Ok((socket, input, output)),
            Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
            Err(code) => return Err(code),
        }
    }
}

fn talk(input: &InputStream, output: &OutputStream) -> Told {
    output.blocking_write_and_flush(b"ping\n").map_err(failed)?;
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        match input.blocking_read(1) {
            Ok(bytes) => line.extend(bytes),
            Err(StreamError::Closed) => break,
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_string())
}

fn failed(error: StreamError) -> String {
    match error {
        StreamError::Closed => "closed".into(),
        StreamError::LastOperationFailed(error) => error.to_debug_string(),
    }
}
