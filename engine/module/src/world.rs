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
use crate::json::Json;
use std::path::Path;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{
    Docs, Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, World,
    WorldId, WorldItem, WorldKey,
};

/// The world of this name; without one, the only one that there is. `path` is a WIT file, a folder of them, or a component.
pub fn world(path: &str, name: Option<&str>) -> Result<String, Refusal> {
    let (resolve, world) = read(path, name)?;
    Ok(Writer::of(&resolve, &resolve.worlds[world]).write())
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

struct Writer<'a> {
    resolve: &'a Resolve,
    world: &'a World,
    interfaces: Vec<Used>,
    out: Json,
}

struct Used {
    id: InterfaceId,
    name: String,
    imported: bool,
    exported: bool,
}

impl<'a> Writer<'a> {
    fn of(resolve: &'a Resolve, world: &'a World) -> Self {
        let mut writer = Writer { resolve, world, interfaces: Vec::new(), out: Json::default() };
        for (items, exported) in [(&world.imports, false), (&world.exports, true)] {
            for (key, item) in items {
                if let WorldItem::Interface { id, .. } = item {
                    writer.uses(*id, key, exported);
                }
            }
        }
        writer
    }

    fn uses(&mut self, id: InterfaceId, key: &WorldKey, exported: bool) {
        let place = self.interfaces.iter().position(|used| used.id == id);
        let used = match place {
            Some(place) => &mut self.interfaces[place],
            None => {
                let name = self.resolve.name_world_key(key);
                self.interfaces.push(Used { id, name, imported: false, exported: false });
                self.interfaces.last_mut().expect("it was just put there")
            }
        };
        used.imported |= !exported;
        used.exported |= exported;
    }

    fn write(mut self) -> String {
        let package = self.world.package.map(|id| self.resolve.packages[id].name.to_string());
        self.out.push("{\"package\":");
        self.out.text(package.as_deref().unwrap_or(""));
        let world = self.world;
        self.out.also("world", |out| out.text(&world.name));
        self.docs(&world.docs);
        self.out.push(",\"interfaces\":[");
        for place in 0..self.interfaces.len() {
            self.comma(place);
            self.interface(place);
        }
        self.out.push("],\"types\":[");
        let types = world.imports.values().filter_map(|item| match item {
            WorldItem::Type { id, .. } => Some(*id),
            _ => None,
        });
        for (i, id) in types.enumerate() {
            self.comma(i);
            self.definition(id);
        }
        for (side, items) in [("imports", &world.imports), ("exports", &world.exports)] {
            self.out.push("],\"");
            self.out.push(side);
            self.out.push("\":[");
            let functions = items.values().filter_map(|item| match item {
                WorldItem::Function(function) => Some(function),
                _ => None,
            });
            for (i, function) in functions.enumerate() {
                self.comma(i);
                self.function(function);
            }
        }
        self.out.push("]}");
        self.out.0
    }

    fn comma(&mut self, i: usize) {
        if i > 0 {
            self.out.push(",");
        }
    }

    fn docs(&mut self, docs: &Docs) {
        self.out.also("docs", |out| out.text(docs.contents.as_deref().unwrap_or("")));
    }

    fn interface(&mut self, place: usize) {
        let used = &self.interfaces[place];
        let interface = &self.resolve.interfaces[used.id];
        self.out.push("{\"name\":");
        self.out.text(&used.name);
        self.out.also("imported", |out| out.push(if used.imported { "true" } else { "false" }));
        self.out.also("exported", |out| out.push(if used.exported { "true" } else { "false" }));
        self.docs(&interface.docs);
        self.out.push(",\"types\":[");
        for (i, id) in interface.types.values().enumerate() {
            self.comma(i);
            self.definition(*id);
        }
        self.out.push("],\"functions\":[");
        for (i, function) in interface.functions.values().enumerate() {
            self.comma(i);
            self.function(function);
        }
        self.out.push("]}");
    }

    fn function(&mut self, function: &Function) {
        let waits = matches!(
            function.kind,
            FunctionKind::AsyncFreestanding | FunctionKind::AsyncMethod(_) | FunctionKind::AsyncStatic(_)
        );
        self.out.push("{\"name\":");
        self.out.text(&function.name);
        self.docs(&function.docs);
        self.out.also("async", |out| out.push(if waits { "true" } else { "false" }));
        self.out.push(",\"params\":[");
        for (i, param) in function.params.iter().enumerate() {
            self.comma(i);
            self.out.push("[");
            self.out.text(&param.name);
            self.out.push(",");
            self.reference(&param.ty);
            self.out.push("]");
        }
        self.out.push("],\"result\":");
        self.maybe(function.result.as_ref());
        self.out.push("}");
    }

    fn definition(&mut self, id: TypeId) {
        let TypeDef { name, kind, docs, .. } = &self.resolve.types[id];
        self.out.push("{\"name\":");
        self.out.text(name.as_deref().unwrap_or(""));
        self.docs(docs);
        match kind {
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter().map(|field| (&field.name, Some(&field.ty), &field.docs));
                self.parts("record", fields);
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| (&case.name, case.ty.as_ref(), &case.docs));
                self.parts("variant", cases);
            }
            TypeDefKind::Enum(names) => self.names("enum", names.cases.iter().map(|case| (&case.name, &case.docs))),
            TypeDefKind::Flags(names) => self.names("flags", names.flags.iter().map(|flag| (&flag.name, &flag.docs))),
            TypeDefKind::Resource => self.out.also("resource", |out| out.push("true")),
            _ => {
                self.out.push(",\"alias\":");
                self.shape(kind);
            }
        }
        self.out.push("}");
    }

    fn parts<'b>(&mut self, kind: &str, parts: impl Iterator<Item = (&'b String, Option<&'b Type>, &'b Docs)>) {
        self.out.also(kind, |out| out.push("["));
        for (i, (name, ty, docs)) in parts.enumerate() {
            self.comma(i);
            self.out.push("[");
            self.out.text(name);
            self.out.push(",");
            self.maybe(ty);
            self.out.push(",");
            self.out.text(docs.contents.as_deref().unwrap_or(""));
            self.out.push("]");
        }
        self.out.push("]");
    }

    fn names<'b>(&mut self, kind: &str, names: impl Iterator<Item = (&'b String, &'b Docs)>) {
        self.out.also(kind, |out| {
            out.list(names, |out, (name, docs)| {
                out.push("[");
                out.text(name);
                out.push(",");
                out.text(docs.contents.as_deref().unwrap_or(""));
                out.push("]");
            });
        });
    }

    fn maybe(&mut self, ty: Option<&Type>) {
        match ty {
            Some(ty) => self.reference(ty),
            None => self.out.push("null"),
        }
    }

    fn reference(&mut self, ty: &Type) {
        let Type::Id(id) = ty else {
            let name = match ty {
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
                Type::ErrorContext | Type::Id(_) => "error-context",
            };
            return self.out.text(name);
        };
        let TypeDef { name, kind, owner, .. } = &self.resolve.types[*id];
        match name {
            Some(name) => self.named(owner, name),
            None => self.shape(kind),
        }
    }

    fn named(&mut self, owner: &TypeOwner, name: &str) {
        let place = match owner {
            TypeOwner::Interface(id) => self.interfaces.iter().position(|used| used.id == *id),
            _ => None,
        };
        self.out.only("named", |out| {
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
    fn shape(&mut self, kind: &TypeDefKind) {
        match kind {
            TypeDefKind::Type(ty) => self.reference(ty),
            TypeDefKind::List(ty) => self.around("list", |this| this.reference(ty)),
            TypeDefKind::Option(ty) => self.around("option", |this| this.reference(ty)),
            TypeDefKind::Stream(ty) => self.around("stream", |this| this.maybe(ty.as_ref())),
            TypeDefKind::Future(ty) => self.around("future", |this| this.maybe(ty.as_ref())),
            TypeDefKind::Handle(Handle::Own(id)) => self.around("own", |this| this.reference(&Type::Id(*id))),
            TypeDefKind::Handle(Handle::Borrow(id)) => self.around("borrow", |this| this.reference(&Type::Id(*id))),
            TypeDefKind::FixedLengthList(ty, length) => self.around("array", |this| {
                this.out.push("[");
                this.reference(ty);
                this.out.push(",");
                this.out.number(*length as usize);
                this.out.push("]");
            }),
            TypeDefKind::Map(key, value) => self.around("map", |this| this.all(&[Some(key), Some(value)])),
            TypeDefKind::Result(result) => {
                self.around("result", |this| this.all(&[result.ok.as_ref(), result.err.as_ref()]));
            }
            TypeDefKind::Tuple(tuple) => {
                self.around("tuple", |this| this.all(&tuple.types.iter().map(Some).collect::<Vec<_>>()));
            }
            // They always have names.
            TypeDefKind::Record(_)
            | TypeDefKind::Variant(_)
            | TypeDefKind::Enum(_)
            | TypeDefKind::Flags(_)
            | TypeDefKind::Resource
            | TypeDefKind::Unknown => self.out.text(kind.as_str()),
        }
    }

    fn all(&mut self, parts: &[Option<&Type>]) {
        self.out.push("[");
        for (i, part) in parts.iter().enumerate() {
            self.comma(i);
            self.maybe(*part);
        }
        self.out.push("]");
    }

    fn around(&mut self, kind: &str, part: impl FnOnce(&mut Self)) {
        self.out.push("{");
        self.out.text(kind);
        self.out.push(":");
        part(self);
        self.out.push("}");
    }
}
