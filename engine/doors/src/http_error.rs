// SPDX-License-Identifier: Apache-2.0
//! What went wrong with a request, in WASI's words.

use crate::day::Spent;
use crate::guard::DialError;
use crate::resolver::Unresolved;
use crate::tls::alert_in;
use std::error::Error as StdError;
use std::io;
use wasmtime_wasi_http::Error;

/// The door's error as the interface has it: `ErrorCode` and its payloads are those of 0.2 or 0.3, as imported there.
macro_rules! wit_code {
    ($error:expr) => {
        crate::http_error::wit_code! {
            $error;
            plain: DnsTimeout DestinationNotFound DestinationUnavailable DestinationIpProhibited DestinationIpUnroutable
                ConnectionRefused ConnectionTerminated ConnectionTimeout ConnectionReadTimeout ConnectionWriteTimeout
                ConnectionLimitReached TlsProtocolError TlsCertificateError HttpRequestDenied HttpRequestLengthRequired
                HttpRequestMethodInvalid HttpRequestUriInvalid HttpRequestUriTooLong HttpResponseIncomplete
                HttpResponseTimeout HttpUpgradeFailed HttpProtocolError LoopDetected ConfigurationError;
            with: HttpRequestBodySize HttpRequestHeaderSectionSize HttpRequestTrailerSectionSize
                HttpResponseHeaderSectionSize HttpResponseBodySize HttpResponseTrailerSectionSize
                HttpResponseTransferCoding HttpResponseContentCoding InternalError;
            sizes: HttpRequestTrailerSize HttpResponseHeaderSize HttpResponseTrailerSize
        }
    };
    ($error:expr; plain: $($plain:ident)*; with: $($with:ident)*; sizes: $($sizes:ident)*) => {
        match $error {
            $(Error::$plain => ErrorCode::$plain,)*
            $(Error::$with(what) => ErrorCode::$with(what.clone()),)*
            $(Error::$sizes { field_name, field_size } => ErrorCode::$sizes(FieldSizePayload {
                field_name: field_name.clone(),
                field_size: *field_size,
            }),)*
            Error::HttpRequestHeaderSize { field_name, field_size } => {
                let payload = FieldSizePayload { field_name: field_name.clone(), field_size: *field_size };
                ErrorCode::HttpRequestHeaderSize(Some(payload))
            }
            Error::DnsError { rcode, info_code } => {
                ErrorCode::DnsError(DnsErrorPayload { rcode: rcode.clone(), info_code: *info_code })
            }
            Error::TlsAlertReceived { alert_id, alert_message } => ErrorCode::TlsAlertReceived(
                TlsAlertReceivedPayload { alert_id: *alert_id, alert_message: alert_message.clone() },
            ),
            // The HTTP door's errors are typed; these are the libraries' own.
            other => ErrorCode::InternalError(Some(other.to_string())),
        }
    };
}
pub(crate) use wit_code;

/// How far the exchange had come.
#[derive(Clone, Copy, PartialEq)]
pub enum Stage {
    BeforeHead,
    InBody,
}

pub fn from_dial(error: DialError) -> Error {
    match error {
        DialError::Prohibited => Error::DestinationIpProhibited,
        DialError::TooMany => Error::ConnectionLimitReached,
        DialError::Failed(error) => from_connect(&error),
        DialError::Unresolved(Unresolved::Timeout) => Error::DnsTimeout,
        DialError::Unresolved(Unresolved::NoAddress(rcode)) => Error::DnsError { rcode: Some(rcode), info_code: None },
        DialError::Unresolved(Unresolved::Temporary(rcode) | Unresolved::Permanent(rcode)) => {
            Error::DnsError { rcode, info_code: None }
        }
    }
}

fn from_connect(error: &io::Error) -> Error {
    use rustix::io::Errno;
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::ADDRNOTAVAIL) => Error::ConnectionLimitReached,
        Some(Errno::NETUNREACH | Errno::HOSTUNREACH) => Error::DestinationIpUnroutable,
        Some(Errno::CONNREFUSED) => Error::ConnectionRefused,
        Some(Errno::TIMEDOUT) => Error::ConnectionTimeout,
        Some(Errno::CONNRESET) => Error::ConnectionTerminated,
        _ => Error::DestinationUnavailable,
    }
}

/// `head_bytes` is what a response's head may have.
pub fn from_hyper(error: &hyper::Error, stage: Stage, head_bytes: usize) -> Error {
    if error.is_parse_too_large() {
        return Error::HttpResponseHeaderSectionSize(Some(head_bytes as u32));
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(known) = inner.downcast_ref::<Error>() {
            return repeated(known);
        }
        if let Some(h2) = inner.downcast_ref::<h2::Error>() {
            return from_h2(h2, stage);
        }
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return from_io(io, stage, head_bytes);
        }
        cause = inner.source();
    }
    if error.is_incomplete_message() {
        return cut_off(stage);
    }
    if error.is_canceled() || error.is_closed() || error.is_body_write_aborted() {
        return Error::ConnectionTerminated;
    }
    if error.is_timeout() {
        return Error::HttpResponseTimeout;
    }
    Error::HttpProtocolError
}

fn cut_off(stage: Stage) -> Error {
    if stage == Stage::InBody { Error::HttpResponseIncomplete } else { Error::ConnectionTerminated }
}

fn from_h2(error: &h2::Error, stage: Stage) -> Error {
    if let Some(io) = error.get_io() {
        return from_io(io, stage, 0);
    }
    match error.reason() {
        // The server gives up: on this exchange, or on the connection.
        Some(h2::Reason::NO_ERROR | h2::Reason::REFUSED_STREAM | h2::Reason::CANCEL) => cut_off(stage),
        Some(h2::Reason::INTERNAL_ERROR) if error.is_remote() => cut_off(stage),
        _ => Error::HttpProtocolError,
    }
}

fn from_io(error: &io::Error, stage: Stage, head_bytes: usize) -> Error {
    if let Some(spent) = error.get_ref().and_then(|inner| inner.downcast_ref::<Spent>()) {
        return Error::InternalError(Some(spent.to_string()));
    }
    if let Some(alert) = alert_in(error) {
        return alert;
    }
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        ConnectionReset | ConnectionAborted | BrokenPipe => Error::ConnectionTerminated,
        UnexpectedEof => cut_off(stage),
        InvalidData | InvalidInput if error.to_string().contains("trailer") => {
            Error::HttpResponseTrailerSectionSize(Some(head_bytes as u32))
        }
        InvalidData | InvalidInput => Error::HttpProtocolError,
        io::ErrorKind::TimedOut => Error::ConnectionTimeout,
        _ => Error::ConnectionTerminated,
    }
}

/// The guest's own body failed: its error comes back to it.
fn repeated(error: &Error) -> Error {
    match error {
        Error::HttpRequestBodySize(size) => Error::HttpRequestBodySize(*size),
        Error::InternalError(why) => Error::InternalError(why.clone()),
        _ => Error::HttpProtocolError,
    }
}
