// SPDX-License-Identifier: Apache-2.0
//! `wasi:filesystem/types`: what every function that takes a path answers to a path it can't walk.

use crate::check::{Case, Mismatch, case, fails, works};
use crate::fixture::*;
use wasip2::filesystem::types::{Descriptor, ErrorCode, NewTimestamp};

/// A function that takes a path. One that takes two appears once for each.
#[derive(Clone, Copy)]
pub struct PathFunction {
    pub name: &'static str,
    /// Which of two paths is meant: empty, `old` or `new`.
    pub side: &'static str,
    pub kind: Kind,
    pub call: fn(&Descriptor, &str) -> Result<Result<(), ErrorCode>, Mismatch>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// Looks at what is there, and follows a link at the end.
    Look,
    /// Looks at what is there, the link itself at the end.
    LookAtLink,
    /// Changes what is there, and follows a link at the end.
    Change,
    /// Changes what is there, the link itself at the end.
    ChangeLink,
    /// Makes something new.
    Create,
}

impl PathFunction {
    pub fn case_name(&self, code: &str, variant: &str) -> String {
        let parts = [self.name, code, self.side, variant];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(":")
    }

    pub fn mutates(&self) -> bool {
        !matches!(self.kind, Kind::Look | Kind::LookAtLink)
    }
}

pub fn functions() -> Vec<PathFunction> {
    let function = |name, side, kind, call| PathFunction { name, side, kind, call };
    vec![
        function("open-at", "", Kind::Look, |base, path| Ok(base.open_at(FOLLOW, path, PLAIN, READ).map(drop))),
        function("stat-at", "", Kind::Look, |base, path| Ok(base.stat_at(FOLLOW, path).map(drop))),
        function("metadata-hash-at", "", Kind::Look, |base, path| Ok(base.metadata_hash_at(FOLLOW, path).map(drop))),
        function("readlink-at", "", Kind::LookAtLink, |base, path| Ok(base.readlink_at(path).map(drop))),
        function("set-times-at", "", Kind::Change, |base, path| {
            Ok(base.set_times_at(FOLLOW, path, NewTimestamp::Now, NewTimestamp::Now))
        }),
        function("remove-directory-at", "", Kind::ChangeLink, |base, path| Ok(base.remove_directory_at(path))),
        function("unlink-file-at", "", Kind::ChangeLink, |base, path| Ok(base.unlink_file_at(path))),
        function("link-at", "old", Kind::ChangeLink, |base, path| {
            Ok(base.link_at(NO_FOLLOW, path, &sandbox()?, &fresh_name()))
        }),
        function("rename-at", "old", Kind::ChangeLink, |base, path| {
            Ok(base.rename_at(path, &sandbox()?, &fresh_name()))
        }),
        function("create-directory-at", "", Kind::Create, |base, path| Ok(base.create_directory_at(path))),
        function("symlink-at", "", Kind::Create, |base, path| Ok(base.symlink_at("file", path))),
        function("link-at", "new", Kind::Create, |base, path| {
            Ok(sandbox()?.link_at(NO_FOLLOW, &victim()?, base, path))
        }),
        function("rename-at", "new", Kind::Create, |base, path| Ok(sandbox()?.rename_at(&victim()?, base, path))),
    ]
}

/// The path of a new file in the sandbox that a case may rename and link.
fn victim() -> Result<String, Mismatch> {
    let name = fresh_name();
    new_file(&sandbox()?, &name, b"victim")?;
    Ok(name)
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for function in functions() {
        let mut answers = |code: ErrorCode, variant: &str, path: &str| {
            let path = path.to_string();
            cases.push(case(function.case_name(code.name(), variant), move || {
                fails((function.call)(&sandbox()?, &path)?, code)
            }));
        };
        answers(ErrorCode::NoEntry, "parent", "missing/any");
        answers(ErrorCode::NoEntry, "empty-path", "");
        answers(ErrorCode::NotDirectory, "", "file/any");
        answers(ErrorCode::Loop, "parent", "loop-one/any");
        answers(ErrorCode::NameTooLong, "", &"n".repeat(256));
        answers(ErrorCode::Access, "", "locked/any");
        answers(ErrorCode::NotPermitted, "dots", "../any");
        answers(ErrorCode::NotPermitted, "dots-inside", "dir/../../any");
        answers(ErrorCode::NotPermitted, "absolute", "/etc/any");
        answers(ErrorCode::NotPermitted, "link-outside", "link-outside/any");
        answers(ErrorCode::NotPermitted, "link-absolute", "link-absolute/any");
        if function.kind != Kind::Create {
            answers(ErrorCode::NoEntry, "", "missing");
        }
        if matches!(function.kind, Kind::Look | Kind::Change) {
            answers(ErrorCode::NoEntry, "dangling-link", "dangling");
            answers(ErrorCode::Loop, "", "loop-one");
            answers(ErrorCode::NotPermitted, "link-outside-at-the-end", "link-outside");
            answers(ErrorCode::NotPermitted, "link-absolute-at-the-end", "link-absolute");
            answers(ErrorCode::NotDirectory, "slash-at-the-end", "file/");
        }
    }
    // The same rules hold below an opened folder: it is no way out of itself.
    cases.push(case("open-at:not-permitted:dots-from-opened", || {
        fails(open_directory(&sandbox()?, "dir")?.open_at(FOLLOW, "..", PLAIN, READ), ErrorCode::NotPermitted)
    }));
    cases.push(case("open-at:ok:dot", || works(sandbox()?.open_at(FOLLOW, ".", PLAIN, READ)).map(drop)));
    cases
}
