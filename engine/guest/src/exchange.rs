// SPDX-License-Identifier: Apache-2.0
//! One request and its answer: the head that a guest gives once, the body that follows, and the report at the end, however
//! the work for it ended.

use crate::call::{Ended, Outcome};
use crate::measure::Measure;
use crate::service::{Overseer, Served};
use bytes::Bytes;
use http::{HeaderMap, Response, header};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use wasmtime_wasi_http::{Error, WasiBody};

/// A request that has to be reported: once, however its task ends.
pub(crate) struct Due {
    overseer: Arc<dyn Overseer>,
    name: usize,
    pub head: Arc<Head>,
    /// Of the instance that answers, once there is one.
    pub measure: Option<Arc<Measure>>,
    began: Instant,
    outcome: Option<Outcome>,
}

impl Due {
    /// Reported by this name.
    pub fn new(overseer: Arc<dyn Overseer>, name: usize, head: Arc<Head>) -> Self {
        Due { overseer, name, head, measure: None, began: Instant::now(), outcome: None }
    }

    pub fn ended(mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        let head = &self.head;
        let undone = || if std::thread::panicking() { Outcome::Panicked } else { Outcome::Cancelled };
        let outcome = self.outcome.take().unwrap_or_else(undone);
        head.failed.store(!matches!(outcome, Outcome::Exited(0)), Relaxed);
        let ended = Ended { outcome, still_running: false, unfinished_line: false };
        let used = self.measure.as_ref().map(|measure| measure.used()).unwrap_or_default();
        let served = Served {
            request: self.name,
            status: head.status(),
            refused: head.refused.get().map(String::as_str),
            wall: self.began.elapsed(),
            used,
        };
        let status = self.overseer.ended(ended, &served);
        head.give(Err(status));
    }
}

pub(crate) type Given = std::result::Result<Response<WasiBody>, u16>;

/// The head of an answer, which is given once.
pub(crate) struct Head {
    to: Mutex<Option<oneshot::Sender<Given>>>,
    status: AtomicU16,
    /// The error that the guest gave instead.
    pub refused: OnceLock<String>,
    /// The guest fell over, before its answer's end or after it.
    failed: AtomicBool,
}

impl Head {
    pub fn new() -> (Arc<Self>, oneshot::Receiver<Given>) {
        let (to, given) = oneshot::channel();
        let head = Head {
            to: Mutex::new(Some(to)),
            status: AtomicU16::new(0),
            refused: OnceLock::new(),
            failed: AtomicBool::new(false),
        };
        (Arc::new(head), given)
    }

    pub fn give(&self, given: Given) {
        let to = self.to.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(to) = to {
            if let Ok(response) = &given {
                self.status.store(response.status().as_u16(), Relaxed);
            }
            // Whoever asked may be gone.
            let _ = to.send(given);
        }
    }

    fn status(&self) -> Option<u16> {
        let status = self.status.load(Relaxed);
        (status != 0).then_some(status)
    }
}

/// Ends the guest's work when it is dropped, unless that is done.
pub(crate) struct Work(pub Option<AbortHandle>);

impl Work {
    fn may_go_on(&mut self) {
        self.0 = None;
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// An answer's body. Who stops reading it before its end ends the guest's work.
pub struct Answered {
    body: WasiBody,
    head: Arc<Head>,
    /// What is to come of it, where the guest said its length: who has that asks for no more.
    left: Option<u64>,
    /// What the guest still does.
    work: Work,
    /// Dropped when the body has gone: who waits for that is told.
    _sent: Option<oneshot::Sender<()>>,
}

impl Answered {
    pub(crate) fn new(
        response: Response<WasiBody>,
        head: Arc<Head>,
        work: Work,
        sent: Option<oneshot::Sender<()>>,
    ) -> Response<Self> {
        let left = length(response.headers());
        response.map(|body| Answered { body, head, left, work, _sent: sent })
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl Body for Answered {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let (Poll::Ready(Some(Ok(frame))), Some(left)) = (&polled, self.left) {
            self.left = Some(left.saturating_sub(frame.data_ref().map_or(0, Bytes::len) as u64));
        }
        if let Poll::Ready(None) = polled {
            self.work.may_go_on();
            // What the guest leaves when it falls over looks like an end.
            if self.head.failed.load(Relaxed) {
                return Poll::Ready(Some(Err(Error::HttpResponseIncomplete)));
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        // Nobody asks a body that says that it has ended, or has given what it said that it would.
        if self.body.is_end_stream() || self.left == Some(0) {
            self.work.may_go_on();
        }
    }
}
