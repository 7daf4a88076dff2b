// SPDX-License-Identifier: Apache-2.0
//! What a case expects of a stream of 0.2.

use crate::check::{Mismatch, Outcome, mismatch};
use wasip2::filesystem::types::{ErrorCode, filesystem_error_code};
use wasip2::io::streams::StreamError;

/// The value of a stream's call that has to work.
pub fn flows<T>(result: Result<T, StreamError>) -> Result<T, Mismatch> {
    result.or_else(|error| mismatch("ok", stream_word(&error)))
}

/// A stream's call that has to fail because the stream is at its end.
pub fn closed<T>(result: Result<T, StreamError>) -> Outcome {
    match result {
        Err(StreamError::Closed) => Ok(()),
        Err(error) => mismatch("closed", stream_word(&error)),
        Ok(_) => mismatch("closed", "ok"),
    }
}

/// A stream's call that has to fail for a reason that the file system names with this code.
pub fn broken<T>(result: Result<T, StreamError>, code: ErrorCode) -> Outcome {
    let expected = format!("last-operation-failed ({})", code.name());
    match result {
        Err(StreamError::LastOperationFailed(error)) if filesystem_error_code(&error) == Some(code) => Ok(()),
        Err(error) => mismatch(expected, stream_word(&error)),
        Ok(_) => mismatch(expected, "ok"),
    }
}

fn stream_word(error: &StreamError) -> String {
    match error {
        StreamError::Closed => "closed".into(),
        StreamError::LastOperationFailed(error) => match filesystem_error_code(error) {
            Some(code) => format!("last-operation-failed ({})", code.name()),
            None => format!("last-operation-failed ({})", error.to_debug_string()),
        },
    }
}
