// SPDX-License-Identifier: Apache-2.0
//! A request from its routing to the end of its answer: what it waits for before a guest is asked, and what is told of
//! it, once, when nothing is left of it on its connection.

use crate::server::{Decision, Head, Route, Router, Trace};
use http::HeaderMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tokio::sync::oneshot;

/// What went over the connection for a request.
pub struct Finished {
    /// What the client was answered; nothing when it went away before.
    pub status: Option<u16>,
    /// Whether a guest was asked: its end is told apart.
    pub asked: bool,
    /// Of the bodies.
    pub received_bytes: u64,
    pub sent_bytes: u64,
}

/// Says, once, where a request goes that waits. Dropped, the request is answered with 503.
pub struct Completion(oneshot::Sender<Route>);

impl Completion {
    /// Any thread. False: the request has gone away.
    pub fn give(self, route: Route) -> bool {
        self.0.send(route).is_ok()
    }
}

pub(crate) struct Tracked {
    router: Arc<dyn Router>,
    request: usize,
    asked: bool,
    pub status: Option<u16>,
    pub sent_bytes: u64,
    /// Counted where the guest reads.
    pub received: Arc<AtomicU64>,
    trace: Option<Trace>,
}

impl Tracked {
    /// Asks where a request goes.
    pub fn begin(router: &Arc<dyn Router>, head: &Head<'_>) -> (Self, Decision) {
        let mut decision = router.route(head);
        let (request, trace) = (decision.request, decision.trace.take());
        let (router, received) = (router.clone(), Arc::default());
        let tracked = Tracked { router, request, asked: false, status: None, sent_bytes: 0, received, trace };
        (tracked, decision)
    }

    /// Where it goes in the end: what is given in time, or what this falls back on.
    pub async fn settled(&self, decision: Decision) -> Route {
        let Some(most) = decision.wait else { return decision.route };
        let (give, given) = oneshot::channel();
        self.router.wait(self.request, Completion(give));
        match tokio::time::timeout(most, given).await {
            Ok(Ok(route)) => route,
            Ok(Err(_)) => Route::Refuse { status: CANCELLED, retry_after: None, line: None },
            Err(_) => decision.route,
        }
    }

    /// A guest is asked from here on, which gets these headers, and reports by this name.
    pub fn ask(&mut self, headers: &mut HeaderMap) -> usize {
        self.asked = true;
        if let Some(trace) = self.trace.take() {
            trace.write(headers);
        }
        self.request
    }
}

/// What is answered when nobody decided.
const CANCELLED: u16 = 503;

impl Drop for Tracked {
    fn drop(&mut self) {
        if self.request == 0 {
            return;
        }
        let finished = Finished {
            status: self.status,
            asked: self.asked,
            received_bytes: self.received.load(Relaxed),
            sent_bytes: self.sent_bytes,
        };
        self.router.finished(self.request, &finished);
    }
}
