// SPDX-License-Identifier: Apache-2.0
//! A function that a module exports, for programs: found by its name, with its types as JSON.
//!
//! ```text
//! {"name": "shop:price/rule@1.2.0.total", "wit": "func(...) -> u32", "async": false,
//!  "params": [["item", {"record": [["id", "u32"], ["tags", {"list": "string"}]]}]], "result": "u32"}
//! ```
//! A type without parts is its name in WIT. `list` and `option` have one part, `stream` and `future` one or none, `own` and `borrow` the resource's name, `array` has a type and a
//! length, `map` and `result` have two parts, `tuple` has a list of parts, `record` and `variant` have names with parts, `enum` and
//! `flags` have names; `null` is no part.

use crate::runtime::Module;
use crate::typed::{self, Refused};
use crate::wit;
use berth_module::json::Json;
use berth_values::SEVERAL;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, ResourceType, Type};

/// Bytes of a description; a hostile module's types may be as large as a book.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// A function that a module exports.
pub struct Exported {
    pub(crate) index: ComponentExportIndex,
    pub description: String,
    /// Of its result.
    pub(crate) core_values: usize,
}

impl Module {
    /// The function of this name, as `berth call` finds it.
    pub fn exported(&self, name: &str) -> Result<Exported, Refused> {
        let found = typed::exported(self, name)?;
        let description = describe(&found.shown, &found.ty, &Names::of(&self.component)).ok_or_else(|| {
            Refused::Unsupported(format!("the types of '{}' are too large to be described", found.shown))
        })?;
        let core_values = found.ty.results().map(|ty| core_values(&ty)).sum();
        Ok(Exported { index: found.index, description, core_values })
    }
}

/// Core values that a value of a type is, where it doesn't lie in memory; more than any function has at once count as many.
/// Whoever asks has described the type, so it is no larger than that.
fn core_values(ty: &Type) -> usize {
    let most = *SEVERAL.end() + 1;
    let of_case = |ty: Option<Type>| ty.as_ref().map_or(0, core_values);
    let count = match ty {
        Type::String | Type::List(_) | Type::Map(_) => 2,
        Type::Record(record) => sum(record.fields().map(|field| field.ty), most),
        Type::Tuple(tuple) => sum(tuple.types(), most),
        Type::FixedLengthList(list) => core_values(&list.ty()).saturating_mul(list.len() as usize),
        Type::Variant(variant) => 1 + variant.cases().map(|case| of_case(case.ty)).max().unwrap_or(0),
        Type::Option(option) => 1 + core_values(&option.ty()),
        Type::Result(result) => 1 + of_case(result.ok()).max(of_case(result.err())),
        _ => 1,
    };
    count.min(most)
}

fn sum(types: impl Iterator<Item = Type>, most: usize) -> usize {
    let mut count = 0;
    for ty in types {
        count += core_values(&ty);
        if count >= most {
            break;
        }
    }
    count
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

pub(crate) fn describe_resource(name: &str) -> Option<String> {
    let mut json = Json::within(MOST_BYTES);
    json.only("resource", |json| json.text(name));
    json.finish()
}

pub(crate) fn describe(name: &str, ty: &ComponentFunc, names: &Names) -> Option<String> {
    let mut json = Json::within(MOST_BYTES);
    json.push("{");
    json.entry("name", |json| json.text(name));
    json.also("wit", |json| json.text(&wit::signature(ty)));
    json.also("async", |json| json.truth(ty.async_()));
    json.also("params", |json| json.list(ty.params(), |json, (name, ty)| names.part(json, name, Some(&ty))));
    json.also("result", |json| names.maybe(json, ty.results().next().as_ref()));
    json.push("}");
    json.finish()
}

/// Types, whose resources have these names.
impl Names {
    fn part(&self, json: &mut Json, name: &str, ty: Option<&Type>) {
        json.push("[");
        json.text(name);
        json.push(",");
        self.maybe(json, ty);
        json.push("]");
    }

    fn maybe(&self, json: &mut Json, ty: Option<&Type>) {
        match ty {
            Some(ty) => self.ty(json, ty),
            None => json.push("null"),
        }
    }

    fn resource(&self, json: &mut Json, ty: &ResourceType) {
        json.text(self.of_resource(ty).map_or("resource", String::as_str));
    }

    fn ty(&self, json: &mut Json, ty: &Type) {
        // A hostile module's types may be as deep as they are long: nothing of them is looked at in vain.
        if json.is_full() {
            return;
        }
        match ty {
            Type::List(list) => json.only("list", |json| self.ty(json, &list.ty())),
            Type::FixedLengthList(list) => json.only("array", |json| {
                json.push("[");
                self.ty(json, &list.ty());
                json.push(&format!(",{}]", list.len()));
            }),
            Type::Map(map) => {
                json.only("map", |json| json.list([map.key(), map.value()], |json, ty| self.ty(json, &ty)));
            }
            Type::Option(option) => json.only("option", |json| self.ty(json, &option.ty())),
            Type::Result(result) => json.only("result", |json| {
                json.list([result.ok(), result.err()], |json, part| self.maybe(json, part.as_ref()));
            }),
            Type::Tuple(tuple) => json.only("tuple", |json| json.list(tuple.types(), |json, ty| self.ty(json, &ty))),
            Type::Record(record) => json.only("record", |json| {
                json.list(record.fields(), |json, field| self.part(json, field.name, Some(&field.ty)));
            }),
            Type::Variant(variant) => json.only("variant", |json| {
                json.list(variant.cases(), |json, case| self.part(json, case.name, case.ty.as_ref()));
            }),
            Type::Enum(cases) => json.only("enum", |json| json.list(cases.names(), Json::text)),
            Type::Flags(flags) => json.only("flags", |json| json.list(flags.names(), Json::text)),
            Type::Own(resource) => json.only("own", |json| self.resource(json, resource)),
            Type::Borrow(resource) => json.only("borrow", |json| self.resource(json, resource)),
            Type::Stream(stream) => json.only("stream", |json| self.maybe(json, stream.ty().as_ref())),
            Type::Future(future) => json.only("future", |json| self.maybe(json, future.ty().as_ref())),
            plain => json.text(&wit::type_text(plain)),
        }
    }
}
