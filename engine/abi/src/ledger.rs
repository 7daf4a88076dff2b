// SPDX-License-Identifier: Apache-2.0
//! The exports for what modules store: folders counted against a limit. C++ says which and how much, and owns the ledger;
//! guests' doors enter what changes.

use crate::boundary::{Failure, UNAVAILABLE, guarded, text};
use crate::types::*;
use berth_doors::ledger::{Ledger, Quota, Usage};
use std::sync::Arc;

/// Folders that are counted. Any thread.
pub struct berth_ledger(pub(crate) Arc<Ledger>);

impl From<berth_quota> for Quota {
    fn from(quota: berth_quota) -> Self {
        Quota { bytes: quota.bytes, files: quota.files }
    }
}

impl From<Usage> for berth_stored {
    fn from(usage: Usage) -> Self {
        let Usage { bytes, files, peak_bytes, peak_files, refused_bytes, refused_files } = usage;
        berth_stored { bytes, files, peak_bytes, peak_files, refused_bytes, refused_files }
    }
}

/// Counts what is stored in some folders, each with a quota of its own and all with one together, and locks them against
/// other ledgers until this one and every call that was lent it are gone. None of them lies in another. Walks through all
/// of them: as slow as that is. *Own* `out`. Any thread.
///
/// # Safety
/// *Borrow* `accounts`, `len` of them; `out` is writable; `error` is writable or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_ledger_open(
    accounts: *const berth_account,
    len: usize,
    total: berth_quota,
    out: *mut *mut berth_ledger,
    error: *mut berth_bytes,
) -> i32 {
    guarded(error, || {
        let mut folders = Vec::with_capacity(len);
        for i in 0..len {
            // SAFETY: the caller's promise.
            let account = unsafe { &*accounts.add(i) };
            // SAFETY: the same.
            folders.push((unsafe { text(account.host_path, "a path")? }, account.quota.into()));
        }
        let ledger = Ledger::open(&folders, total.into()).map_err(|why| Failure::new(UNAVAILABLE, why))?;
        // SAFETY: the same.
        unsafe { out.write(Box::into_raw(Box::new(berth_ledger(ledger)))) };
        Ok(())
    })
}

/// What is stored in all of its folders together. *Borrow* `ledger`. Any thread.
///
/// # Safety
/// `ledger` came from `berth_ledger_open` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_ledger_total(ledger: *const berth_ledger) -> berth_stored {
    // SAFETY: the caller's promise.
    unsafe { &*ledger }.0.total().into()
}

/// What is stored in one of its folders, by its number; nothing in one that it hasn't. *Borrow* `ledger`. Any thread.
///
/// # Safety
/// `ledger` came from `berth_ledger_open` and hasn't been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_ledger_account(ledger: *const berth_ledger, account: usize) -> berth_stored {
    // SAFETY: the caller's promise.
    unsafe { &*ledger }.0.folder(account).unwrap_or_default().into()
}

/// *Own* `ledger`; null is fine. Calls that were lent it go on counting.
///
/// # Safety
/// `ledger` came from `berth_ledger_open` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn berth_ledger_free(ledger: *mut berth_ledger) {
    if !ledger.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(ledger) });
    }
}
