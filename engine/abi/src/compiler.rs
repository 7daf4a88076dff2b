// SPDX-License-Identifier: Apache-2.0
//! What reads and compiles modules. A berth that only runs what was compiled before has `no_compiler.rs` instead.

use crate::boundary::{Failure, INTERNAL, owned};
use crate::types::{berth_description, berth_needs};
use crate::{engine_failure, plain};
use ::berth_guest::{Engines, GuardsOff, Kind, Runtime};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What an image of this kind is keyed by.
pub fn compatibility(runtime: &Runtime, kind: Kind) -> Result<u64, Failure> {
    let compiled = runtime.compatibility(kind).map_err(|e| Failure::new(INTERNAL, format!("{e:#}")))?;
    let mut hasher = DefaultHasher::new();
    (compiled, ::berth_module::fingerprint()).hash(&mut hasher);
    Ok(hasher.finish())
}

/// An image, and what it needs.
pub fn compile(kind: Kind, guards_off: GuardsOff, module: &[u8]) -> Result<(Vec<u8>, berth_needs), Failure> {
    let prepared = ::berth_module::prepare(module).map_err(|e| engine_failure(&e))?;
    let weight = ::berth_module::weigh(&prepared.component).map_err(|e| engine_failure(&e))?;
    let (compiled, concurrency) = compile_for(kind, guards_off, &prepared.component)?;
    let needs = berth_needs { instance_bytes: weight.bytes, concurrency, error_contexts: weight.error_contexts };
    Ok((compiled, needs))
}

/// The image, and whether it is for an engine with concurrency. Most modules need none: those that do are known by
/// their imports, or by not being valid without.
fn compile_for(kind: Kind, guards_off: GuardsOff, component: &[u8]) -> Result<(Vec<u8>, bool), Failure> {
    let engines = Engines::new(0, guards_off);
    let compile = |concurrency| engines.compile(Kind { concurrency, ..kind }, component);
    if !::berth_module::imports_wasi_0_3(component) {
        match compile(false) {
            Ok(image) => return Ok((image, false)),
            Err(e) if !::berth_module::needs_concurrency(component) => return Err(engine_failure(&e)),
            Err(_) => {}
        }
    }
    Ok((compile(true).map_err(|e| engine_failure(&e))?, true))
}

/// What a module imports and exports.
pub fn describe(module: &[u8]) -> Result<berth_description, Failure> {
    let described = ::berth_module::describe(module).map_err(|e| engine_failure(&e))?;
    let lines =
        |names: Vec<String>| owned(names.iter().map(|name| plain::one_line(name) + "\n").collect::<String>().into());
    Ok(berth_description {
        form: described.form as i32,
        wit: owned(plain::whole(&described.wit).into_bytes()),
        imports: lines(described.imports),
        exports: lines(described.exports),
        export_types: lines(described.export_types),
        export_notes: lines(described.export_notes),
    })
}

/// A world of WIT as JSON.
pub fn world(path: &str, name: Option<&str>) -> Result<String, Failure> {
    ::berth_module::world(path, name).map_err(|e| engine_failure(&e))
}
