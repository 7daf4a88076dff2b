// SPDX-License-Identifier: Apache-2.0
//! Whether a component needs an engine with component-model async, which costs every call and so is given to those
//! alone that can't do without.

use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// Whether a component is valid only with the async features of the component model: an async lift or lower, a stream,
/// a future or an error context anywhere in it, nested components included.
pub fn needs_concurrency(component: &[u8]) -> bool {
    let with = WasmFeatures::all();
    let without = with
        - (WasmFeatures::CM_ASYNC
            | WasmFeatures::CM_ASYNC_STACKFUL
            | WasmFeatures::CM_MORE_ASYNC_BUILTINS
            | WasmFeatures::CM_THREADING
            | WasmFeatures::CM_ERROR_CONTEXT);
    let valid = |features| Validator::new_with_features(features).validate_all(component).is_ok();
    !valid(without) && valid(with)
}

/// Whether a component imports an interface of WASI 0.3. Its types may be plain ones, as those of `wasi:random`: but the
/// interfaces are offered whole, and most have an async function.
pub fn imports_wasi_0_3(component: &[u8]) -> bool {
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload {
            Ok(Payload::Version { .. }) => depth += 1,
            Ok(Payload::End(_)) => depth -= 1,
            Ok(Payload::ComponentImportSection(section)) if depth == 1 => {
                if section.into_iter().flatten().any(|import| is_wasi_0_3(import.name.name)) {
                    return true;
                }
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    false
}

fn is_wasi_0_3(name: &str) -> bool {
    let version = name.strip_prefix("wasi:").and_then(|rest| rest.split_once('@')).map(|(_, version)| version);
    version.is_some_and(|version| version == "0.3" || version.starts_with("0.3."))
}
