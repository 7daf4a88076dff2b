// SPDX-License-Identifier: Apache-2.0
//! A world of WIT as JSON, for who writes code from it: from WIT files, or from a component.
//!
//! ```text
//! {"package": "shop:price@1.0.0", "world": "plugin", "docs": "",
//!  "interfaces": [{"name": "shop:price/types@1.0.0", "imported": true, "exported": false, "docs": "",
//!                  "types": [TYPE…], "functions": [FUNCTION…]}],
//!  "types": [TYPE…], "imports": [FUNCTION…], "exports": [FUNCTION…]}
//! ```
//! Interfaces are in an order in which each comes after those that it uses; `types`, `imports` and `exports` are those of the
//! world itself. A function is `{"name": "[method]cart.add", "docs": "", "async": false, "params": [["self", REF], …],
//! "result": REF or null}`. A type has a name, docs, and one of `record` (`[[name, REF, docs], …]`), `variant` (the same, `null`
//! for a case without a value), `enum`, `flags` (`[[name, docs], …]`), `resource` (`true`) and `alias` (a REF).
//!
//! A REF is a type's name in WIT, `{"named": [interface or null, name]}` with the interface's place in the list, or a
//! kind with its parts: `list`, `option`, `own`, `borrow`, `stream` and `future` have one, `array` a type and a length, `map` and
//! `result` two, `tuple` a list.

use crate::Refusal;
use crate::decode::decode;
use crate::json::Json;
use std::path::Path;
use wit_parser::decoding::DecodedWasm;
use wit_parser::{
    Docs, Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, World,
    WorldId, WorldItem, WorldKey,
};

/// Of a description.
const MOST_BYTES: usize = 64 << 20;

/// The world of this name; without one, the only one that there is. `path` is a WIT file, a folder of them, or a component.
pub fn world(path: &str, name: Option<&str>) -> Result<String, Refusal> {
    let (resolve, world) = read(path, name)?;
    let mut out = Json::within(MOST_BYTES);
    Reader::of(&resolve, &resolve.worlds[world]).write(&mut out);
    out.finish().ok_or_else(|| Refusal(format!("'{path}': its types are too large to be described")))
}

fn read(path: &str, name: Option<&str>) -> Result<(Resolve, WorldId), Refusal> {
    let broken = |e: &dyn std::fmt::Display| Refusal(format!("'{path}': {e:#}"));
    let meta = std::fs::metadata(path).map_err(|e| broken(&e))?;
    if meta.is_file() {
        let bytes = std::fs::read(path).map_err(|e| broken(&e))?;
        if bytes.starts_with(b"\0asm") {
            return match decode(&bytes).map_err(|e| broken(&e))? {
                DecodedWasm::Component(resolve, world) if name.is_none() => Ok((resolve, world)),
                DecodedWasm::Component(..) => Err(broken(&"a component has one world, and its name isn't known")),
                DecodedWasm::WitPackage(resolve, package) => {
                    let world = resolve.select_world(&[package], name).map_err(|e| broken(&e))?;
                    Ok((resolve, world))
                }
            };
        }
    }
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let pushed = resolve.push_path(Path::new(path));
    // With its place, and the line that it is in.
    let (package, _) = pushed.map_err(|e| broken(&resolve.render_error(&e)))?;
    let world = resolve.select_world(&[package], name).map_err(|e| broken(&e))?;
    Ok((resolve, world))
}

struct Reader<'a> {
    resolve: &'a Resolve,
    world: &'a World,
    interfaces: Vec<Used>,
}

struct Used {
    id: InterfaceId,
    name: String,
    imported: bool,
    exported: bool,
}

impl<'a> Reader<'a> {
    fn of(resolve: &'a Resolve, world: &'a World) -> Self {
        let mut reader = Reader { resolve, world, interfaces: Vec::new() };
        for (items, exported) in [(&world.imports, false), (&world.exports, true)] {
            for (key, item) in items {
                if let WorldItem::Interface { id, .. } = item {
                    reader.uses(*id, key, exported);
                }
            }
        }
        reader
    }

    fn uses(&mut self, id: InterfaceId, key: &WorldKey, exported: bool) {
        let place = self.interfaces.iter().position(|used| used.id == id).unwrap_or_else(|| {
            let name = self.resolve.name_world_key(key);
            self.interfaces.push(Used { id, name, imported: false, exported: false });
            self.interfaces.len() - 1
        });
        let used = &mut self.interfaces[place];
        used.imported |= !exported;
        used.exported |= exported;
    }

    fn write(&self, out: &mut Json) {
        let world = self.world;
        let package = world.package.map(|id| self.resolve.packages[id].name.to_string()).unwrap_or_default();
        out.push("{");
        out.entry("package", |out| out.text(&package));
        out.also("world", |out| out.text(&world.name));
        out.also("docs", |out| docs(out, &world.docs));
        out.also("interfaces", |out| out.list(&self.interfaces, |out, used| self.interface(out, used)));
        let types = world.imports.values().filter_map(|item| match item {
            WorldItem::Type { id, .. } => Some(*id),
            _ => None,
        });
        out.also("types", |out| out.list(types, |out, id| self.definition(out, id)));
        for (side, items) in [("imports", &world.imports), ("exports", &world.exports)] {
            let functions = items.values().filter_map(|item| match item {
                WorldItem::Function(function) => Some(function),
                _ => None,
            });
            out.also(side, |out| out.list(functions, |out, function| self.function(out, function)));
        }
        out.push("}");
    }

    fn interface(&self, out: &mut Json, used: &Used) {
        let interface = &self.resolve.interfaces[used.id];
        out.push("{");
        out.entry("name", |out| out.text(&used.name));
        out.also("imported", |out| out.truth(used.imported));
        out.also("exported", |out| out.truth(used.exported));
        out.also("docs", |out| docs(out, &interface.docs));
        out.also("types", |out| out.list(interface.types.values(), |out, id| self.definition(out, *id)));
        out.also("functions", |out| out.list(interface.functions.values(), |out, f| self.function(out, f)));
        out.push("}");
    }

    fn function(&self, out: &mut Json, function: &Function) {
        let waits = matches!(
            function.kind,
            FunctionKind::AsyncFreestanding | FunctionKind::AsyncMethod(_) | FunctionKind::AsyncStatic(_)
        );
        out.push("{");
        out.entry("name", |out| out.text(&function.name));
        out.also("docs", |out| docs(out, &function.docs));
        out.also("async", |out| out.truth(waits));
        out.also("params", |out| {
            out.list(&function.params, |out, param| {
                out.push("[");
                out.text(&param.name);
                out.push(",");
                self.reference(out, &param.ty);
                out.push("]");
            });
        });
        out.also("result", |out| self.maybe(out, function.result.as_ref()));
        out.push("}");
    }

    fn definition(&self, out: &mut Json, id: TypeId) {
        let ty = &self.resolve.types[id];
        out.push("{");
        out.entry("name", |out| out.text(ty.name.as_deref().unwrap_or("")));
        out.also("docs", |out| docs(out, &ty.docs));
        match &ty.kind {
            TypeDefKind::Record(record) => out.also("record", |out| {
                out.list(&record.fields, |out, field| self.part(out, &field.name, Some(&field.ty), &field.docs));
            }),
            TypeDefKind::Variant(variant) => out.also("variant", |out| {
                out.list(&variant.cases, |out, case| self.part(out, &case.name, case.ty.as_ref(), &case.docs));
            }),
            TypeDefKind::Enum(names) => out.also("enum", |out| {
                out.list(&names.cases, |out, case| named(out, &case.name, &case.docs));
            }),
            TypeDefKind::Flags(names) => out.also("flags", |out| {
                out.list(&names.flags, |out, flag| named(out, &flag.name, &flag.docs));
            }),
            TypeDefKind::Resource => out.also("resource", |out| out.truth(true)),
            alias => out.also("alias", |out| self.shape(out, alias)),
        }
        out.push("}");
    }

    fn part(&self, out: &mut Json, name: &str, ty: Option<&Type>, of_part: &Docs) {
        out.push("[");
        out.text(name);
        out.push(",");
        self.maybe(out, ty);
        out.push(",");
        docs(out, of_part);
        out.push("]");
    }

    fn maybe(&self, out: &mut Json, ty: Option<&Type>) {
        match ty {
            Some(ty) => self.reference(out, ty),
            None => out.push("null"),
        }
    }

    fn reference(&self, out: &mut Json, ty: &Type) {
        let plain = match ty {
            Type::Id(id) => {
                let TypeDef { name, kind, owner, .. } = &self.resolve.types[*id];
                return match name {
                    Some(name) => self.named(out, owner, name),
                    None => self.shape(out, kind),
                };
            }
            Type::Bool => "bool",
            Type::U8 => "u8",
            Type::U16 => "u16",
            Type::U32 => "u32",
            Type::U64 => "u64",
            Type::S8 => "s8",
            Type::S16 => "s16",
            Type::S32 => "s32",
            Type::S64 => "s64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::Char => "char",
            Type::String => "string",
            Type::ErrorContext => "error-context",
        };
        out.text(plain);
    }

    fn named(&self, out: &mut Json, owner: &TypeOwner, name: &str) {
        let place = match owner {
            TypeOwner::Interface(id) => self.interfaces.iter().position(|used| used.id == *id),
            _ => None,
        };
        out.only("named", |out| {
            out.push("[");
            match place {
                Some(place) => out.number(place),
                None => out.push("null"),
            }
            out.push(",");
            out.text(name);
            out.push("]");
        });
    }

    /// A type without a name of its own.
    fn shape(&self, out: &mut Json, kind: &TypeDefKind) {
        let one = |out: &mut Json, name, ty: &Type| out.only(name, |out| self.reference(out, ty));
        let all = |out: &mut Json, name, types: &[Option<&Type>]| {
            out.only(name, |out| out.list(types, |out, ty| self.maybe(out, *ty)));
        };
        match kind {
            TypeDefKind::Type(ty) => self.reference(out, ty),
            TypeDefKind::List(ty) => one(out, "list", ty),
            TypeDefKind::Option(ty) => one(out, "option", ty),
            TypeDefKind::Handle(Handle::Own(id)) => one(out, "own", &Type::Id(*id)),
            TypeDefKind::Handle(Handle::Borrow(id)) => one(out, "borrow", &Type::Id(*id)),
            TypeDefKind::Stream(ty) => out.only("stream", |out| self.maybe(out, ty.as_ref())),
            TypeDefKind::Future(ty) => out.only("future", |out| self.maybe(out, ty.as_ref())),
            TypeDefKind::FixedLengthList(ty, length) => out.only("array", |out| {
                out.push("[");
                self.reference(out, ty);
                out.push(",");
                out.number(*length as usize);
                out.push("]");
            }),
            TypeDefKind::Map(key, value) => all(out, "map", &[Some(key), Some(value)]),
            TypeDefKind::Result(result) => all(out, "result", &[result.ok.as_ref(), result.err.as_ref()]),
            TypeDefKind::Tuple(tuple) => all(out, "tuple", &tuple.types.iter().map(Some).collect::<Vec<_>>()),
            // They always have names.
            TypeDefKind::Record(_)
            | TypeDefKind::Variant(_)
            | TypeDefKind::Enum(_)
            | TypeDefKind::Flags(_)
            | TypeDefKind::Resource
            | TypeDefKind::Unknown => out.text(kind.as_str()),
        }
    }
}

fn docs(out: &mut Json, docs: &Docs) {
    out.text(docs.contents.as_deref().unwrap_or(""));
}

fn named(out: &mut Json, name: &str, of_name: &Docs) {
    out.push("[");
    out.text(name);
    out.push(",");
    docs(out, of_name);
    out.push("]");
}
