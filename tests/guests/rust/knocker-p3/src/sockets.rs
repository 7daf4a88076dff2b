// SPDX-License-Identifier: Apache-2.0
//! Names, connections and datagrams.

use crate::{Said, shown};
use futures::future::{Either, select};
use std::net::{Ipv6Addr, SocketAddr};
use std::pin::pin;
use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::sockets::ip_name_lookup::resolve_addresses;
use wasip3::sockets::types::{
    IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket, UdpSocket,
};
use wasip3::wit_stream;

pub async fn resolve(name: &str) -> Said {
    let found = resolve_addresses(name.into()).await.map_err(shown)?;
    let addresses = found.into_iter().map(|address| match address {
        IpAddress::Ipv4((a, b, c, d)) => format!("{a}.{b}.{c}.{d}"),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => Ipv6Addr::new(a, b, c, d, e, f, g, h).to_string(),
    });
    Ok(addresses.collect::<Vec<_>>().join(" "))
}

fn address(text: &str) -> Result<(IpSocketAddress, IpAddressFamily), String> {
    Ok(match text.parse().map_err(shown)? {
        SocketAddr::V4(v4) => {
            let [a, b, c, d] = v4.ip().octets();
            let address = Ipv4SocketAddress { port: v4.port(), address: (a, b, c, d) };
            (IpSocketAddress::Ipv4(address), IpAddressFamily::Ipv4)
        }
        SocketAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h] = v6.ip().segments();
            let address = (a, b, c, d, e, f, g, h);
            let v6 = Ipv6SocketAddress { port: v6.port(), address, flow_info: 0, scope_id: v6.scope_id() };
            (IpSocketAddress::Ipv6(v6), IpAddressFamily::Ipv6)
        }
    })
}

pub async fn tcp(to: &str, text: String) -> Said {
    let (to, family) = address(to)?;
    let socket = TcpSocket::create(family).map_err(shown)?;
    socket.connect(to).await.map_err(shown)?;
    if text.is_empty() {
        return Ok("connected".into());
    }
    let (mut output, data) = wit_stream::new();
    let sent = socket.send(data);
    output.write_all(text.into_bytes()).await;
    let (mut input, _received) = socket.receive();
    let (_, back) = input.read(Vec::with_capacity(1024)).await;
    drop(output);
    sent.await.map_err(shown)?;
    Ok(String::from_utf8_lossy(&back).into_owned())
}

pub async fn hoard(to: &str, count: usize) -> Said {
    let mut kept = Vec::new();
    for _ in 0..count {
        kept.push(connection(to).await.map_err(|error| format!("{error} after {}", kept.len()))?);
    }
    Ok(format!("ok {count}"))
}

/// Keeps of each connection only what it would be read from.
pub async fn hoard_streams(to: &str, count: usize) -> Said {
    let mut kept = Vec::new();
    for _ in 0..count {
        let socket = connection(to).await.map_err(|error| format!("{error} after {}", kept.len()))?;
        kept.push(socket.receive().0);
    }
    Ok(format!("ok {count}"))
}

pub async fn again(to: &str, count: usize) -> Said {
    for done in 0..count {
        drop(connection(to).await.map_err(|error| format!("{error} after {done}"))?);
    }
    Ok(format!("ok {count}"))
}

async fn connection(to: &str) -> Result<TcpSocket, String> {
    let (to, family) = address(to)?;
    let socket = TcpSocket::create(family).map_err(shown)?;
    socket.connect(to).await.map_err(shown)?;
    Ok(socket)
}

pub fn hoard_udp(count: usize) -> Said {
    let mut kept = Vec::new();
    for _ in 0..count {
        let socket = UdpSocket::create(IpAddressFamily::Ipv4);
        kept.push(socket.map_err(|error| format!("{} after {}", shown(error), kept.len()))?);
    }
    Ok(format!("ok {count}"))
}

pub async fn serve(at: &str, count: usize, keeps: bool) -> Said {
    let (at, family) = address(at)?;
    let socket = TcpSocket::create(family).map_err(shown)?;
    socket.bind(at).map_err(shown)?;
    let mut connections = socket.listen().map_err(shown)?;
    let port = match socket.get_local_address().map_err(shown)? {
        IpSocketAddress::Ipv4(address) => address.port,
        IpSocketAddress::Ipv6(address) => address.port,
    };
    println!("port {port}");
    let mut kept = Vec::new();
    for _ in 0..count {
        let connection = connections.next().await.ok_or("nobody came")?;
        let (mut output, data) = wit_stream::new();
        let sent = connection.send(data);
        output.write_all(b"hello".to_vec()).await;
        if keeps {
            kept.push((output, sent, connection));
        } else {
            drop(output);
            sent.await.map_err(shown)?;
        }
    }
    Ok(format!("greeted {count}"))
}

/// A datagram that isn't let through is not sent, and the next is tried.
pub async fn flood(to: &str, count: usize) -> Said {
    let socket = bound_udp(if to.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" })?;
    let (to, _) = address(to)?;
    let (mut sent, mut refused) = (0, None);
    for _ in 0..count {
        match socket.send(vec![0; 1024], Some(to)).await {
            Ok(()) => sent += 1,
            Err(error) => refused = Some(error),
        }
    }
    refused.map_or(Ok(format!("ok {sent}")), |error| Err(format!("{} after {sent}", shown(error))))
}

pub fn listen(at: &str) -> Said {
    let (at, family) = address(at)?;
    let socket = TcpSocket::create(family).map_err(shown)?;
    socket.bind(at).map_err(shown)?;
    let _connections = socket.listen().map_err(shown)?;
    Ok("listens".into())
}

pub fn bound_udp(at: &str) -> Result<UdpSocket, String> {
    let (at, family) = address(at)?;
    let socket = UdpSocket::create(family).map_err(shown)?;
    socket.bind(at).map_err(shown)?;
    Ok(socket)
}

pub async fn udp(to: &str, text: String) -> Said {
    let socket = bound_udp(if to.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" })?;
    let (to, _) = address(to)?;
    socket.send(text.into_bytes(), Some(to)).await.map_err(shown)?;
    let (answer, patience) = (pin!(socket.receive()), pin!(wait_for(300_000_000)));
    let first = select(answer, patience).await;
    match first {
        Either::Left((received, _)) => Ok(String::from_utf8_lossy(&received.map_err(shown)?.0).into_owned()),
        Either::Right(_) => Ok("nothing came back".into()),
    }
}
