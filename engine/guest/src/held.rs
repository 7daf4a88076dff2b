// SPDX-License-Identifier: Apache-2.0
//! The store of an instance that answers requests, until it goes. A large one takes the system long to take back, so that
//! a thread beside the lanes waits for it: nobody else's requests do.

use crate::measure::Measure;
use crate::service::Overseer;
use berth_store::{Metered, State};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use wasmtime::Store;

/// Bytes of memory that are given back in about a millisecond.
const LARGE: u64 = 16 << 20;

pub(crate) struct Held {
    /// Until it is let go.
    metered: Option<Metered>,
    needed: Needed,
}

/// What a store needs until it is gone: it counts in the one, and uses what the other lends.
#[derive(Clone)]
struct Needed {
    _measure: Arc<Measure>,
    _overseer: Arc<dyn Overseer>,
}

impl Held {
    pub fn new(metered: Metered, measure: Arc<Measure>, overseer: Arc<dyn Overseer>) -> Self {
        Held { metered: Some(metered), needed: Needed { _measure: measure, _overseer: overseer } }
    }

    pub fn store(&mut self) -> &mut Store<State> {
        let metered = self.metered.as_mut();
        &mut metered.expect("a store is there until its holder goes").0
    }

    /// Ready when it is gone.
    pub async fn gone(mut self) {
        if let Some(going) = self.let_go() {
            let _ = going.await;
        }
    }

    fn let_go(&mut self) -> Option<JoinHandle<()>> {
        let metered = self.metered.take()?;
        if metered.0.data().draws.held() < LARGE {
            return None;
        }
        let lane = Handle::try_current().ok()?;
        let needed = self.needed.clone();
        Some(lane.spawn_blocking(move || {
            drop(metered);
            drop(needed);
        }))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.let_go();
    }
}
