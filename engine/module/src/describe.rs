// SPDX-License-Identifier: Apache-2.0
//! What a module imports and exports, as WIT for a person and as names for a program.

use crate::decode::decode;
use crate::prepare::encoding;
use crate::{Form, Refusal, lift};
use wasmparser::{Encoding, Parser, Payload};
use wit_component::WitPrinter;
use wit_parser::decoding::DecodedWasm;
use wit_parser::{Resolve, WorldId, WorldItem, WorldKey};

pub struct Description {
    pub form: Form,
    /// The component's world, as WIT; empty for a core module.
    pub wit: String,
    /// Interface names (`wasi:cli/stdin@0.2.6`), or `module name` of a core module.
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// For each export of a core module its type, and for a function that `berth call` can't call the reason.
    pub export_types: Vec<String>,
    pub export_notes: Vec<String>,
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
        export_types: Vec::new(),
        export_notes: Vec::new(),
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
    let mut imports = Vec::new();
    for payload in Parser::new(0).parse_all(binary) {
        let Payload::ImportSection(section) = payload.map_err(broken)? else { continue };
        for import in section.into_imports() {
            let import = import.map_err(broken)?;
            imports.push(format!("{} {}", import.module, import.name));
        }
    }
    let mut described = Description {
        form: Form::Core,
        wit: String::new(),
        imports,
        exports: Vec::new(),
        export_types: Vec::new(),
        export_notes: Vec::new(),
    };
    for export in lift::exports(binary)? {
        described.exports.push(export.name);
        described.export_types.push(export.ty);
        described.export_notes.push(export.uncallable.unwrap_or_default());
    }
    Ok(described)
}
