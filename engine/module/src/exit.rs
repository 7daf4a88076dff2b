// SPDX-License-Identifier: Apache-2.0
//! Exit statuses for programs of preview 1.
//!
//! The preview-1 adapter ends a program through `wasi:cli/exit#exit`, which knows success and failure only: every
//! status but 0 would be 1. `exit-with-code`, in the same interface, takes the status; so `proc_exit` is led past the
//! adapter, to one of our own with that one function.

use wasmparser::{Parser, Payload};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The module that `proc_exit` is imported from once it has been led here; as long as preview 1's own name.
pub const MODULE: &str = "berth_exit_of_preview1";

const ADAPTER: &str = r#"(module
  (import "wasi:cli/exit@0.2.12" "exit-with-code" (func $exit (param i32)))
  (func (export "proc_exit") (param i32) local.get 0 call $exit unreachable))"#;

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

/// Leads the module's import of `proc_exit` to [`MODULE`]; false when it has none.
pub fn lead_away(core: &mut [u8], preview1: &str) -> bool {
    let entry = |module: &str| {
        let name = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
        [name(module), name("proc_exit")].concat()
    };
    let (from, to) = (entry(preview1), entry(MODULE));
    debug_assert_eq!(from.len(), to.len());
    let Some(imports) = import_section(core) else { return false };
    let Some(at) = core[imports.clone()].windows(from.len()).position(|window| window == from) else { return false };
    core[imports.start + at..][..to.len()].copy_from_slice(&to);
    true
}

fn import_section(core: &[u8]) -> Option<std::ops::Range<usize>> {
    Parser::new(0).parse_all(core).find_map(|payload| match payload {
        Ok(Payload::ImportSection(section)) => Some(section.range()),
        _ => None,
    })
}
