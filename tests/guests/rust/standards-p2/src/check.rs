// SPDX-License-Identifier: Apache-2.0
//! What a case is, and the few words in which it says what it expects.

use std::fmt::Debug;
use wasip2::filesystem::types::ErrorCode;

/// What a case needs of who runs it.
#[derive(Clone, Copy, PartialEq)]
pub enum Need {
    /// Nothing: it shares a process with others.
    Nothing,
    /// What only berth promises: read-only grants, the empty folder `/`, no pipes, no renames between grants.
    Berth,
    /// A process of its own, because it ends it, or because it looks at its streams, arguments or variables.
    Alone,
}

impl Need {
    pub fn word(self) -> &'static str {
        match self {
            Need::Nothing => "nothing",
            Need::Berth => "berth",
            Need::Alone => "alone",
        }
    }
}

/// One question: FUNCTION:ANSWER or FUNCTION:ANSWER:VARIANT, where the answer is `ok` or an error code.
pub struct Case {
    pub name: String,
    pub need: Need,
    pub run: Box<dyn Fn() -> Outcome>,
}

pub fn case(name: impl Into<String>, run: impl Fn() -> Outcome + 'static) -> Case {
    needing(Need::Nothing, name, run)
}

pub fn needing(need: Need, name: impl Into<String>, run: impl Fn() -> Outcome + 'static) -> Case {
    Case { name: name.into(), need, run: Box::new(run) }
}

pub struct Mismatch {
    pub expected: String,
    pub got: String,
}

pub type Outcome = Result<(), Mismatch>;

pub fn mismatch<T>(expected: impl Into<String>, got: impl Into<String>) -> Result<T, Mismatch> {
    Err(Mismatch { expected: expected.into(), got: got.into() })
}

/// The value of a call that has to work.
pub fn works<T>(result: Result<T, ErrorCode>) -> Result<T, Mismatch> {
    result.or_else(|code| mismatch("ok", code.name()))
}

/// A call that has to fail with this code.
pub fn fails<T>(result: Result<T, ErrorCode>, code: ErrorCode) -> Outcome {
    match result {
        Err(got) if got == code => Ok(()),
        Err(got) => mismatch(code.name(), got.name()),
        Ok(_) => mismatch(code.name(), "ok"),
    }
}

pub fn equal<T: PartialEq + Debug>(got: T, expected: T) -> Outcome {
    if got == expected {
        return Ok(());
    }
    mismatch(format!("{expected:?}"), format!("{got:?}"))
}

/// Something that has to hold, said in words; `got` is what was seen instead.
pub fn holds(condition: bool, expected: &str, got: impl Debug) -> Outcome {
    if condition {
        return Ok(());
    }
    mismatch(expected, format!("{got:?}"))
}
