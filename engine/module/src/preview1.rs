// SPDX-License-Identifier: Apache-2.0
//! Functions of preview 1 that the adapter doesn't have as programs expect them, led past it to some of our own.
//!
//! The adapter ends a program through `wasi:cli/exit#exit`, which knows success and failure only: every status but 0
//! would be 1. `exit-with-code`, in the same interface, takes the status. And where a program accepts a connection,
//! reads from a socket or writes to one, the adapter traps; a program that gets `notsup` can say so, or go on.

use wasmparser::{Parser, Payload};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The module that a function is imported from once it has been led here; as long as preview 1's own name.
pub const MODULE: &str = "berth_part_of_preview1";

const FUNCTIONS: [&str; 4] = ["proc_exit", "sock_accept", "sock_recv", "sock_send"];

/// 58 is `notsup`.
const ADAPTER: &str = r#"(module
  (import "wasi:cli/exit@0.2.12" "exit-with-code" (func $exit (param i32)))
  (func (export "proc_exit") (param i32) local.get 0 call $exit unreachable)
  (func (export "sock_accept") (param i32 i32 i32) (result i32) i32.const 58)
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) i32.const 58)
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) i32.const 58))"#;

const WIT: &str = "
package wasi:cli@0.2.12;
interface exit { exit-with-code: func(status-code: u8); }
world exits { import exit; }
";

/// The adapter, with the types that the component encoder reads.
pub fn adapter() -> anyhow::Result<Vec<u8>> {
    let mut module = wat::parse_str(ADAPTER)?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("exit.wit", WIT)?;
    let world = resolve.select_world(&[package], None)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(module)
}

/// Leads the module's imports of these functions to [`MODULE`]; false when it has none.
pub fn lead_away(core: &mut [u8], preview1: &str) -> bool {
    debug_assert_eq!(preview1.len(), MODULE.len());
    let entry = |module: &str, function: &str| {
        let name = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
        [name(module), name(function)].concat()
    };
    let Some(imports) = import_section(core) else { return false };
    let mut led = false;
    for function in FUNCTIONS {
        let (from, to) = (entry(preview1, function), entry(MODULE, function));
        let section = &mut core[imports.clone()];
        while let Some(at) = section.windows(from.len()).position(|window| window == from) {
            section[at..][..to.len()].copy_from_slice(&to);
            led = true;
        }
    }
    led
}

fn import_section(core: &[u8]) -> Option<std::ops::Range<usize>> {
    Parser::new(0).parse_all(core).find_map(|payload| match payload {
        Ok(Payload::ImportSection(section)) => Some(section.range()),
        _ => None,
    })
}
