// SPDX-License-Identifier: Apache-2.0
//! Turns on a lane. A guest that is done within a tick runs when it is woken. Those that aren't take turns of a tick each,
//! one of them between two looks at what else there is to do: however many they are, nobody waits for more than one.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

thread_local! {
    /// The one long turn of this lane.
    static LONG: Arc<Semaphore> = Arc::new(Semaphore::new(1));
}

/// The place of one guest among those of its lane.
#[derive(Default)]
pub(crate) struct Turn {
    held: Option<OwnedSemaphorePermit>,
    asked: Option<Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>>,
}

impl Turn {
    /// Ready when a guest that was interrupted may go on. Who had the last turn is behind those that wait.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.held = None;
        let asked = self.asked.get_or_insert_with(|| {
            let long = LONG.with(Arc::clone);
            Box::pin(async { long.acquire_owned().await.ok() })
        });
        self.held = ready!(asked.as_mut().poll(cx));
        self.asked = None;
        Poll::Ready(())
    }

    /// It waits for something else now.
    pub fn leave(&mut self) {
        *self = Turn::default();
    }
}
