// SPDX-License-Identifier: Apache-2.0
//! A berth without a compiler: it runs what was compiled before.

use crate::boundary::{Failure, UNSUPPORTED};
use crate::types::{berth_description, berth_needs};
use ::berth_guest::{GuardsOff, Kind, Runtime};

fn none() -> Failure {
    Failure::new(
        UNSUPPORTED,
        "this berth was built without a compiler: load a module that was compiled before".to_owned(),
    )
}

pub fn compatibility(_: &Runtime, _: Kind) -> Result<u64, Failure> {
    Err(none())
}

pub fn compile(_: Kind, _: GuardsOff, _: &[u8]) -> Result<(Vec<u8>, berth_needs), Failure> {
    Err(none())
}

pub fn describe(_: &[u8]) -> Result<berth_description, Failure> {
    Err(none())
}

pub fn world(_: &str, _: Option<&str>) -> Result<String, Failure> {
    Err(none())
}
