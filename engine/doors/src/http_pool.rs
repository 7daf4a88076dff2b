// SPDX-License-Identifier: Apache-2.0
//! The connections of one version of a module to HTTP servers, kept for a while, and never another module's. They outlive
//! the guest that made them: another one goes on with them, one at a time, so that what a connection costs is always
//! somebody's, and a request never shares one with a request of another instance.
//!
//! Each remembers the address that was really connected to. A request gets a connection only where the policy
//! lets it go to that address: what one URL may reach another may not. Hence a pool of our own.

use crate::account::Account;
use crate::connections::Slot;
use crate::http_body::Outgoing;
use crate::http_wire::Wire;
use crate::tls::Tls;
use crate::traffic::{Traffic, Way};
use hyper::client::conn::{http1, http2};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// HTTP/2: answers at once on one connection.
pub const MOST_STREAMS: usize = 32;
/// Connections that wait for their next request.
const IDLE_OF_ORIGIN: usize = 8;
const IDLE: usize = 32;
/// How often those are looked for that wait for too long, or are too many.
const SWEEP: Duration = Duration::from_secs(5);
/// How long one that was ended is waited for, to take its place.
const ENDING: Duration = Duration::from_secs(1);

/// Where requests with the same connections go.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    pub tls: bool,
    pub host: String,
    pub port: u16,
}

pub struct Pool {
    traffic: Arc<Traffic>,
    /// How long a connection waits.
    idle_time: Duration,
    pub tls: Tls,
    shelves: Mutex<HashMap<Origin, Shelf>>,
    sweeping: AtomicBool,
}

#[derive(Default)]
struct Shelf {
    idle: Vec<(Instant, One)>,
    shared: Vec<Shared>,
    /// Whether the server speaks HTTP/2, once that is known.
    speaks_two: Option<bool>,
}

struct Shared {
    two: Two,
    /// When nobody was seen to use it, for the first time since.
    unused: Option<Instant>,
}

pub struct One {
    pub sender: http1::SendRequest<Outgoing>,
    pub wire: Wire,
}

#[derive(Clone)]
pub struct Two {
    pub sender: http2::SendRequest<Outgoing>,
    pub wire: Arc<Wire>,
    pub streams: Arc<AtomicUsize>,
}

impl Two {
    fn is_unused(&self) -> bool {
        self.streams.load(Relaxed) == 0
    }
}

/// One of a connection's streams, counted.
pub struct Stream(Arc<AtomicUsize>);

impl Stream {
    pub fn of(two: &Two) -> Self {
        two.streams.fetch_add(1, Relaxed);
        Stream(two.streams.clone())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// One that is open.
pub enum Kept {
    One(One),
    Two(Two, Stream),
}

impl Pool {
    pub fn new(traffic: Arc<Traffic>, idle_time: Duration) -> Arc<Self> {
        Arc::new(Pool {
            traffic,
            idle_time,
            tls: Tls::default(),
            shelves: Mutex::default(),
            sweeping: AtomicBool::new(false),
        })
    }

    pub fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// One that is open, from now on `account`'s.
    pub fn take(&self, origin: &Origin, account: &Arc<Account>, permitted: impl Fn(IpAddr) -> bool) -> Option<Kept> {
        let mut shelves = self.shelves();
        let shelf = shelves.get_mut(origin)?;
        shelf.drop_closed(self.idle_time);
        // With others of the same guest, or alone.
        let free = |two: &Two| {
            let theirs = two.is_unused() || two.wire.payer().is(account);
            theirs && two.streams.load(Relaxed) < MOST_STREAMS && permitted(two.wire.address)
        };
        if let Some(Shared { two, unused }) = shelf.shared.iter_mut().find(|shared| free(&shared.two)) {
            *unused = None;
            two.wire.payer().become_of(account);
            return Some(Kept::Two(two.clone(), Stream::of(two)));
        }
        let ready = shelf.idle.iter().rposition(|(_, one)| one.sender.is_ready() && permitted(one.wire.address))?;
        let (_, one) = shelf.idle.remove(ready);
        one.wire.payer().become_of(account);
        Some(Kept::One(one))
    }

    pub fn speaks_two(&self, origin: &Origin) -> Option<bool> {
        self.shelves().get(origin)?.speaks_two
    }

    pub fn learn(self: &Arc<Self>, origin: &Origin, speaks_two: bool) {
        self.shelves().entry(origin.clone()).or_default().speaks_two = Some(speaks_two);
        self.look_after();
    }

    /// Takes in one that answered its request and waits for the next.
    pub fn keep_one(self: &Arc<Self>, origin: Origin, one: One) {
        if one.sender.is_closed() {
            return;
        }
        let mut shelves = self.shelves();
        let held: usize = shelves.values().map(|shelf| shelf.idle.len()).sum();
        let shelf = shelves.entry(origin).or_default();
        if held < IDLE && shelf.idle.len() < IDLE_OF_ORIGIN {
            shelf.idle.push((Instant::now(), one));
        }
        drop(shelves);
        self.look_after();
    }

    /// Takes in one that several requests may use at once.
    pub fn keep_two(self: &Arc<Self>, origin: &Origin, two: Two) {
        self.shelves().entry(origin.clone()).or_default().shared.push(Shared { two, unused: None });
        self.look_after();
    }

    /// Whether the module may send or receive no more today.
    pub fn is_spent(&self) -> bool {
        self.traffic.day.as_ref().is_some_and(|day| [Way::Out, Way::In].iter().any(|way| day.left(*way, 1).is_err()))
    }

    /// A slot for something that goes out. Where there is none, connections that wait for their next request make room.
    pub async fn slot(&self) -> Option<Slot> {
        let connections = &self.traffic.connections;
        if let Some(slot) = connections.try_slot() {
            return Some(slot);
        }
        while self.end_idle() {
            if let Ok(slot) = timeout(ENDING, connections.clone().slot()).await {
                return Some(slot);
            }
        }
        connections.refuse();
        None
    }

    /// Ends the connection that has waited longest for its next request, if there is one.
    fn end_idle(&self) -> bool {
        let mut shelves = self.shelves();
        let waiting = shelves.iter().filter_map(|(origin, shelf)| {
            let oldest = shelf.idle.iter().enumerate().min_by_key(|(_, (since, _))| *since)?;
            Some((oldest.1.0, oldest.0, origin.clone()))
        });
        if let Some((_, place, origin)) = waiting.min_by_key(|(since, ..)| *since) {
            shelves.get_mut(&origin).map(|shelf| shelf.idle.remove(place));
            return true;
        }
        shelves.values_mut().any(|shelf| {
            let place = shelf.shared.iter().position(|shared| shared.two.is_unused());
            place.map(|place| shelf.shared.remove(place)).is_some()
        })
    }

    /// Has a task sweep as long as anything is kept.
    fn look_after(self: &Arc<Self>) {
        if !self.sweeping.swap(true, Relaxed) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// True when nothing is left to look after.
    fn swept(&self) -> bool {
        let mut shelves = self.shelves();
        for shelf in shelves.values_mut() {
            shelf.drop_closed(self.idle_time);
            shelf.drop_unused(self.idle_time);
        }
        // A module that asks many servers once each remembers none of them.
        shelves.retain(|_, shelf| !shelf.idle.is_empty() || !shelf.shared.is_empty());
        if shelves.is_empty() {
            self.sweeping.store(false, Relaxed);
        }
        shelves.is_empty()
    }

    fn shelves(&self) -> MutexGuard<'_, HashMap<Origin, Shelf>> {
        self.shelves.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        if pool.upgrade().is_none_or(|pool| pool.swept()) {
            return;
        }
    }
}

impl Shelf {
    /// Without those that the server has closed, or that have waited for long.
    fn drop_closed(&mut self, idle_time: Duration) {
        self.shared.retain(|shared| !shared.two.sender.is_closed());
        self.idle.retain(|(since, one)| !one.sender.is_closed() && since.elapsed() < idle_time);
    }

    /// Of those for several requests, without such as nobody uses for long, and no more than may wait.
    fn drop_unused(&mut self, idle_time: Duration) {
        let mut waiting = 0;
        self.shared.retain_mut(|Shared { two, unused }| {
            if !two.is_unused() {
                *unused = None;
                return true;
            }
            waiting += 1;
            unused.get_or_insert_with(Instant::now).elapsed() < idle_time && waiting <= IDLE_OF_ORIGIN
        });
    }
}
