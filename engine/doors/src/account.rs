// SPDX-License-Identifier: Apache-2.0
//! What C++ lends to the network doors of one call: its verdicts, its counters, its memory budget.
//!
//! A connection is a task of its own and may outlive the call by a moment. So all of it goes through an
//! [`Account`], which is closed when the call's store goes: from then on nothing that was lent is touched.

use crate::share::{Drawing, Gate};
use crate::{Knock, Owner};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The module's memory, which its connections draw from as its own memories do.
pub trait Funds: Send + Sync {
    /// Whether there was as much left.
    fn draw(&self, bytes: u64) -> bool;
    fn give_back(&self, bytes: u64);
}

/// What C++ lends. The counters live in C++, until the call's end is reported.
pub struct Lent {
    pub owner: Arc<dyn Owner>,
    pub funds: Box<dyn Funds>,
    pub sent_bytes: &'static AtomicU64,
    pub received_bytes: &'static AtomicU64,
    pub connections: &'static AtomicU64,
    /// CPU time of the call, in nanoseconds.
    pub cpu_used_ns: &'static AtomicU64,
    /// Of the module's share of a core, if it has one.
    pub drawing: Option<Arc<Drawing>>,
}

pub struct Account(Mutex<Option<Open>>);

struct Open {
    lent: Lent,
    drawn: u64,
}

impl Account {
    pub fn open(lent: Lent) -> Arc<Self> {
        Arc::new(Account(Mutex::new(Some(Open { lent, drawn: 0 }))))
    }

    /// Gives back what is drawn. Everything that comes later is refused or not counted.
    pub fn close(&self) {
        if let Some(open) = self.lock().take() {
            open.lent.funds.give_back(open.drawn);
        }
    }

    /// Whether nobody can be charged any more.
    pub fn is_closed(&self) -> bool {
        self.lock().is_none()
    }

    /// The policy's verdict; no once the account is closed.
    pub fn ask(&self, knock: &Knock<'_>) -> bool {
        self.lock().as_ref().is_some_and(|open| open.lent.owner.ask(knock))
    }

    /// Memory for what the host holds for one exchange, until the lease goes. Nothing when there isn't as much.
    pub fn draw(self: &Arc<Self>, bytes: u64) -> Option<Lease> {
        let mut account = self.lock();
        let open = account.as_mut()?;
        if !open.lent.funds.draw(bytes) {
            return None;
        }
        open.drawn += bytes;
        Some(Lease { account: self.clone(), bytes })
    }

    pub fn count_sent(&self, bytes: usize) {
        self.count(|lent| lent.sent_bytes, bytes as u64);
    }

    pub fn count_received(&self, bytes: usize) {
        self.count(|lent| lent.received_bytes, bytes as u64);
    }

    fn count_cpu(&self, used_ns: u64) {
        if let Some(open) = self.lock().as_ref() {
            open.lent.cpu_used_ns.fetch_add(used_ns, Relaxed);
            if let Some(drawing) = &open.lent.drawing {
                drawing.draw(used_ns);
            }
        }
    }

    /// How long the module has to rest, as of now.
    fn rest(&self) -> Option<Duration> {
        self.lock().as_ref()?.lent.drawing.as_ref()?.rest()
    }

    pub fn count_connection(&self) {
        self.count(|lent| lent.connections, 1);
    }

    fn count(&self, counter: impl Fn(&Lent) -> &'static AtomicU64, more: u64) {
        if let Some(open) = self.lock().as_ref() {
            counter(&open.lent).fetch_add(more, Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Memory that was drawn.
pub struct Lease {
    account: Arc<Account>,
    bytes: u64,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(open) = self.account.lock().as_mut() {
            open.lent.funds.give_back(self.bytes);
            open.drawn -= self.bytes;
        }
    }
}

/// Whose account something goes to. That of a connection is handed on with it, from one guest of its module to the next.
pub struct Payer(Mutex<Arc<Account>>);

impl Payer {
    pub fn new(account: Arc<Account>) -> Arc<Self> {
        Arc::new(Payer(Mutex::new(account)))
    }

    pub fn now(&self) -> Arc<Account> {
        self.lock().clone()
    }

    pub fn is(&self, account: &Arc<Account>) -> bool {
        Arc::ptr_eq(&self.lock(), account)
    }

    pub fn become_of(&self, account: &Arc<Account>) {
        *self.lock() = account.clone();
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Account>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A task beside the guest whose CPU time is the guest's: a connection, with what encrypts it, or a look-up. It rests
/// when the guest has to.
pub struct Charged<F> {
    payer: Arc<Payer>,
    task: Pin<Box<F>>,
    gate: Gate,
}

impl<F: Future> Charged<F> {
    pub fn new(account: Arc<Account>, task: F) -> Self {
        Charged::to(Payer::new(account), task)
    }

    pub fn to(payer: Arc<Payer>, task: F) -> Self {
        let account = payer.now();
        let turns = account.lock().as_ref().and_then(|open| open.lent.drawing.as_ref()).map(|drawing| drawing.turns());
        Charged { payer, task: Box::pin(task), gate: Gate::new(turns) }
    }
}

impl<F: Future> Future for Charged<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Charged { payer, task, gate } = &mut *self;
        let account = payer.now();
        ready!(gate.poll(cx, None, || account.rest()));
        let before = crate::os::thread_cpu_ns();
        let polled = task.as_mut().poll(cx);
        account.count_cpu(crate::os::thread_cpu_ns().saturating_sub(before));
        polled
    }
}
