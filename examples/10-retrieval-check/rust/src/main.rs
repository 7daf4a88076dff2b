// SPDX-License-Identifier: Apache-2.0
//! Fetches each path of its arguments (CID/NAME) over `berth:content`, and tells its owner how fast that went.

use std::time::{Duration, Instant};

mod owner {
    wit_bindgen::generate!({ path: "../../../wit/berth-activity", world: "berth:activity/imports" });
}
mod content {
    wit_bindgen::generate!({
        path: "../../../wit/berth-content",
        world: "berth:content/imports",
        with: {
            "wasi:io/poll@0.2.12": wasip2::io::poll,
            "wasi:io/streams@0.2.12": wasip2::io::streams,
        },
    });
}

use content::berth::content::fetch;
use owner::berth::activity::activity;
use wasip2::io::streams::StreamError;

const PIECE: u64 = 64 << 10;

fn main() {
    for path in std::env::args().skip(1) {
        let told = match check(&path) {
            Ok((bytes, first, whole)) => {
                let rate = bytes as f64 / whole.as_secs_f64() / 1e6;
                let line = format!("{path}: {bytes} bytes at {rate:.1} MB/s, the first after {} ms", first.as_millis());
                activity::info(&line).and_then(|()| activity::job_completed())
            }
            Err(why) => activity::error(&format!("{path}: {why}")),
        };
        // Nobody hears of it otherwise.
        if let Err(refusal) = told {
            eprintln!("check-rust: {refusal:?}");
        }
    }
}

/// How many bytes it has, and when the first and the last of them were here.
fn check(path: &str) -> Result<(u64, Duration, Duration), String> {
    let begun = Instant::now();
    let reading = fetch::open(path, None).map_err(|error| format!("{error:?}"))?;
    let body = reading.body().expect("it is asked for once");
    let (mut bytes, mut first) = (0, Duration::ZERO);
    loop {
        match body.blocking_read(PIECE) {
            Ok(piece) => {
                if bytes == 0 {
                    first = begun.elapsed();
                }
                bytes += piece.len() as u64;
            }
            Err(StreamError::Closed) => return Ok((bytes, first, begun.elapsed())),
            Err(_) => return Err(format!("{:?}", reading.failure())),
        }
    }
}
