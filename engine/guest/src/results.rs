// SPDX-License-Identifier: Apache-2.0
//! From the values that a function gave to text: WAVE for people, JSON for programs. Both have only printable
//! characters and no newline, whatever the guest gave.

use std::fmt::{self, Write};
use wasm_wave::writer::Writer;
use wasmtime::component::Val;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    Wave,
    Json,
}

/// The text is longer than it may be.
pub struct TooLong;

/// A function's result on one line; in WAVE nothing when it has none, in JSON `null`.
pub fn text(results: &[Val], notation: Notation, most_bytes: usize) -> Result<String, TooLong> {
    let mut out = Bounded { text: String::new(), most_bytes };
    match (results.first(), notation) {
        (Some(value), Notation::Wave) => Writer::new(&mut out).write_value(value).map_err(|_| TooLong)?,
        (Some(value), Notation::Json) => json(&mut out, value).map_err(|_| TooLong)?,
        (None, Notation::Wave) => {}
        (None, Notation::Json) => out.write_str("null").map_err(|_| TooLong)?,
    }
    Ok(out.text)
}

struct Bounded {
    text: String,
    most_bytes: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        if more.len() > self.most_bytes - self.text.len() {
            return Err(fmt::Error);
        }
        self.text.push_str(more);
        Ok(())
    }
}

/// Records are objects, and so are cases with a value, by their name: `{"circle": 2.5}`. An option is its value or
/// null; what JSON has no number for is a string.
fn json(out: &mut impl Write, value: &Val) -> fmt::Result {
    match value {
        Val::Bool(value) => write!(out, "{value}"),
        Val::S8(value) => write!(out, "{value}"),
        Val::U8(value) => write!(out, "{value}"),
        Val::S16(value) => write!(out, "{value}"),
        Val::U16(value) => write!(out, "{value}"),
        Val::S32(value) => write!(out, "{value}"),
        Val::U32(value) => write!(out, "{value}"),
        Val::S64(value) => write!(out, "{value}"),
        Val::U64(value) => write!(out, "{value}"),
        Val::Float32(value) if value.is_finite() => write!(out, "{value}"),
        Val::Float64(value) if value.is_finite() => write!(out, "{value}"),
        Val::Float32(value) => not_finite(out, f64::from(*value)),
        Val::Float64(value) => not_finite(out, *value),
        Val::Char(value) => string(out, value.encode_utf8(&mut [0; 4])),
        Val::String(value) | Val::Enum(value) => string(out, value),
        Val::List(values) | Val::FixedLengthList(values) | Val::Tuple(values) => {
            sequence(out, ['[', ']'], values, |out, value| json(out, value))
        }
        Val::Flags(names) => sequence(out, ['[', ']'], names, |out, name| string(out, name)),
        Val::Record(fields) => sequence(out, ['{', '}'], fields, |out, (name, value)| {
            string(out, name)?;
            out.write_char(':')?;
            json(out, value)
        }),
        Val::Variant(name, None) => string(out, name),
        Val::Variant(name, Some(value)) => case(out, name, Some(value)),
        Val::Option(None) => out.write_str("null"),
        // Else some(none) would be none.
        Val::Option(Some(value)) if matches!(**value, Val::Option(_)) => case(out, "some", Some(value)),
        Val::Option(Some(value)) => json(out, value),
        Val::Result(Ok(value)) => case(out, "ok", value.as_deref()),
        Val::Result(Err(value)) => case(out, "err", value.as_deref()),
        // Looked for before the call.
        Val::Map(_) | Val::Resource(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => Err(fmt::Error),
    }
}

fn not_finite(out: &mut impl Write, value: f64) -> fmt::Result {
    match value {
        f64::INFINITY => out.write_str("\"inf\""),
        f64::NEG_INFINITY => out.write_str("\"-inf\""),
        _ => out.write_str("\"nan\""),
    }
}

fn sequence<W: Write, T>(
    out: &mut W,
    [begin, end]: [char; 2],
    items: &[T],
    mut each: impl FnMut(&mut W, &T) -> fmt::Result,
) -> fmt::Result {
    out.write_char(begin)?;
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.write_char(',')?;
        }
        each(out, item)?;
    }
    out.write_char(end)
}

fn case(out: &mut impl Write, name: &str, value: Option<&Val>) -> fmt::Result {
    out.write_char('{')?;
    string(out, name)?;
    out.write_char(':')?;
    match value {
        Some(value) => json(out, value)?,
        None => out.write_str("null")?,
    }
    out.write_char('}')
}

fn string(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(out, "\\{c}")?,
            '\n' => out.write_str("\\n")?,
            '\t' => out.write_str("\\t")?,
            '\r' => out.write_str("\\r")?,
            // What a terminal would act upon, or not show.
            _ if c.escape_debug().len() > 1 && c != '\'' => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
            _ => out.write_char(c)?,
        }
    }
    out.write_char('"')
}
