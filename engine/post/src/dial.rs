// SPDX-License-Identifier: Apache-2.0
//! A connection to a host: its addresses one after the other, as far as they may be reached.

use berth_doors::names::Host;
use berth_doors::resolver::Resolver;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For one address of several.
const CONNECT: Duration = Duration::from_secs(3);

/// Why there is no connection.
pub(crate) enum NoLine {
    /// None of its addresses may be reached; one of them.
    Denied(IpAddr),
    Failed(String),
}

impl From<NoLine> for String {
    fn from(why: NoLine) -> String {
        match why {
            NoLine::Denied(address) => format!("{address} may not be reached"),
            NoLine::Failed(text) => text,
        }
    }
}

pub(crate) async fn dial(
    resolver: &Resolver,
    host: &Host,
    port: u16,
    may: &mut dyn FnMut(IpAddr) -> bool,
) -> Result<(TcpStream, IpAddr), NoLine> {
    let addresses = match host {
        Host::Address(address) => vec![*address],
        Host::Name(name) => {
            let found = resolver.lookup(name).await;
            found.map_err(|e| NoLine::Failed(format!("'{name}' can't be looked up: {e:?}")))?.addresses
        }
    };
    let mut error = NoLine::Failed(format!("'{}' has no address", host.in_url()));
    for address in addresses {
        if !may(address) {
            error = NoLine::Denied(address);
            continue;
        }
        let connected = timeout(CONNECT, TcpStream::connect((address, port))).await;
        match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok((stream, address));
            }
            Err(e) => error = NoLine::Failed(format!("no connection to {address} on port {port}: {e}")),
        }
    }
    Err(error)
}
