// SPDX-License-Identifier: Apache-2.0
//! The exports for a module's bandwidth: what all its calls together may send and receive.

use berth_doors::traffic::Traffic;
use std::sync::Arc;

/// One module's bandwidth. Any thread.
pub struct berth_traffic(pub(crate) Arc<Traffic>);

/// So many bytes a second each way, one at least, with a burst of an eighth of that. *Own* the result. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn berth_traffic_new(bytes_per_second: u64) -> *mut berth_traffic {
    Box::into_raw(Box::new(berth_traffic(Traffic::new(bytes_per_second.max(1)))))
}

/// *Own* `traffic`; null is fine. Calls that were lent it go on with it.
///
/// # Safety
/// `traffic` came from `berth_traffic_new` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_traffic_free(traffic: *mut berth_traffic) {
    if !traffic.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(traffic) });
    }
}
