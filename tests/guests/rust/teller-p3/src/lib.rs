// SPDX-License-Identifier: Apache-2.0
//! The same as `teller`, as a program of WASI 0.3.

wit_bindgen::generate!({ path: "../../../../wit/berth-activity", world: "berth:activity/imports" });

include!("../../teller/src/words.rs");

struct Program;

wasip3::cli::command::export!(Program);

impl wasip3::exports::cli::run::Guest for Program {
    async fn run() -> Result<(), ()> {
        tell(wasip3::cli::environment::get_arguments().into_iter().skip(1));
        Ok(())
    }
}
