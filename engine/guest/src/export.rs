// SPDX-License-Identifier: Apache-2.0
//! A function that a module exports, for programs: found by its name, with its types as JSON.
//!
//! ```text
//! {"name": "shop:price/rule@1.2.0.total", "wit": "func(...) -> u32", "async": false,
//!  "params": [["item", {"record": [["id", "u32"], ["tags", {"list": "string"}]]}]], "result": "u32"}
//! ```
//! A type without parts is its name in WIT. `list` and `option` have one part, `own` and `borrow` the resource's name, `array` has a type and a
//! length, `map` and `result` have two parts, `tuple` has a list of parts, `record` and `variant` have names with parts, `enum` and
//! `flags` have names; `null` is no part.

use crate::runtime::Module;
use crate::typed::{self, Refused};
use crate::wit;
use std::fmt::Write as _;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, ResourceType, Type};

/// Bytes of a description; a hostile module's types may be as large as a book.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// A function that a module exports.
pub struct Exported {
    pub(crate) index: ComponentExportIndex,
    pub description: String,
}

impl Module {
    /// The function of this name, as `berth call` finds it.
    pub fn exported(&self, name: &str) -> Result<Exported, Refused> {
        let found = typed::exported(self, name)?;
        let description = describe(&found.shown, &found.ty, &Names::of(&self.component)).ok_or_else(|| {
            Refused::Unsupported(format!("the types of '{}' are too large to be described", found.shown))
        })?;
        Ok(Exported { index: found.index, description })
    }
}

/// What the resources of a component are called: `shop:price/carts@1.0.0.cart`.
pub(crate) struct Names(Vec<(ResourceType, String)>);

impl Names {
    pub fn of(component: &Component) -> Self {
        let (engine, ty) = (component.engine(), component.component_type());
        let mut names = Vec::new();
        for (name, item) in ty.imports(engine).chain(ty.exports(engine)) {
            match item.ty {
                ComponentItem::Resource(ty) => names.push((ty, name.to_owned())),
                ComponentItem::ComponentInstance(instance) => {
                    for (item, ty) in instance.exports(engine) {
                        if let ComponentItem::Resource(ty) = ty.ty {
                            names.push((ty, format!("{name}.{item}")));
                        }
                    }
                }
                _ => {}
            }
        }
        Names(names)
    }

    /// The first one that it has.
    pub fn of_resource(&self, ty: &ResourceType) -> Option<&String> {
        self.0.iter().find(|(known, _)| known == ty).map(|(_, name)| name)
    }
}

pub(crate) fn describe_resource(name: &str) -> String {
    let mut json = Json { out: String::new(), names: &Names(vec![]) };
    json.push("{\"resource\":");
    json.text(name);
    json.push("}");
    json.out
}

pub(crate) fn describe(name: &str, ty: &ComponentFunc, names: &Names) -> Option<String> {
    let mut json = Json { out: String::new(), names };
    json.push("{\"name\":");
    json.text(name);
    json.push(",\"wit\":");
    json.text(&wit::signature(ty));
    json.push(if ty.async_() { ",\"async\":true" } else { ",\"async\":false" });
    json.push(",\"params\":");
    json.list(ty.params(), |json, (name, ty)| json.named(name, Some(&ty)));
    json.push(",\"result\":");
    json.part(ty.results().next().as_ref());
    json.push("}");
    (json.out.len() <= MOST_BYTES).then_some(json.out)
}

struct Json<'a> {
    out: String,
    names: &'a Names,
}

impl Json<'_> {
    fn push(&mut self, text: &str) {
        if self.out.len() <= MOST_BYTES {
            self.out.push_str(text);
        }
    }

    fn text(&mut self, text: &str) {
        self.push("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => {
                    self.push("\\");
                    self.push(c.encode_utf8(&mut [0; 4]));
                }
                c if (c as u32) < 0x20 => drop(write!(self.out, "\\u{:04x}", c as u32)),
                c => self.push(c.encode_utf8(&mut [0; 4])),
            }
        }
        self.push("\"");
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.push("[");
        for (i, item) in items.enumerate() {
            if self.out.len() > MOST_BYTES {
                return;
            }
            if i > 0 {
                self.push(",");
            }
            each(self, item);
        }
        self.push("]");
    }

    fn named(&mut self, name: &str, ty: Option<&Type>) {
        self.push("[");
        self.text(name);
        self.push(",");
        self.part(ty);
        self.push("]");
    }

    fn part(&mut self, ty: Option<&Type>) {
        match ty {
            Some(ty) => self.ty(ty),
            None => self.push("null"),
        }
    }

    fn around(&mut self, kind: &str, parts: impl FnOnce(&mut Self)) {
        self.push("{\"");
        self.push(kind);
        self.push("\":");
        parts(self);
        self.push("}");
    }

    fn resource(&mut self, ty: &ResourceType) {
        let name = self.names.of_resource(ty).map_or("resource", String::as_str);
        self.text(name);
    }

    fn ty(&mut self, ty: &Type) {
        if self.out.len() > MOST_BYTES {
            return;
        }
        match ty {
            Type::List(list) => self.around("list", |json| json.ty(&list.ty())),
            Type::FixedLengthList(list) => self.around("array", |json| {
                json.push("[");
                json.ty(&list.ty());
                json.push(&format!(",{}]", list.len()));
            }),
            Type::Map(map) => self.around("map", |json| {
                json.list([map.key(), map.value()].iter(), Json::ty);
            }),
            Type::Option(option) => self.around("option", |json| json.ty(&option.ty())),
            Type::Result(result) => self.around("result", |json| {
                json.list([result.ok(), result.err()].iter(), |json, part| json.part(part.as_ref()));
            }),
            Type::Tuple(tuple) => self.around("tuple", |json| json.list(tuple.types(), |json, ty| json.ty(&ty))),
            Type::Record(record) => self.around("record", |json| {
                json.list(record.fields(), |json, field| json.named(field.name, Some(&field.ty)));
            }),
            Type::Variant(variant) => self.around("variant", |json| {
                json.list(variant.cases(), |json, case| json.named(case.name, case.ty.as_ref()));
            }),
            Type::Enum(cases) => self.around("enum", |json| json.list(cases.names(), Json::text)),
            Type::Flags(flags) => self.around("flags", |json| json.list(flags.names(), Json::text)),
            Type::Own(resource) => self.around("own", |json| json.resource(resource)),
            Type::Borrow(resource) => self.around("borrow", |json| json.resource(resource)),
            plain => self.text(&wit::type_text(plain)),
        }
    }
}
