// SPDX-License-Identifier: Apache-2.0
//! Names to addresses: one resolver for all guests of a runtime, with its cache. It reads the system's settings
//! and hosts file when it is first needed, or asks the servers that the owner named. Never blocks a lane.

use crate::names;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::{ResolverBuilder, TokioResolver};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, Semaphore};

/// Look-ups at once, of all guests. More wait; those for a name that was just answered are in the cache by then.
const LOOKUPS: usize = 24;
/// Of one answer.
const MOST_ADDRESSES: usize = 32;
const CACHED_NAMES: u64 = 1024;
const LONGEST_TTL: Duration = Duration::from_secs(3600);
const LONGEST_NEGATIVE_TTL: Duration = Duration::from_secs(60);

/// A name's addresses, in the order to try them, and how long they hold.
#[derive(Clone, Debug)]
pub struct Answer {
    pub addresses: Vec<IpAddr>,
    pub until: Instant,
}

/// Why a name has no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// There is no such name, or it has no address: "NXDOMAIN", "NOERROR".
    NoAddress(String),
    /// Nobody answered in time.
    Timeout,
    /// It may work later: "SERVFAIL", or nothing when no server could be asked.
    Temporary(Option<String>),
    /// The servers won't answer: "REFUSED".
    Permanent(Option<String>),
}

pub struct Resolver {
    servers: Vec<SocketAddr>,
    made: OnceCell<TokioResolver>,
    lookups: Semaphore,
}

impl Resolver {
    /// Without `servers` the system's are asked.
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        Resolver { servers, made: OnceCell::new(), lookups: Semaphore::new(LOOKUPS) }
    }

    /// `name` is in normal form.
    pub async fn lookup(&self, name: &str) -> Result<Answer, Unresolved> {
        if names::is_local(name) {
            let addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            return Ok(Answer { addresses, until: Instant::now() + LONGEST_TTL });
        }
        if names::is_inside(name) {
            return Err(Unresolved::NoAddress("NXDOMAIN".into()));
        }
        let resolver = self.made.get_or_try_init(|| make(self.servers.clone())).await?;
        let _turn = self.lookups.acquire().await.map_err(|_| Unresolved::Temporary(None))?;
        let found = resolver.lookup_ip(name).await.map_err(|e| unresolved(&e))?;
        let addresses = in_order(found.iter().map(|address| address.to_canonical()));
        if addresses.is_empty() {
            return Err(Unresolved::NoAddress("NOERROR".into()));
        }
        Ok(Answer { addresses, until: found.valid_until() })
    }
}

async fn make(servers: Vec<SocketAddr>) -> Result<TokioResolver, Unresolved> {
    // Reads files.
    let made = tokio::task::spawn_blocking(move || {
        let mut builder = if servers.is_empty() { TokioResolver::builder_tokio()? } else { asking(&servers) };
        let options = builder.options_mut();
        options.cache_size = CACHED_NAMES;
        options.positive_max_ttl = Some(LONGEST_TTL);
        options.negative_max_ttl = Some(LONGEST_NEGATIVE_TTL);
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        builder.build()
    });
    made.await.map_err(|_| Unresolved::Temporary(None))?.map_err(|e| unresolved(&e))
}

fn asking(servers: &[SocketAddr]) -> ResolverBuilder<TokioRuntimeProvider> {
    let on_port = |mut connection: ConnectionConfig, port: u16| {
        connection.port = port;
        connection
    };
    let servers = servers.iter().map(|server| {
        let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|way| on_port(way, server.port()));
        NameServerConfig::new(server.ip(), true, ways.into())
    });
    let config = ResolverConfig::from_parts(None, vec![], servers.collect());
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().timeout = Duration::from_secs(2);
    builder
}

fn unresolved(error: &NetError) -> Unresolved {
    let by_code = |code: ResponseCode| {
        let name = code_name(code);
        match code {
            ResponseCode::NoError | ResponseCode::NXDomain => Unresolved::NoAddress(name),
            ResponseCode::ServFail => Unresolved::Temporary(Some(name)),
            _ => Unresolved::Permanent(Some(name)),
        }
    };
    match error {
        NetError::Timeout => Unresolved::Timeout,
        NetError::Dns(DnsError::NoRecordsFound(none)) => by_code(none.response_code),
        NetError::Dns(DnsError::ResponseCode(code)) => by_code(*code),
        NetError::Proto(_) => Unresolved::Permanent(None),
        _ => Unresolved::Temporary(None),
    }
}

/// As RFC 1035 and its successors write it.
fn code_name(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".into(),
        ResponseCode::FormErr => "FORMERR".into(),
        ResponseCode::ServFail => "SERVFAIL".into(),
        ResponseCode::NXDomain => "NXDOMAIN".into(),
        ResponseCode::NotImp => "NOTIMP".into(),
        ResponseCode::Refused => "REFUSED".into(),
        other => format!("{other:?}").to_uppercase(),
    }
}

/// One address of each family in turn, IPv6 first where this machine has a way to it.
fn in_order(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut families = [Vec::new(), Vec::new()];
    for address in addresses.take(4 * MOST_ADDRESSES) {
        let family = &mut families[usize::from(address.is_ipv4())];
        if !family.contains(&address) {
            family.push(address);
        }
    }
    let [v6, v4] = families;
    let (first, second) = match v6.first() {
        Some(address) if has_way_to(*address) => (v6, v4),
        _ => (v4, v6),
    };
    let mut ordered = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let (one, other) = (first.next(), second.next());
        if one.is_none() && other.is_none() {
            ordered.truncate(MOST_ADDRESSES);
            return ordered;
        }
        ordered.extend(one);
        ordered.extend(other);
    }
}

/// Asks the system for a route; nothing is sent.
fn has_way_to(address: IpAddr) -> bool {
    UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).and_then(|socket| socket.connect((address, 53))).is_ok()
}

#[cfg(test)]
mod tests {
    use super::in_order;
    use std::net::IpAddr;

    #[test]
    fn an_answer_is_bounded_and_holds_each_address_once() {
        let many = (0..200u8).chain(0..200).map(|n| IpAddr::from([192, 0, 2, n]));
        let ordered = in_order(many);
        assert_eq!(ordered.len(), 32);
        assert_eq!(ordered[1], IpAddr::from([192, 0, 2, 1]));
    }
}
