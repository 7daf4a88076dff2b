// SPDX-License-Identifier: Apache-2.0
//! Any function that a component exports: found by what a person calls it, given values that were read from text, and
//! called in a store like a command.

use crate::arguments::{self, Mistake};
use crate::limits::Limit;
use crate::results::{self, Notation};
use crate::runtime::Module;
use crate::wit;
use berth_module::name::{exact, kebab};
use berth_store::{Metered, State};
use semver::{Comparator, Op, Prerelease, Version};
use std::ops::Range;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Val};
use wasmtime::{Error, Result};

/// A function with the values for its parameters: checked against its types, not called yet.
pub struct Function {
    index: ComponentExportIndex,
    arguments: Vec<Val>,
    results: usize,
    notation: Notation,
}

/// Why a text is no call of a module's function.
pub enum Refused {
    /// There is no function of this name.
    Unknown(String),
    /// The name or the arguments are wrong: lines of text.
    Wrong(String),
    /// The function's types have no text form.
    Unsupported(String),
    /// The module can't be instantiated here.
    Unlinked(String),
}

/// What a call gave.
pub struct Given {
    pub text: String,
    /// The result is of the kind that can fail, and it has.
    pub failed: bool,
}

impl Module {
    /// All functions that it exports, `name: func(a: s32) -> s32` each. Unless a program gives it more, it has WASI's
    /// imports alone.
    pub fn functions(&self, with_program: bool) -> Result<Vec<String>, Refused> {
        if !with_program {
            self.pre()?;
        }
        let exports = exports(&self.component);
        Ok(exports.iter().map(|export| format!("{}: {}", export.shown(), wit::signature(&export.ty))).collect())
    }

    /// Reads `function(arguments)` and checks it against the module's types.
    pub fn function(&self, text: &str, notation: Notation) -> Result<Function, Refused> {
        let component = self.pre()?.component();
        let exports = exports(component);
        let begin = text.find('(').unwrap_or(text.len());
        let spelled = text[..begin].trim();
        let export = find(&exports, spelled)?;
        let (shown, arguments) = (export.shown(), &text[begin..]);
        let named = format!("{shown}: {}", wit::signature(&export.ty));
        for (name, ty) in export.ty.params() {
            if let Some(what) = wit::without_text(&ty) {
                let why = format!("'{shown}' takes {what} as '{name}', which can't be given as text\n  {named}");
                return Err(Refused::Unsupported(why));
            }
        }
        for ty in export.ty.results() {
            if let Some(what) = wit::without_text(&ty) {
                let why = format!("'{shown}' gives {what}, which can't be written as text\n  {named}");
                return Err(Refused::Unsupported(why));
            }
        }
        let values = arguments::read(arguments, &shown, &export.ty).map_err(|mistake| {
            let Mistake { at, what, instead } = mistake;
            let pointed = point_at(text, at.start + begin..at.end + begin, &instead);
            Refused::Wrong(format!("{what}\n{pointed}\n  {named}"))
        })?;
        let index = export.index(component).ok_or(Refused::Unknown(shown))?;
        Ok(Function { index, arguments: values, results: export.ty.results().len(), notation })
    }

    fn pre(&self) -> Result<&InstancePre<State>, Refused> {
        let linked = self.linked.as_ref().map_err(|e| Refused::Unlinked(format!("{e:#}")))?;
        Ok(&linked.instance)
    }
}

/// Instantiates a module and calls one of its functions. The store goes before the result is written down, and with it
/// the guest's memory.
pub(crate) async fn call(
    mut metered: Metered,
    module: &Module,
    function: &Function,
    most_bytes: usize,
) -> Result<Given> {
    let store = &mut metered.0;
    let instance = match &module.linked {
        Ok(linked) => linked.instance.instantiate_async(&mut *store).await?,
        Err(e) => return Err(Error::msg(format!("{e:#}"))),
    };
    let called = instance
        .get_func(&mut *store, function.index)
        .ok_or_else(|| Error::msg("the function belongs to another module"))?;
    let mut results = vec![Val::Bool(false); function.results];
    called.call_async(store, &function.arguments, &mut results).await?;
    drop(metered);
    let failed = matches!(results.first(), Some(Val::Result(Err(_))));
    match results::text(&results, function.notation, most_bytes) {
        Ok(text) => Ok(Given { text, failed }),
        Err(results::TooLong) => Err(Limit::HostBuffers.into()),
    }
}

/// A function that was found by its name.
pub(crate) struct Found {
    pub index: ComponentExportIndex,
    pub shown: String,
    pub ty: ComponentFunc,
}

pub(crate) fn exported(module: &Module, spelled: &str) -> Result<Found, Refused> {
    let exports = exports(&module.component);
    let export = find(&exports, spelled)?;
    let shown = export.shown();
    let index = export.index(&module.component).ok_or_else(|| Refused::Unknown(shown.clone()))?;
    Ok(Found { index, shown, ty: export.ty.clone() })
}

/// One function that a component exports.
struct Export {
    /// `docs:calc/ops@0.1.0`; nothing for a function of the world itself.
    interface: Option<String>,
    name: String,
    ty: ComponentFunc,
}

fn exports(component: &Component) -> Vec<Export> {
    let engine = component.engine();
    let mut found = Vec::new();
    for (name, item) in component.component_type().exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(ty) => found.push(Export { interface: None, name: name.to_owned(), ty }),
            ComponentItem::ComponentInstance(instance) => {
                for (function, item) in instance.exports(engine) {
                    if let ComponentItem::ComponentFunc(ty) = item.ty {
                        found.push(Export { interface: Some(name.to_owned()), name: function.to_owned(), ty });
                    }
                }
            }
            _ => {}
        }
    }
    found
}

impl Export {
    fn shown(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{interface}.{}", self.name),
            None => self.name.clone(),
        }
    }

    fn index(&self, component: &Component) -> Option<ComponentExportIndex> {
        let instance = match &self.interface {
            Some(interface) => Some(component.get_export_index(None, interface)?),
            None => None,
        };
        component.get_export_index(instance.as_ref(), &self.name)
    }

    /// How exactly `spelled` names this function, 0 being best; nothing when it doesn't. The interface may go without
    /// its version, its package, or altogether, and an earlier version stands for one that breaks nothing of it; '.', '#' or
    /// '/' stands before the function.
    fn named_by(&self, spelled: &str) -> Option<u32> {
        // `[static]counter.reset` is `counter.reset` to a person.
        let bare = self.name.split_once(']').map_or(self.name.as_str(), |(_, bare)| bare);
        let Some(interface) = &self.interface else {
            return (spelled == self.name || spelled == bare).then_some(0);
        };
        if spelled == self.name || spelled == bare {
            return Some(4);
        }
        let (package_and_name, version) = match interface.find('@') {
            Some(at) => interface.split_at(at),
            None => (interface.as_str(), ""),
        };
        // As the engine's own command line has it: `docs:calc/ops.add@0.1.0`.
        let (spelled, exact) = match spelled.strip_suffix(version) {
            Some(front) if !version.is_empty() => (front, true),
            _ => (spelled, false),
        };
        let interfaces = [
            (interface.as_str(), 0),
            (package_and_name, if exact { 0 } else { 2 }),
            (interface.rsplit('/').next().unwrap_or_default(), 2),
            (package_and_name.rsplit('/').next().unwrap_or_default(), 3),
        ];
        let named = interfaces.into_iter().find_map(|(prefix, rank)| {
            let name = spelled.strip_prefix(prefix)?.strip_prefix(['.', '#', '/'])?;
            (name == self.name || name == bare).then_some(rank)
        });
        // Who was made of an earlier version of the interface.
        let earlier = || {
            let wanted = spelled.strip_suffix(&self.name).or_else(|| spelled.strip_suffix(bare))?;
            let wanted = wanted.strip_suffix(['.', '#', '/'])?.strip_prefix(package_and_name)?;
            stands_for(version.strip_prefix('@')?, wanted.strip_prefix('@')?).then_some(1)
        };
        named.or_else(earlier)
    }
}

/// Whether a version breaks nobody who was made of `wanted`. What comes before a release breaks all but itself.
fn stands_for(version: &str, wanted: &str) -> bool {
    let (Ok(version), Ok(wanted)) = (Version::parse(version), Version::parse(wanted)) else { return false };
    let same = Comparator {
        op: Op::Caret,
        major: wanted.major,
        minor: Some(wanted.minor),
        patch: Some(wanted.patch),
        pre: Prerelease::EMPTY,
    };
    wanted.pre.is_empty() && version.pre.is_empty() && same.matches(&version)
}

fn find<'a>(exports: &'a [Export], spelled: &str) -> Result<&'a Export, Refused> {
    let best = exports.iter().filter_map(|export| export.named_by(spelled)).min();
    let mut matching = exports.iter().filter(|export| best.is_some() && export.named_by(spelled) == best);
    if let Some(first) = matching.next() {
        let others: Vec<_> = matching.map(|export| format!("'{}'", export.shown())).collect();
        if others.is_empty() {
            return Ok(first);
        }
        let shown = first.shown();
        let all = std::iter::once(format!("'{shown}'")).chain(others).collect::<Vec<_>>();
        let all = wit::names(all.iter().map(String::as_str));
        return Err(Refused::Wrong(format!("'{spelled}' names several functions, {all}: write more of the name")));
    }
    // A core module's names have become words with hyphens.
    for name in [exact(spelled), kebab(spelled)] {
        let world = |export: &&Export| export.interface.is_none() && export.name == name;
        if let Some(export) = exports.iter().find(world) {
            return Ok(export);
        }
    }
    Err(Refused::Unknown(spelled.to_owned()))
}

/// Characters of the text that are shown before and behind what is pointed at, and of itself.
const BEFORE: usize = 50;
const BEHIND: usize = 30;
const POINTED_AT: usize = 40;

/// The text around a place on one line, and carets under the place on the next.
fn point_at(text: &str, at: Range<usize>, instead: &str) -> String {
    let plain = |part: &str| -> Vec<char> {
        // One column each, also for what a terminal wouldn't show.
        part.chars().map(|c| if c.escape_debug().len() > 1 && !"\"'\\".contains(c) { '·' } else { c }).collect()
    };
    let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (start, end) = (boundary(at.start), boundary(at.end.max(at.start)));
    let (before, pointed, behind) = (plain(&text[..start]), plain(&text[start..end]), plain(&text[end..]));
    let mut line = String::from("  ");
    if before.len() > BEFORE {
        line.push('…');
    }
    line.extend(&before[before.len().saturating_sub(BEFORE)..]);
    let column = line.chars().count();
    let width = pointed.len().clamp(1, POINTED_AT);
    line.extend(&pointed[..pointed.len().min(POINTED_AT)]);
    if pointed.len() > POINTED_AT {
        line.push('…');
    } else {
        line.extend(&behind[..behind.len().min(BEHIND)]);
        if behind.len() > BEHIND {
            line.push('…');
        }
    }
    format!("{line}\n{}{} {instead}", " ".repeat(column), "^".repeat(width)).trim_end().to_owned()
}
