// SPDX-License-Identifier: Apache-2.0
//! From WAVE text to the values that a function takes. The text may come from anybody: how deep it nests is bounded by
//! the parser, and each mistake is told with the place where it stands.

use crate::wit;
use std::borrow::Cow;
use std::ops::Range;
use std::str::FromStr;
use wasm_wave::ast::{Node, NodeType};
use wasm_wave::parser::{Parser, ParserError, ParserErrorKind};
use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{Type, Val};

/// What is wrong with a text of arguments.
pub struct Mistake {
    /// Where, in bytes of that text.
    pub at: Range<usize>,
    pub what: String,
    /// What would be right; may be empty.
    pub instead: String,
}

/// Reads `text`, which is empty or begins with '(', as the arguments of the function `name`.
pub fn read(text: &str, name: &str, function: &ComponentFunc) -> Result<Vec<Val>, Mistake> {
    let parsed = if holds_nothing(text)? { None } else { Some(parse(text, name)?) };
    let given: Vec<&Node> = match &parsed {
        Some(node) => node.as_tuple().map_err(|e| syntax(&e, text, name))?.collect(),
        None => Vec::new(),
    };
    let wanted = function.params().len();
    // Options at the end may be left out.
    let needed = function.params().map(|(_, ty)| ty).enumerate();
    let needed = needed.filter(|(_, ty)| !matches!(ty, Type::Option(_))).last().map_or(0, |(i, _)| i + 1);
    if given.len() > wanted || given.len() < needed {
        return Err(wrong_count(text, name, function, &given));
    }
    let mut values = Vec::with_capacity(wanted);
    for (i, (parameter, ty)) in function.params().enumerate() {
        values.push(match given.get(i) {
            None => Val::Option(None),
            Some(node) => Reader { text, function: name, parameter, whole: node }.value(node, &ty)?,
        });
    }
    Ok(values)
}

/// Whether no arguments are given: `` or `()`, which in WAVE by itself would be nothing.
fn holds_nothing(text: &str) -> Result<bool, Mistake> {
    let inside = text.strip_prefix('(').unwrap_or(text).trim_start();
    let Some(rest) = inside.strip_prefix(')') else { return Ok(text.is_empty()) };
    if rest.trim().is_empty() {
        return Ok(true);
    }
    let begin = text.len() - rest.trim_start().len();
    Err(Mistake {
        at: begin..text.len(),
        what: "something stands behind the arguments".to_owned(),
        instead: "the ')' is the end".to_owned(),
    })
}

fn parse(text: &str, name: &str) -> Result<Node, Mistake> {
    let mut parser = Parser::new(text);
    let value = parser.parse_raw_value().map_err(|e| syntax(&e, text, name))?;
    parser.finish().map_err(|e| syntax(&e, text, name))?;
    Ok(value.node().clone())
}

fn syntax(error: &ParserError, text: &str, name: &str) -> Mistake {
    let at = match error.kind() {
        ParserErrorKind::UnexpectedEnd => text.len()..text.len(),
        _ => error.span(),
    };
    // A capital letter, or a space between two words.
    let in_words = text[..at.start].trim_end().ends_with(char::is_alphanumeric)
        && text[at.clone()].starts_with(char::is_alphabetic);
    let instead = match error.kind() {
        ParserErrorKind::UnexpectedToken if in_words => {
            "a string stands in double quotes, and the whole call in '…', so that a shell leaves those alone"
        }
        ParserErrorKind::UnexpectedEnd => "something is missing: a ')' ends the arguments",
        ParserErrorKind::InvalidToken => "no value is written so; a string stands in double quotes",
        ParserErrorKind::UnexpectedToken => "this doesn't belong here; arguments have commas between them",
        ParserErrorKind::TrailingCharacters => "the ')' is the end",
        ParserErrorKind::NestingTooDeep => "values nest no deeper than 100",
        ParserErrorKind::DuplicateField => "this field is given twice",
        ParserErrorKind::DuplicateFlag => "this flag is given twice",
        ParserErrorKind::EmptyTuple => "a tuple has something in it",
        ParserErrorKind::InvalidEscape => "there are \\n \\t \\r \\\\ \\' \\\" and \\u{1f600}",
        ParserErrorKind::MultipleChars => "a char is one character; a string stands in double quotes",
        ParserErrorKind::InvalidMultilineString => "a string in three quotes begins on a line of its own",
        _ => "no value is written so",
    };
    Mistake { at, what: format!("the arguments of '{name}' can't be read"), instead: instead.to_owned() }
}

fn wrong_count(text: &str, name: &str, function: &ComponentFunc, given: &[&Node]) -> Mistake {
    let wanted = function.params().len();
    let arguments = match wanted {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        more => format!("{more} arguments"),
    };
    let are = match given.len() {
        0 => "none is given".to_owned(),
        1 => "1 is given".to_owned(),
        more => format!("{more} are given"),
    };
    let what = format!("'{name}' takes {arguments}, and {are}");
    if let (Some(first), Some(last)) = (given.get(wanted), given.last()) {
        return Mistake { at: first.span().start..last.span().end, what, instead: "too much".to_owned() };
    }
    let end = text.trim_end().len();
    let at = if text.is_empty() { 0..0 } else { end - 1..end };
    let instead = match function.params().nth(given.len()) {
        Some((parameter, ty)) => format!("'{parameter}' is missing{}", for_example(&ty)),
        None => String::new(),
    };
    Mistake { at, what, instead }
}

fn for_example(ty: &Type) -> String {
    wit::example(ty).map(|example| format!(", for example {example}")).unwrap_or_default()
}

/// Reads one argument.
struct Reader<'a> {
    text: &'a str,
    function: &'a str,
    parameter: &'a str,
    whole: &'a Node,
}

type Read = Result<Val, Mistake>;

impl Reader<'_> {
    fn value(&self, node: &Node, ty: &Type) -> Read {
        Ok(match ty {
            Type::Bool => Val::Bool(node.as_bool().map_err(|_| self.other_type(node, ty))?),
            Type::S8 => Val::S8(self.number(node, ty, i8::MIN, i8::MAX)?),
            Type::U8 => Val::U8(self.number(node, ty, u8::MIN, u8::MAX)?),
            Type::S16 => Val::S16(self.number(node, ty, i16::MIN, i16::MAX)?),
            Type::U16 => Val::U16(self.number(node, ty, u16::MIN, u16::MAX)?),
            Type::S32 => Val::S32(self.number(node, ty, i32::MIN, i32::MAX)?),
            Type::U32 => Val::U32(self.number(node, ty, u32::MIN, u32::MAX)?),
            Type::S64 => Val::S64(self.number(node, ty, i64::MIN, i64::MAX)?),
            Type::U64 => Val::U64(self.number(node, ty, u64::MIN, u64::MAX)?),
            Type::Float32 => {
                let value: f32 = self.number(node, ty, f32::MIN, f32::MAX)?;
                self.finite(node, ty, value.is_infinite())?;
                Val::Float32(value)
            }
            Type::Float64 => {
                let value: f64 = self.number(node, ty, f64::MIN, f64::MAX)?;
                self.finite(node, ty, value.is_infinite())?;
                Val::Float64(value)
            }
            Type::Char => match node.ty() {
                NodeType::Char => Val::Char(node.as_char(self.text).map_err(|e| self.syntax(&e))?),
                _ => return Err(self.other_type(node, ty)),
            },
            Type::String => match node.ty() {
                NodeType::String | NodeType::MultilineString => {
                    Val::String(node.as_str(self.text).map_err(|e| self.syntax(&e)).map(Cow::into_owned)?)
                }
                _ => return Err(self.other_type(node, ty)),
            },
            Type::List(list) => {
                let element = list.ty();
                let nodes = node.as_list().map_err(|_| self.other_type(node, ty))?;
                Val::List(nodes.map(|node| self.value(node, &element)).collect::<Result<_, _>>()?)
            }
            Type::FixedLengthList(list) => {
                let element = list.ty();
                let nodes = node.as_list().map_err(|_| self.other_type(node, ty))?;
                self.count(node, ty, list.len() as usize, nodes.len())?;
                Val::FixedLengthList(nodes.map(|node| self.value(node, &element)).collect::<Result<_, _>>()?)
            }
            Type::Tuple(tuple) => {
                let nodes = node.as_tuple().map_err(|_| self.other_type(node, ty))?;
                self.count(node, ty, tuple.types().len(), nodes.len())?;
                Val::Tuple(tuple.types().zip(nodes).map(|(ty, node)| self.value(node, &ty)).collect::<Result<_, _>>()?)
            }
            Type::Record(_) => self.record(node, ty)?,
            Type::Variant(_) => self.variant(node, ty)?,
            Type::Enum(names) => {
                let label = node.as_enum(self.text).map_err(|_| self.other_type(node, ty))?;
                if !names.names().any(|name| name == label) {
                    return Err(self.no_such(node, "case", names.names()));
                }
                Val::Enum(label.to_owned())
            }
            Type::Flags(flags) => {
                let given = node.as_flags(self.text).map_err(|_| self.other_type(node, ty))?;
                let given: Vec<_> = given.map(|flag| flag.trim_start_matches('%').to_owned()).collect();
                if !given.iter().all(|flag| flags.names().any(|name| name == flag)) {
                    return Err(self.no_such(node, "flag", flags.names()));
                }
                Val::Flags(given)
            }
            Type::Option(option) => {
                let payload = option.ty();
                Val::Option(match node.ty() {
                    NodeType::OptionNone => None,
                    NodeType::OptionSome => self.payload(node, node.as_option(), Some(&payload))?,
                    // WAVE's short form: the value by itself.
                    _ if short_form(&payload) => Some(Box::new(self.value(node, &payload)?)),
                    _ => return Err(self.other_type(node, ty)),
                })
            }
            Type::Result(result) => match node.as_result() {
                Ok(Ok(payload)) => Val::Result(Ok(self.payload(node, Ok(payload), result.ok().as_ref())?)),
                Ok(Err(payload)) => Val::Result(Err(self.payload(node, Ok(payload), result.err().as_ref())?)),
                Err(_) => match result.ok() {
                    Some(ok) if short_form(&ok) => Val::Result(Ok(Some(Box::new(self.value(node, &ok)?)))),
                    _ => return Err(self.other_type(node, ty)),
                },
            },
            Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext | Type::Map(_) => {
                return Err(self.other_type(node, ty));
            }
        })
    }

    fn record(&self, node: &Node, ty: &Type) -> Read {
        let Type::Record(record) = ty else { return Err(self.other_type(node, ty)) };
        let given: Vec<_> = node.as_record(self.text).map_err(|_| self.other_type(node, ty))?.collect();
        if let Some((name, value)) = given.iter().find(|(name, _)| record.fields().all(|field| field.name != *name)) {
            let mut mistake = self.no_such(value, "field", record.fields().map(|field| field.name));
            mistake.what = format!("{} has no field '{name}'", self.place(node));
            return Err(mistake);
        }
        let mut values = Vec::with_capacity(given.len());
        for field in record.fields() {
            let value = match given.iter().find(|(name, _)| *name == field.name) {
                Some((_, node)) => self.value(node, &field.ty)?,
                None if matches!(field.ty, Type::Option(_)) => Val::Option(None),
                None => {
                    let what = format!("{} lacks the field '{}'", self.place(node), field.name);
                    let instead = wit::example(&field.ty);
                    let instead = instead.map(|value| format!("for example {}: {value}", field.name));
                    return Err(Mistake { at: node.span(), what, instead: instead.unwrap_or_default() });
                }
            };
            values.push((field.name.to_owned(), value));
        }
        Ok(Val::Record(values))
    }

    fn variant(&self, node: &Node, ty: &Type) -> Read {
        let Type::Variant(variant) = ty else { return Err(self.other_type(node, ty)) };
        let (label, payload) = node.as_variant(self.text).map_err(|_| self.other_type(node, ty))?;
        let Some(case) = variant.cases().find(|case| case.name == label) else {
            return Err(self.no_such(node, "case", variant.cases().map(|case| case.name)));
        };
        Ok(Val::Variant(label.to_owned(), self.payload(node, Ok(payload), case.ty.as_ref())?))
    }

    fn payload(
        &self,
        node: &Node,
        given: Result<Option<&Node>, ParserError>,
        wanted: Option<&Type>,
    ) -> Result<Option<Box<Val>>, Mistake> {
        match (given.map_err(|e| self.syntax(&e))?, wanted) {
            (Some(payload), Some(ty)) => Ok(Some(Box::new(self.value(payload, ty)?))),
            (None, None) => Ok(None),
            (None, Some(ty)) => Err(Mistake {
                at: node.span(),
                what: format!("{} lacks the value in parentheses, {}", self.place(node), wit::type_text(ty)),
                instead: for_example(ty).trim_start_matches(", ").to_owned(),
            }),
            (Some(payload), None) => Err(Mistake {
                at: payload.span(),
                what: format!("{} has no value in parentheses", self.place(node)),
                instead: "leave it out".to_owned(),
            }),
        }
    }

    fn number<N: FromStr + std::fmt::Display>(&self, node: &Node, ty: &Type, least: N, most: N) -> Result<N, Mistake> {
        if node.ty() != NodeType::Number {
            return Err(self.other_type(node, ty));
        }
        node.as_number(self.text).map_err(|_| {
            let what = format!("{} takes {}, which this number isn't", self.place(node), wit::type_text(ty));
            Mistake { at: node.span(), what, instead: format!("a whole number from {least} to {most}") }
        })
    }

    /// A number that was written with digits and has become infinite.
    fn finite(&self, node: &Node, ty: &Type, infinite: bool) -> Result<(), Mistake> {
        if !infinite || self.text[node.span()].ends_with("inf") {
            return Ok(());
        }
        let what = format!("{} takes {}, for which this number is too large", self.place(node), wit::type_text(ty));
        Err(Mistake { at: node.span(), what, instead: "inf and -inf are written so".to_owned() })
    }

    fn count(&self, node: &Node, ty: &Type, wanted: usize, given: usize) -> Result<(), Mistake> {
        if wanted == given {
            return Ok(());
        }
        let what = format!(
            "{} takes {} of {wanted} values, and {given} are given",
            self.place(node),
            if matches!(ty, Type::Tuple(_)) { "a tuple" } else { "a list" }
        );
        Err(Mistake { at: node.span(), what, instead: for_example(ty).trim_start_matches(", ").to_owned() })
    }

    fn no_such<'a>(&self, node: &Node, what: &str, known: impl Iterator<Item = &'a str>) -> Mistake {
        Mistake {
            at: node.span(),
            what: format!("{} names a {what} that there isn't", self.place(node)),
            instead: format!("there are {}", wit::names(known)),
        }
    }

    fn other_type(&self, node: &Node, ty: &Type) -> Mistake {
        let found = match node.ty() {
            NodeType::BoolTrue | NodeType::BoolFalse => "a bool",
            NodeType::Number => "a number",
            NodeType::Char => "a char",
            NodeType::String | NodeType::MultilineString => "a string",
            NodeType::Tuple => "a tuple",
            NodeType::List => "a list",
            NodeType::Record => "a record",
            NodeType::Label => "a word without quotes",
            NodeType::VariantWithPayload => "a case with a value",
            NodeType::OptionSome | NodeType::OptionNone => "an option",
            NodeType::ResultOk | NodeType::ResultErr => "a result",
            NodeType::Flags => "a set of flags",
        };
        let instead = match (ty, node.ty()) {
            (Type::String, NodeType::Label) => {
                let word = &self.text[node.span()];
                let word = if word.len() < 40 { word } else { "text" };
                format!("for example \"{word}\": a shell leaves the quotes alone when the whole call stands in '…'")
            }
            _ => for_example(ty).trim_start_matches(", ").to_owned(),
        };
        let what = format!("{} takes {}, not {found}", self.place(node), wit::type_text(ty));
        Mistake { at: node.span(), what, instead }
    }

    fn syntax(&self, error: &ParserError) -> Mistake {
        syntax(error, self.text, self.function)
    }

    /// The argument, or that this is somewhere in it.
    fn place(&self, node: &Node) -> String {
        let argument = format!("the argument '{}' of '{}'", self.parameter, self.function);
        if node.span() == self.whole.span() { argument } else { format!("a part of {argument}") }
    }
}

fn short_form(payload: &Type) -> bool {
    !matches!(payload, Type::Option(_) | Type::Result(_))
}
