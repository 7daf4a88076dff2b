// SPDX-License-Identifier: Apache-2.0
//! The types of a compiled component as WIT writes them, and values that fit them. A hostile component's types may be
//! as large as a book, so all text here is cut.

use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

const MOST_OF_A_TYPE: usize = 160;
const MOST_OF_A_SIGNATURE: usize = 360;
const MOST_OF_AN_EXAMPLE: usize = 80;
/// Types that are looked at in search of one without a text form.
const MOST_TYPES: usize = 100_000;

/// `record { x: f32, y: f32 }`.
pub fn type_text(ty: &Type) -> String {
    let mut text = Text::new(MOST_OF_A_TYPE);
    text.ty(ty);
    text.finish()
}

/// `func(a: s32, b: s32) -> s32`.
pub fn signature(function: &ComponentFunc) -> String {
    let mut text = Text::new(MOST_OF_A_SIGNATURE);
    text.push(if function.async_() { "async func(" } else { "func(" });
    text.list(function.params(), |text, (name, ty)| {
        text.push(name);
        text.push(": ");
        text.ty(&ty);
    });
    text.push(")");
    for ty in function.results() {
        text.push(" -> ");
        text.ty(&ty);
    }
    text.finish()
}

/// A value of the type, in WAVE; nothing when it would be long.
pub fn example(ty: &Type) -> Option<String> {
    let mut text = Text::new(MOST_OF_AN_EXAMPLE);
    text.example(ty);
    (!text.full()).then_some(text.out)
}

/// Names with commas between, as many as fit.
pub fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut text = Text::new(MOST_OF_A_TYPE);
    text.list(names, |text, name| text.push(name));
    text.finish()
}

/// What of a type can't be written as text.
pub fn without_text(ty: &Type) -> Option<&'static str> {
    let mut waiting = vec![ty.clone()];
    for _ in 0..MOST_TYPES {
        match waiting.pop() {
            None => return None,
            Some(Type::Own(_) | Type::Borrow(_)) => return Some("a resource"),
            Some(Type::Future(_)) => return Some("a future"),
            Some(Type::Stream(_)) => return Some("a stream"),
            Some(Type::ErrorContext) => return Some("an error-context"),
            Some(Type::Map(_)) => return Some("a map"),
            Some(Type::List(list)) => waiting.push(list.ty()),
            Some(Type::FixedLengthList(list)) => waiting.push(list.ty()),
            Some(Type::Option(option)) => waiting.push(option.ty()),
            Some(Type::Record(record)) => waiting.extend(record.fields().map(|field| field.ty)),
            Some(Type::Tuple(tuple)) => waiting.extend(tuple.types()),
            Some(Type::Variant(variant)) => waiting.extend(variant.cases().filter_map(|case| case.ty)),
            Some(Type::Result(result)) => waiting.extend(result.ok().into_iter().chain(result.err())),
            Some(_) => {}
        }
    }
    Some("more than 100000 types")
}

struct Text {
    out: String,
    most: usize,
}

impl Text {
    fn new(most: usize) -> Self {
        Text { out: String::new(), most }
    }

    fn full(&self) -> bool {
        self.out.len() > self.most
    }

    fn push(&mut self, text: &str) {
        if !self.full() {
            self.out.push_str(text);
        }
    }

    fn finish(mut self) -> String {
        if self.full() {
            let end = (0..=self.most).rev().find(|at| self.out.is_char_boundary(*at)).unwrap_or(0);
            self.out.truncate(end);
            self.out.push('…');
        }
        self.out
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        for (i, item) in items.enumerate() {
            if self.full() {
                return;
            }
            if i > 0 {
                self.push(", ");
            }
            each(self, item);
        }
    }

    fn around(&mut self, before: &str, ty: &Type) {
        self.push(before);
        self.push("<");
        self.ty(ty);
        self.push(">");
    }

    fn ty(&mut self, ty: &Type) {
        if self.full() {
            return;
        }
        match ty {
            Type::Bool => self.push("bool"),
            Type::S8 => self.push("s8"),
            Type::U8 => self.push("u8"),
            Type::S16 => self.push("s16"),
            Type::U16 => self.push("u16"),
            Type::S32 => self.push("s32"),
            Type::U32 => self.push("u32"),
            Type::S64 => self.push("s64"),
            Type::U64 => self.push("u64"),
            Type::Float32 => self.push("f32"),
            Type::Float64 => self.push("f64"),
            Type::Char => self.push("char"),
            Type::String => self.push("string"),
            Type::List(list) => self.around("list", &list.ty()),
            Type::FixedLengthList(list) => {
                self.push("list<");
                self.ty(&list.ty());
                self.push(&format!(", {}>", list.len()));
            }
            Type::Map(map) => {
                self.push("map<");
                self.ty(&map.key());
                self.push(", ");
                self.ty(&map.value());
                self.push(">");
            }
            Type::Record(record) => {
                self.push("record { ");
                self.list(record.fields(), |text, field| {
                    text.push(field.name);
                    text.push(": ");
                    text.ty(&field.ty);
                });
                self.push(" }");
            }
            Type::Tuple(tuple) => {
                self.push("tuple<");
                self.list(tuple.types(), |text, ty| text.ty(&ty));
                self.push(">");
            }
            Type::Variant(variant) => {
                self.push("variant { ");
                self.list(variant.cases(), |text, case| {
                    text.push(case.name);
                    if let Some(ty) = &case.ty {
                        text.push("(");
                        text.ty(ty);
                        text.push(")");
                    }
                });
                self.push(" }");
            }
            Type::Enum(names) => {
                self.push("enum { ");
                self.list(names.names(), |text, name| text.push(name));
                self.push(" }");
            }
            Type::Flags(flags) => {
                self.push("flags { ");
                self.list(flags.names(), |text, name| text.push(name));
                self.push(" }");
            }
            Type::Option(option) => self.around("option", &option.ty()),
            Type::Result(result) => match (result.ok(), result.err()) {
                (None, None) => self.push("result"),
                (Some(ok), None) => self.around("result", &ok),
                (ok, Some(err)) => {
                    self.push("result<");
                    match ok {
                        Some(ok) => self.ty(&ok),
                        None => self.push("_"),
                    }
                    self.push(", ");
                    self.ty(&err);
                    self.push(">");
                }
            },
            Type::Own(_) => self.push("a resource"),
            Type::Borrow(_) => self.push("a borrowed resource"),
            Type::Future(future) => self.of("future", future.ty()),
            Type::Stream(stream) => self.of("stream", stream.ty()),
            Type::ErrorContext => self.push("error-context"),
        }
    }

    /// A type that may have a part.
    fn of(&mut self, name: &str, part: Option<Type>) {
        self.push(name);
        if let Some(part) = part {
            self.push("<");
            self.ty(&part);
            self.push(">");
        }
    }

    fn case(&mut self, name: &str, payload: Option<&Type>) {
        self.push(name);
        if let Some(ty) = payload {
            self.push("(");
            self.example(ty);
            self.push(")");
        }
    }

    fn example(&mut self, ty: &Type) {
        if self.full() {
            return;
        }
        match ty {
            Type::Bool => self.push("true"),
            Type::S8 | Type::S16 | Type::S32 | Type::S64 => self.push("-42"),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => self.push("42"),
            Type::Float32 | Type::Float64 => self.push("2.5"),
            Type::Char => self.push("'a'"),
            Type::String => self.push("\"text\""),
            Type::List(list) => {
                self.push("[");
                self.example(&list.ty());
                self.push("]");
            }
            Type::FixedLengthList(list) => {
                self.push("[");
                self.list(0..list.len(), |text, _| text.example(&list.ty()));
                self.push("]");
            }
            Type::Record(record) => {
                self.push("{");
                self.list(record.fields(), |text, field| {
                    text.push(field.name);
                    text.push(": ");
                    text.example(&field.ty);
                });
                self.push("}");
            }
            Type::Tuple(tuple) => {
                self.push("(");
                self.list(tuple.types(), |text, ty| text.example(&ty));
                self.push(")");
            }
            Type::Variant(variant) => {
                if let Some(case) = variant.cases().next() {
                    self.case(case.name, case.ty.as_ref());
                }
            }
            Type::Enum(names) => self.push(names.names().next().unwrap_or_default()),
            Type::Flags(flags) => {
                self.push("{");
                self.push(flags.names().next().unwrap_or_default());
                self.push("}");
            }
            Type::Option(option) => self.case("some", Some(&option.ty())),
            Type::Result(result) => self.case("ok", result.ok().as_ref()),
            Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext | Type::Map(_) => {}
        }
    }
}
