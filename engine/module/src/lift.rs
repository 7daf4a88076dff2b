// SPDX-License-Identifier: Apache-2.0
//! The functions that a core module exports, as functions of a component.
//!
//! A component's functions have types of the component model; numbers are alike in both worlds. So a core module that
//! is no command is put into a component that exports each of its functions of numbers. Where the module imports
//! preview 1, the component encoder does it beside the adapter, out of a world that is written here; where it imports
//! nothing, the component is built here, so that the module's memories may be as many and as large as the engine has.

use crate::Refusal;
use crate::name::{exact, kebab};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::fmt::Write as _;
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{
    ComponentBuilder, ComponentExportKind, ComponentValType, EntityType, ExportKind, ExportSection, ImportSection,
    Module, ModuleArg, PrimitiveValType, StartSection, TypeSection,
};
use wasmparser::types::{EntityType as Entity, Types};
use wasmparser::{ExternalKind, FuncType, Parser, Payload, ValType, Validator, WasmFeatures};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What the encoder and the module's own start look for: no functions to call.
const INTERNAL: [&str; 3] = ["_initialize", "_start", "cabi_realloc"];
/// More parameters than this go through memory when they cross a component's boundary.
const MOST_PARAMETERS: usize = 16;
/// Behind these the component encoder takes its time, which grows with their square.
const MOST_FUNCTIONS: usize = 2000;
/// Bytes; an exact name is three times as long.
const LONGEST_NAME: usize = 1000;

/// Something that a core module exports.
pub struct Export {
    pub name: String,
    /// As WebAssembly says it: `func(i32, i32) -> i32`, `memory i64`.
    pub ty: String,
    /// Why this function can't be called from outside.
    pub uncallable: Option<String>,
}

/// A function that is exported by the component.
struct Lifted {
    original: String,
    index: u32,
    name: String,
    params: Vec<PrimitiveValType>,
    result: Option<PrimitiveValType>,
}

/// All exports of a core module, which is validated here.
pub fn exports(core: &[u8]) -> Result<Vec<Export>, Refusal> {
    let types = validate(core)?;
    let found = read(core, &types)?;
    let command = found.iter().any(|export| export.name == "_start");
    let whole = if command {
        Some("the module is a command: 'berth run' runs it as a whole")
    } else if has_world(core) {
        Some("the module says in WIT what it exports: 'berth call' without a function lists that")
    } else {
        None
    };
    let liftable: HashSet<_> = lifted(&found, &types).map(|function| function.original).collect();
    let last = || format!("the module exports more than {MOST_FUNCTIONS} functions, and this is one of the last");
    let describe = |export: &Found| Export {
        name: export.name.clone(),
        ty: type_text(&export.entity, &types),
        uncallable: match export.kind {
            ExternalKind::Func => {
                let why = uncallable(export, &types).or_else(|| whole.map(str::to_owned));
                why.or_else(|| (!liftable.contains(&export.name)).then(last))
            }
            _ => None,
        },
    };
    Ok(found.iter().map(describe).collect())
}

fn uncallable(export: &Found, types: &Types) -> Option<String> {
    if INTERNAL.contains(&export.name.as_str()) {
        return Some("it belongs to the module's start, or to its allocator".to_owned());
    }
    if export.name.len() > LONGEST_NAME {
        return Some(format!("its name is longer than {LONGEST_NAME} bytes"));
    }
    function(export, types).and_then(scalar).err()
}

/// The component around a module that imports nothing.
pub fn component(core: &[u8]) -> Result<Vec<u8>, Refusal> {
    let types = validate(core)?;
    let found = read(core, &types)?;
    let mut component = ComponentBuilder::default();
    let module = component.core_module_raw(Some("module"), core);
    let instance = component.core_instantiate(Some("module"), module, no_arguments());
    if found.iter().any(|export| is_initialize(export, &types)) {
        let function = component.core_alias_export(None, instance, "_initialize", ExportKind::Func);
        let starter = component.core_module(Some("start"), &starter());
        let argument = component.core_instantiate_exports(None, [("initialize", ExportKind::Func, function)]);
        component.core_instantiate(Some("start"), starter, [("", ModuleArg::Instance(argument))]);
    }
    let mut known = HashMap::new();
    for Lifted { original, name, params, result, .. } in lifted(&found, &types) {
        let function = component.core_alias_export(None, instance, &original, ExportKind::Func);
        let ty = *known.entry((params.clone(), result)).or_insert_with(|| {
            let (index, mut ty) = component.type_function(None);
            let named: Vec<_> = params.iter().enumerate().map(|(i, ty)| (parameter(i), primitive(*ty))).collect();
            ty.params(named.iter().map(|(name, ty)| (name.as_str(), *ty))).result(result.map(primitive));
            index
        });
        let function = component.lift_func(None, function, ty, []);
        component.export(name.as_str(), ComponentExportKind::Func, function, None);
    }
    Ok(component.finish())
}

/// The module with its functions under the names that a component has and no others, and with the world that the
/// component encoder reads; the module itself when there is nothing to lift.
pub fn with_world(core: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let types = validate(&core)?;
    let found = read(&core, &types)?;
    let lifted: Vec<_> = lifted(&found, &types).collect();
    if lifted.is_empty() {
        return Ok(core);
    }
    let mut wit = "package berth:core;\nworld module {\n".to_owned();
    let mut kept: Vec<_> = found.iter().filter(|export| for_encoder(export)).map(Found::as_is).collect();
    for Lifted { index, name, params, result, .. } in &lifted {
        let params: Vec<_> =
            params.iter().enumerate().map(|(i, ty)| format!("{}: {}", parameter(i), wit_name(*ty))).collect();
        let result = result.map(|ty| format!(" -> {}", wit_name(ty))).unwrap_or_default();
        let _ = writeln!(wit, "  export %{name}: func({}){result};", params.join(", "));
        kept.push((name.clone(), ExportKind::Func, *index));
    }
    wit.push_str("}\n");
    let broken = |e: &dyn std::fmt::Display| Refusal(format!("the core module's functions can't be exported: {e:#}"));
    let mut module = Module::new();
    Only(kept).parse_core_module(&mut module, Parser::new(0), &core).map_err(|e| broken(&e))?;
    let mut module = module.finish();
    let mut resolve = Resolve::default();
    let package = resolve.push_str("module.wit", &wit).map_err(|e| broken(&e))?;
    let world = resolve.select_world(&[package], None).map_err(|e| broken(&e))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(|e| broken(&e))?;
    Ok(module)
}

/// Built with WIT bindings, which say what a component of it exports.
pub fn has_world(core: &[u8]) -> bool {
    let typed = |payload: &Payload<'_>| match payload {
        Payload::CustomSection(section) => section.name().starts_with("component-type"),
        _ => false,
    };
    Parser::new(0).parse_all(core).any(|payload| payload.is_ok_and(|payload| typed(&payload)))
}

fn validate(core: &[u8]) -> Result<Types, Refusal> {
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(core)
        .map_err(|e| Refusal(format!("the module is not valid: {e}")))
}

/// One entry of the export section.
struct Found {
    name: String,
    kind: ExternalKind,
    index: u32,
    entity: Entity,
}

fn read(core: &[u8], types: &Types) -> Result<Vec<Found>, Refusal> {
    let broken = |e: wasmparser::BinaryReaderError| Refusal(format!("the module is not valid: {e}"));
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(core) {
        let Payload::ExportSection(section) = payload.map_err(broken)? else { continue };
        for export in section {
            let export = export.map_err(broken)?;
            let Some(entity) = types.as_ref().entity_type_from_export(&export) else { continue };
            found.push(Found { name: export.name.to_owned(), kind: export.kind, index: export.index, entity });
        }
    }
    Ok(found)
}

impl Found {
    fn as_is(&self) -> (String, ExportKind, u32) {
        (self.name.clone(), self.kind.into(), self.index)
    }
}

/// What the component encoder and the adapter look for.
fn for_encoder(export: &Found) -> bool {
    match export.kind {
        ExternalKind::Func => INTERNAL.contains(&export.name.as_str()),
        ExternalKind::Memory => export.name == "memory",
        _ => false,
    }
}

fn function<'a>(export: &Found, types: &'a Types) -> Result<&'a FuncType, String> {
    match export.entity {
        Entity::Func(id) | Entity::FuncExact(id) => Ok(types[id].unwrap_func()),
        _ => Err("it is no function".to_owned()),
    }
}

/// The function's types in the component model, or why it has none there.
fn scalar(ty: &FuncType) -> Result<(Vec<PrimitiveValType>, Option<PrimitiveValType>), String> {
    if ty.results().len() > 1 {
        return Err(format!("it gives {} results, and a component's functions give one", ty.results().len()));
    }
    if ty.params().len() > MOST_PARAMETERS {
        return Err(format!("it takes {} parameters, and {MOST_PARAMETERS} can be given", ty.params().len()));
    }
    let number = |verb: &str, ty: &ValType| match ty {
        ValType::I32 => Ok(PrimitiveValType::S32),
        ValType::I64 => Ok(PrimitiveValType::S64),
        ValType::F32 => Ok(PrimitiveValType::F32),
        ValType::F64 => Ok(PrimitiveValType::F64),
        ValType::V128 => Err(format!("it {verb} a v128, which can't be written as text")),
        ValType::Ref(_) => Err(format!("it {verb} a reference ({ty}), which can't be written as text")),
    };
    let params = ty.params().iter().map(|ty| number("takes", ty)).collect::<Result<_, _>>()?;
    Ok((params, ty.results().first().map(|ty| number("gives", ty)).transpose()?))
}

fn lifted<'a>(found: &'a [Found], types: &'a Types) -> impl Iterator<Item = Lifted> + 'a {
    let names = names(found);
    let all = found.iter().filter_map(move |export| {
        let name = names.get(&export.name)?.clone();
        let (params, result) = scalar(function(export, types).ok()?).ok()?;
        Some(Lifted { original: export.name.clone(), index: export.index, name, params, result })
    });
    all.take(MOST_FUNCTIONS)
}

/// The name of each function in the component. A name that is another's in other letters is spelled out.
fn names(found: &[Found]) -> HashMap<String, String> {
    let functions = || {
        let all = found.iter().filter(|export| export.kind == ExternalKind::Func);
        all.map(|export| &export.name).filter(|name| !INTERNAL.contains(&name.as_str()) && name.len() <= LONGEST_NAME)
    };
    let mut claims: HashMap<String, usize> = HashMap::new();
    let mut plain = HashSet::new();
    for name in functions() {
        let words = kebab(name);
        if words == *name {
            plain.insert(words.clone());
        }
        *claims.entry(words).or_default() += 1;
    }
    let choose = |name: &String| {
        let words = kebab(name);
        let own = words == *name || (claims[&words] == 1 && !plain.contains(&words));
        (name.clone(), if own { words } else { exact(name) })
    };
    functions().map(choose).collect()
}

fn is_initialize(export: &Found, types: &Types) -> bool {
    let nothing = |ty: &FuncType| ty.params().is_empty() && ty.results().is_empty();
    export.name == "_initialize" && function(export, types).is_ok_and(nothing)
}

/// Calls what it is given when it is instantiated.
fn starter() -> Module {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    imports.import("", "initialize", EntityType::Function(0));
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&StartSection { function_index: 0 });
    module
}

fn no_arguments<'a>() -> [(&'a str, ModuleArg); 0] {
    []
}

fn parameter(index: usize) -> String {
    format!("p{index}")
}

fn primitive(ty: PrimitiveValType) -> ComponentValType {
    ComponentValType::Primitive(ty)
}

fn wit_name(ty: PrimitiveValType) -> &'static str {
    match ty {
        PrimitiveValType::S32 => "s32",
        PrimitiveValType::S64 => "s64",
        PrimitiveValType::F32 => "f32",
        _ => "f64",
    }
}

fn type_text(entity: &Entity, types: &Types) -> String {
    let list = |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match entity {
        Entity::Func(id) | Entity::FuncExact(id) => {
            let ty = types[*id].unwrap_func();
            let results = match ty.results() {
                [] => String::new(),
                [one] => format!(" -> {one}"),
                several => format!(" -> ({})", list(several)),
            };
            format!("func({}){results}", list(ty.params()))
        }
        Entity::Memory(ty) => {
            let most = ty.maximum.map(|most| format!(" {most}")).unwrap_or_default();
            format!("memory{} {}{most}", if ty.memory64 { " i64" } else { "" }, ty.initial)
        }
        Entity::Table(ty) => {
            let most = ty.maximum.map(|most| format!(" {most}")).unwrap_or_default();
            format!("table{} {}{most} {}", if ty.table64 { " i64" } else { "" }, ty.initial, ty.element_type)
        }
        Entity::Global(ty) => format!("global{} {}", if ty.mutable { " mut" } else { "" }, ty.content_type),
        Entity::Tag(_) => "tag".to_owned(),
    }
}

/// Exports these alone: other names may have a meaning for the encoder.
struct Only(Vec<(String, ExportKind, u32)>);

impl Reencode for Only {
    type Error = Infallible;

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        _: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for (name, kind, index) in &self.0 {
            exports.export(name, *kind, *index);
        }
        Ok(())
    }
}
