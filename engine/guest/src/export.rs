// SPDX-License-Identifier: Apache-2.0
//! A function that a module exports, for programs: found by its name, with its types as JSON.
//!
//! ```text
//! {"name": "shop:price/rule@1.2.0.total", "wit": "func(...) -> u32", "async": false,
//!  "params": [["item", {"record": [["id", "u32"], ["tags", {"list": "string"}]]}]], "result": "u32"}
//! ```
//! A type without parts is its name in WIT. `list`, `option`, `own` and `borrow` have one part, `array` has a type and a
//! length, `map` and `result` have two parts, `tuple` has a list of parts, `record` and `variant` have names with parts, `enum` and
//! `flags` have names; `null` is no part.

use crate::runtime::Module;
use crate::typed::{self, Refused};
use crate::wit;
use std::fmt::Write as _;
use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{ComponentExportIndex, Type};

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
        let description = describe(&found.shown, &found.ty).ok_or_else(|| {
            Refused::Unsupported(format!("the types of '{}' are too large to be described", found.shown))
        })?;
        Ok(Exported { index: found.index, description })
    }
}

pub(crate) fn describe(name: &str, ty: &ComponentFunc) -> Option<String> {
    let mut json = Json(String::new());
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
    (json.0.len() <= MOST_BYTES).then_some(json.0)
}

struct Json(String);

impl Json {
    fn push(&mut self, text: &str) {
        if self.0.len() <= MOST_BYTES {
            self.0.push_str(text);
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
                c if (c as u32) < 0x20 => drop(write!(self.0, "\\u{:04x}", c as u32)),
                c => self.push(c.encode_utf8(&mut [0; 4])),
            }
        }
        self.push("\"");
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.push("[");
        for (i, item) in items.enumerate() {
            if self.0.len() > MOST_BYTES {
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

    fn ty(&mut self, ty: &Type) {
        if self.0.len() > MOST_BYTES {
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
            Type::Own(_) => self.around("own", |json| json.text("resource")),
            Type::Borrow(_) => self.around("borrow", |json| json.text("resource")),
            plain => self.text(&wit::type_text(plain)),
        }
    }
}
