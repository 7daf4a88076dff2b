// SPDX-License-Identifier: Apache-2.0
//! The one guard below every dialler of a guest, and of the host on its behalf. The policy is asked by name,
//! and again with each address just before that very address is connected to: no second look-up comes between.

use crate::account::{Account, Charged};
use crate::connections::{Connections, Slot};
use crate::names::Host;
use crate::pins::Pins;
use crate::resolver::{Answer, Resolver, Unresolved};
use crate::{Capability, Knock, Operation, Reason};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use wasmtime_wasi::runtime::spawn;

/// How long an address is waited for before the next one is tried beside it (RFC 8305).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// Who has written to the guest's UDP sockets, so that it may answer.
const MOST_PEERS: usize = 1024;
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// One guest's.
pub struct Guard {
    account: Arc<Account>,
    connections: Arc<Connections>,
    resolver: Arc<Resolver>,
    /// The names that rules for sockets hold, which berth looks up by itself.
    rule_names: Vec<String>,
    pins: Pins,
    peers: Mutex<HashMap<SocketAddr, Instant>>,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum DialError {
    Unresolved(Unresolved),
    /// The policy lets the guest reach none of the addresses.
    Prohibited,
    /// The module may open no more.
    TooMany,
    Failed(io::Error),
}

/// What a socket wants with an address.
#[derive(Clone, Copy)]
pub enum Aim {
    Connect,
    Send,
}

impl Aim {
    fn scheme(self) -> &'static str {
        match self {
            Aim::Connect => "tcp",
            Aim::Send => "udp",
        }
    }

    fn operation(self) -> Operation {
        match self {
            Aim::Connect => Operation::Connect,
            Aim::Send => Operation::Send,
        }
    }
}

/// A verdict that is there, or what has to be looked up for it.
enum Verdict {
    Open,
    /// Which names, and the one to speak of when none of them has it.
    LookUp(Vec<String>, String),
    Closed,
}

impl Guard {
    pub fn new(
        account: Arc<Account>,
        connections: Arc<Connections>,
        resolver: Arc<Resolver>,
        rule_names: Vec<String>,
    ) -> Arc<Self> {
        Arc::new(Guard { account, connections, resolver, rule_names, pins: Pins::default(), peers: Mutex::default() })
    }

    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// A name's addresses, for the guest to see: from now on they are that name's.
    pub async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Unresolved> {
        let answer = self.resolver.lookup(name).await?;
        self.pins.keep(name, answer.clone(), Instant::now());
        Ok(answer.addresses)
    }

    /// Whether a socket may reach the address: by itself, or as one of those that a name in a rule has.
    pub fn may_reach(self: &Arc<Self>, aim: Aim, to: SocketAddr) -> Asked {
        match self.verdict(aim, to) {
            Verdict::Open => Asked::Now(self.opened(aim)),
            Verdict::Closed => Asked::Now(false),
            Verdict::LookUp(names, known) => {
                let guard = self.clone();
                let looking = async move { guard.may_reach_by(aim, to, names, &known).await };
                Asked::Later(spawn(Charged::new(self.account.clone(), looking)))
            }
        }
    }

    /// What the policy lets through, unless it is one connection too many.
    fn opened(&self, aim: Aim) -> bool {
        if matches!(aim, Aim::Send) {
            return true;
        }
        let opened = self.connections.try_open();
        if opened {
            self.account.count_connection();
        }
        opened
    }

    fn verdict(&self, aim: Aim, to: SocketAddr) -> Verdict {
        let mut holders = self.pins.holders(to.ip().to_canonical(), Instant::now());
        let open = |name: &str| self.ask_socket(aim, to, name, true);
        if holders.now.iter().any(|name| open(name)) || open("") || self.is_answer(aim, to) {
            return Verdict::Open;
        }
        holders.once.extend(self.rule_names.iter().cloned());
        holders.once.sort();
        holders.once.dedup();
        // Those that would open it, if the address turns out to be theirs.
        holders.once.retain(|name| open(name));
        let known = holders.now.into_iter().next().unwrap_or_default();
        if holders.once.is_empty() {
            self.ask_socket(aim, to, &known, false);
            return Verdict::Closed;
        }
        Verdict::LookUp(holders.once, known)
    }

    async fn may_reach_by(&self, aim: Aim, to: SocketAddr, names: Vec<String>, known: &str) -> bool {
        for name in names {
            if let Ok(Answer { addresses, until }) = self.resolver.lookup(&name).await {
                let has = addresses.contains(&to.ip().to_canonical());
                self.pins.keep(&name, Answer { addresses, until }, Instant::now());
                if has && self.ask_socket(aim, to, &name, true) {
                    return self.opened(aim);
                }
            }
        }
        self.ask_socket(aim, to, known, false)
    }

    fn ask_socket(&self, aim: Aim, to: SocketAddr, name: &str, quiet: bool) -> bool {
        let url = socket_url(aim.scheme(), to);
        let knock = Knock::new(Capability::SocketOut, aim.operation(), &url, Reason::Ask);
        self.account.ask(&Knock { resolved_from: name, quiet, ..knock })
    }

    /// Where a guest may listen.
    pub fn may_listen(&self, operation: Operation, scheme: &str, at: SocketAddr, quiet: bool) -> bool {
        let url = socket_url(scheme, at);
        self.account.ask(&Knock { quiet, ..Knock::new(Capability::SocketIn, operation, &url, Reason::Ask) })
    }

    /// Whether a datagram may come in: where the guest listens, and from where it may send to.
    pub fn may_receive(self: &Arc<Self>, from: SocketAddr) -> Asked {
        if self.may_listen(Operation::Receive, "udp", from, true) {
            self.remember(from);
            return Asked::Now(true);
        }
        // Nothing is said of a refusal: the guest didn't ask for the datagram.
        match self.verdict_quietly(from) {
            Verdict::Open => Asked::Now(true),
            _ => Asked::Now(false),
        }
    }

    fn verdict_quietly(&self, from: SocketAddr) -> Verdict {
        let holders = self.pins.holders(from.ip().to_canonical(), Instant::now());
        let mut names = holders.now.iter().chain(&holders.once).map(String::as_str).chain([""]);
        if names.any(|name| self.ask_socket(Aim::Send, from, name, true)) { Verdict::Open } else { Verdict::Closed }
    }

    fn remember(&self, peer: SocketAddr) {
        let mut peers = self.peers();
        if peers.len() >= MOST_PEERS && !peers.contains_key(&peer) {
            let oldest = peers.iter().min_by_key(|(_, at)| **at).map(|(peer, _)| *peer);
            oldest.map(|peer| peers.remove(&peer));
        }
        peers.insert(peer, Instant::now());
    }

    /// Whether it is an answer to who has just written to where the guest listens.
    fn is_answer(&self, aim: Aim, to: SocketAddr) -> bool {
        let recent = || self.peers().get(&to).is_some_and(|at| at.elapsed() < ANSWER_WITHIN);
        matches!(aim, Aim::Send) && recent() && self.may_listen(Operation::Send, "udp", to, true)
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<SocketAddr, Instant>> {
        self.peers.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Connects to a host on the guest's behalf: to an address that `permitted`, which asks the policy, lets
    /// through, and to no other. Says which it was. The connection holds `slot`, or one like it.
    pub async fn dial(
        &self,
        host: &Host,
        port: u16,
        slot: Slot,
        permitted: impl Fn(IpAddr) -> bool,
    ) -> Result<Dialled, DialError> {
        let addresses = match host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.resolver.lookup(name).await.map_err(DialError::Unresolved)?.addresses,
        };
        let addresses: Vec<_> = addresses.into_iter().filter(|address| permitted(*address)).collect();
        if addresses.is_empty() {
            return Err(DialError::Prohibited);
        }
        let dialled = first_of(&self.connections, addresses, port, slot).await?;
        self.account.count_connection();
        Ok(dialled)
    }
}

/// A connection that the host made.
pub struct Dialled {
    pub stream: TcpStream,
    pub address: IpAddr,
    pub slot: Slot,
}

/// The first of the addresses that answers. The next is tried when one fails, or beside it when that hasn't answered for
/// a moment: each try is a connection of its own, and isn't made where there may be no more.
async fn first_of(
    connections: &Arc<Connections>,
    addresses: Vec<IpAddr>,
    port: u16,
    slot: Slot,
) -> Result<Dialled, DialError> {
    let mut trying = JoinSet::new();
    let mut last_error = DialError::Failed(io::Error::from(io::ErrorKind::AddrNotAvailable));
    let (mut waiting, mut first) = (addresses.into_iter().peekable(), Some(slot));
    loop {
        if waiting.peek().is_some()
            && let Some(slot) = first.take().or_else(|| connections.try_slot())
        {
            if connections.try_open() {
                let next = waiting.next();
                trying.spawn(async move {
                    let address = next.ok_or(io::ErrorKind::AddrNotAvailable)?;
                    let stream = TcpStream::connect((address, port)).await?;
                    Ok::<_, io::Error>(Dialled { stream, address, slot })
                });
            } else {
                last_error = DialError::TooMany;
                waiting = Vec::new().into_iter().peekable();
            }
        }
        let patience = if waiting.peek().is_some() { NEXT_ADDRESS } else { Duration::MAX };
        match tokio::time::timeout(patience, trying.join_next()).await {
            Ok(Some(Ok(Ok(dialled)))) => return Ok(dialled),
            Ok(Some(Ok(Err(error)))) => last_error = DialError::Failed(error),
            Ok(Some(Err(_))) | Err(_) => {}
            Ok(None) => return Err(last_error),
        }
    }
}

/// A verdict, perhaps after a look-up.
pub enum Asked {
    Now(bool),
    Later(wasmtime_wasi::runtime::AbortOnDropJoinHandle<bool>),
}

impl Asked {
    pub async fn verdict(self) -> bool {
        match self {
            Asked::Now(verdict) => verdict,
            Asked::Later(verdict) => verdict.await,
        }
    }
}

/// Without the zone, which no rule can hold, and IPv4 as IPv4.
fn socket_url(scheme: &str, address: SocketAddr) -> String {
    format!("{scheme}://{}", SocketAddr::new(address.ip().to_canonical(), address.port()))
}
