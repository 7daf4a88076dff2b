// SPDX-License-Identifier: Apache-2.0
//! A program of WASI 0.3 that says hello through a stream. Its one argument says how it ends: `ok` or `err`.

use wasip3::cli::{environment, stdout};

struct Hello;

wasip3::cli::command::export!(Hello);

impl wasip3::exports::cli::run::Guest for Hello {
    async fn run() -> Result<(), ()> {
        let (mut writer, reader) = wasip3::wit_stream::new();
        let written = stdout::write_via_stream(reader);
        let unwritten = writer.write_all(b"hello from WASI 0.3\n".to_vec()).await;
        drop(writer);
        written.await.map_err(drop)?;
        let err = environment::get_arguments().get(1).is_some_and(|how| how == "err");
        if err || !unwritten.is_empty() { Err(()) } else { Ok(()) }
    }
}
