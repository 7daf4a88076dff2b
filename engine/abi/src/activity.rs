// SPDX-License-Identifier: Apache-2.0
//! What a module tells its owner, as C++ is told.

use crate::boundary::{Failure, INTERNAL, borrowed, bytes};
use crate::types::{berth_activity, berth_slice};
use berth_doors::activity::{Activity, Kind, Why};
use core::ffi::c_void;
use std::sync::Arc;

/// C++'s function, and what it is called with.
pub(crate) struct Owner {
    context: *mut c_void,
    tell: unsafe extern "C" fn(*mut c_void, i32, berth_slice, *mut berth_slice) -> i32,
}

// SAFETY: the header demands that it can be called, with the context, on any thread.
unsafe impl Send for Owner {}
// SAFETY: the same.
unsafe impl Sync for Owner {}

impl Owner {
    /// # Safety
    /// What the header says of `activity` holds.
    pub unsafe fn read(activity: *const berth_activity) -> Result<Option<Arc<dyn Activity>>, Failure> {
        // SAFETY: the caller's promise.
        let Some(activity) = (unsafe { activity.as_ref() }) else { return Ok(None) };
        let tell = activity.tell.ok_or_else(|| Failure::new(INTERNAL, "activity needs what it is told with"))?;
        Ok(Some(Arc::new(Owner { context: activity.context, tell })))
    }
}

impl Activity for Owner {
    fn tell(&self, kind: Kind, message: &str) -> Result<(), (Why, String)> {
        let mut words = borrowed(&[]);
        // SAFETY: the header's contract for `tell`.
        let why = match unsafe { (self.tell)(self.context, kind as i32, borrowed(message.as_bytes()), &raw mut words) }
        {
            0 => return Ok(()),
            1 => Why::Denied,
            2 => Why::Limited,
            3 => Why::TooLarge,
            _ => Why::Unavailable,
        };
        // SAFETY: the same.
        Err((why, String::from_utf8_lossy(unsafe { bytes(words) }).into_owned()))
    }
}
