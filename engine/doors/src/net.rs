// SPDX-License-Identifier: Apache-2.0
//! The network doors of a guest: its sockets here, names in `lookup`, HTTP in `http`. Everything is linked; what
//! no grant opens fails when it is used, as the interface's own typed error, and is told to the owner.

use crate::Operation;
use crate::account::{Account, Lent};
use crate::connections::Connections;
use crate::guard::{Aim, Asked, Guard};
use crate::holdings::Holdings;
use crate::http::HttpDoor;
use crate::http_pool::Pool;
use crate::inside::Inside;
use crate::resolver::Resolver;
use crate::tls::Roots;
use crate::traffic::{Gate, Traffic, Way};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::sockets::SocketAddrUse;

/// What the guests of one runtime share: resolvers and the certificates that TLS trusts, each made when it is
/// first needed, and who brings requests from one of them to another.
#[derive(Default)]
pub struct Common {
    resolvers: Mutex<HashMap<Vec<SocketAddr>, Arc<Resolver>>>,
    pub(crate) roots: Roots,
    inside: OnceLock<Arc<dyn Inside>>,
}

impl Common {
    /// From now on requests to modules of this process go there. Once.
    pub fn bring_inside(&self, inside: Arc<dyn Inside>) {
        let _ = self.inside.set(inside);
    }

    pub(crate) fn inside(&self) -> Option<&Arc<dyn Inside>> {
        self.inside.get()
    }

    fn resolver(&self, servers: Vec<SocketAddr>) -> Arc<Resolver> {
        let mut resolvers = self.resolvers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        resolvers.entry(servers.clone()).or_insert_with(|| Arc::new(Resolver::new(servers))).clone()
    }
}

/// What a guest's network is made of, beside what C++ lends.
#[derive(Clone)]
pub struct Settings {
    /// What the module is called where it asks another one.
    pub module: String,
    /// Name servers that the owner of this machine named; without any, the system's.
    pub dns_servers: Vec<SocketAddr>,
    /// The names that rules for sockets hold.
    pub rule_names: Vec<String>,
    /// Its connections to HTTP servers, which all guests with these settings use one after the other, and what the
    /// module may send, receive and have open.
    pool: Arc<Pool>,
}

/// How long a connection to an HTTP server waits for its next request.
pub const IDLE_TIME: Duration = Duration::from_secs(60);

impl Settings {
    pub fn new(
        module: String,
        dns_servers: Vec<SocketAddr>,
        rule_names: Vec<String>,
        traffic: Arc<Traffic>,
        idle_time: Duration,
    ) -> Self {
        Settings { module, dns_servers, rule_names, pool: Pool::new(traffic, idle_time) }
    }
}

/// One guest's network. When it goes, what it has under way ends, and nothing of what C++ lent is used any more.
pub struct NetDoor {
    pub guard: Arc<Guard>,
    pub http: HttpDoor,
    traffic: Arc<Traffic>,
    holdings: Arc<Mutex<Holdings>>,
}

impl NetDoor {
    pub fn new(common: &Arc<Common>, settings: Settings, lent: Lent) -> Self {
        let resolver = common.resolver(settings.dns_servers);
        let traffic = settings.pool.traffic().clone();
        let connections = traffic.connections.clone();
        let guard = Guard::new(Account::open(lent), connections, resolver, settings.rule_names);
        let http = HttpDoor::new(common.clone(), guard.clone(), settings.pool, settings.module);
        NetDoor { http, guard, traffic, holdings: Arc::default() }
    }

    /// What one connection's bytes go through.
    pub(crate) fn gate(&self, way: Way) -> Gate {
        Gate::new(self.traffic.clone(), way)
    }

    pub(crate) fn meters(&self) -> bool {
        self.traffic.meters()
    }

    pub(crate) fn connections(&self) -> &Arc<Connections> {
        &self.traffic.connections
    }

    pub(crate) fn holdings(&self) -> MutexGuard<'_, Holdings> {
        lock(&self.holdings)
    }

    /// Asks about each address that a socket is about to use. A socket itself may be made: what it is for is only
    /// known when it is used, and then a refusal can name the address.
    pub fn guard_sockets(&self, wasi: &mut WasiCtxBuilder) {
        wasi.allow_tcp(true).allow_udp(true);
        let (guard, connections, holdings) = (self.guard.clone(), self.connections().clone(), self.holdings.clone());
        wasi.socket_addr_check(move |address, used| -> Pin<Box<dyn Future<Output = bool> + Send + Sync>> {
            match used {
                // Whoever connects to where the guest was let listen.
                SocketAddrUse::TcpAccept => Box::pin(accept(guard.clone(), connections.clone(), holdings.clone())),
                _ => Box::pin(ask(&guard, address, used).verdict()),
            }
        });
    }
}

/// Until there is a slot, and room in this minute, the connection waits, and those behind it in the system's queue.
async fn accept(guard: Arc<Guard>, connections: Arc<Connections>, holdings: Arc<Mutex<Holdings>>) -> bool {
    if !lock(&holdings).has_orphan() {
        let slot = connections.clone().slot().await;
        connections.open().await;
        lock(&holdings).accept(slot);
    }
    guard.account().count_connection();
    true
}

fn lock(holdings: &Mutex<Holdings>) -> MutexGuard<'_, Holdings> {
    holdings.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Drop for NetDoor {
    fn drop(&mut self) {
        self.guard.account().close();
    }
}

fn ask(guard: &Arc<Guard>, address: SocketAddr, used: SocketAddrUse) -> Asked {
    // What goes out binds to "any address, any port", by itself or, for UDP in WASI 0.2, by the guest's own call:
    // the connect or the send is what is decided.
    let implicit = address.ip().is_unspecified() && address.port() == 0;
    match used {
        SocketAddrUse::TcpBind | SocketAddrUse::UdpBind if implicit => Asked::Now(true),
        SocketAddrUse::TcpBind => Asked::Now(guard.may_listen(Operation::Bind, "tcp", address, false)),
        SocketAddrUse::UdpBind => Asked::Now(guard.may_listen(Operation::Bind, "udp", address, false)),
        SocketAddrUse::TcpListen => {
            // A port that the system chose: a socket only has one where its bind to port 0 was let through.
            let any_port = SocketAddr::new(address.ip(), 0);
            let exact = address.port() != 0 && guard.may_listen(Operation::Listen, "tcp", address, true);
            Asked::Now(exact || guard.may_listen(Operation::Listen, "tcp", any_port, false))
        }
        SocketAddrUse::TcpAccept => Asked::Now(true),
        SocketAddrUse::TcpConnect => guard.may_reach(Aim::Connect, address),
        SocketAddrUse::UdpSend => guard.may_reach(Aim::Send, address),
        SocketAddrUse::UdpReceive => guard.may_receive(address),
    }
}
