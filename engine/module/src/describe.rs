// SPDX-License-Identifier: Apache-2.0
//! What a module imports and exports, as WIT for a person and as names for a program.

use crate::prepare::encoding;
use crate::{Form, Refusal};
use wasmparser::{Encoding, Parser, Payload};
use wit_component::WitPrinter;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Resolve, WorldId, WorldItem, WorldKey};

pub struct Description {
    pub form: Form,
    /// The component's world, as WIT; empty for a core module.
    pub wit: String,
    /// Interface names (`wasi:cli/stdin@0.2.6`), or `module name` of a core module.
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

pub fn describe(bytes: &[u8]) -> Result<Description, Refusal> {
    let binary = wat::parse_bytes(bytes).map_err(|e| Refusal(format!("the text is not WebAssembly: {e}")))?;
    match encoding(&binary)? {
        Encoding::Component => component(&binary),
        Encoding::Module => core(&binary),
    }
}

fn component(binary: &[u8]) -> Result<Description, Refusal> {
    let broken = |e: &dyn std::fmt::Display| Refusal(format!("the component's types can't be read: {e:#}"));
    let decoded = decode(binary).map_err(|e| broken(&e))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(Refusal("a package of WIT definitions, with no code to run".to_owned()));
    };
    let package = resolve.worlds[world].package;
    let mut printer = WitPrinter::default();
    if let Some(package) = package {
        let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != package).collect();
        printer.print(&resolve, package, &others).map_err(|e| broken(&e))?;
    }
    Ok(Description {
        form: Form::Component,
        wit: printer.output.to_string(),
        imports: names(&resolve, world, |w| &w.imports),
        exports: names(&resolve, world, |w| &w.exports),
    })
}

fn names<'a>(
    resolve: &'a Resolve,
    world: WorldId,
    side: impl Fn(&'a wit_parser::World) -> &'a wit_parser::IndexMap<WorldKey, WorldItem>,
) -> Vec<String> {
    let items = side(&resolve.worlds[world]);
    let shown = items.iter().filter(|(_, item)| !matches!(item, WorldItem::Type { .. }));
    shown.map(|(key, _)| resolve.name_world_key(key)).collect()
}

fn core(binary: &[u8]) -> Result<Description, Refusal> {
    let broken = |e: wasmparser::BinaryReaderError| Refusal(format!("the module is not valid: {e}"));
    let mut described = Description { form: Form::Core, wit: String::new(), imports: vec![], exports: vec![] };
    for payload in Parser::new(0).parse_all(binary) {
        match payload.map_err(broken)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(broken)?;
                    described.imports.push(format!("{} {}", import.module, import.name));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    described.exports.push(export.map_err(broken)?.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(described)
}
