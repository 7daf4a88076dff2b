// SPDX-License-Identifier: Apache-2.0
//! Errors of file systems that are mounted within a grant, and of a program that runs from one. The runner makes
//! `mounted`, `sealed` (mounted read-only, with `file` and `folder`) and `running` in the sandbox.

use crate::check::{Case, Need, Outcome, fails, needing};
use crate::fixture::*;
use wasip2::filesystem::types::{ErrorCode, NewTimestamp, OpenFlags};

pub fn cases() -> Vec<Case> {
    vec![
        alone("rename-at:cross-device:mount", || {
            let base = sandbox()?;
            fails(base.rename_at("file", &base, "mounted/file"), ErrorCode::CrossDevice)
        }),
        alone("link-at:cross-device:mount", || {
            let base = sandbox()?;
            fails(base.link_at(NO_FOLLOW, "file", &base, "mounted/file"), ErrorCode::CrossDevice)
        }),
        alone("open-at:read-only", || {
            fails(sandbox()?.open_at(FOLLOW, "sealed/file", PLAIN, WRITE), ErrorCode::ReadOnly)
        }),
        alone("open-at:read-only:create", || {
            fails(sandbox()?.open_at(FOLLOW, "sealed/new", OpenFlags::CREATE, WRITE), ErrorCode::ReadOnly)
        }),
        alone("create-directory-at:read-only", || {
            fails(sandbox()?.create_directory_at("sealed/new"), ErrorCode::ReadOnly)
        }),
        alone("remove-directory-at:read-only", || {
            fails(sandbox()?.remove_directory_at("sealed/folder"), ErrorCode::ReadOnly)
        }),
        alone("unlink-file-at:read-only", || fails(sandbox()?.unlink_file_at("sealed/file"), ErrorCode::ReadOnly)),
        alone("symlink-at:read-only", || fails(sandbox()?.symlink_at("file", "sealed/new"), ErrorCode::ReadOnly)),
        alone("link-at:read-only", || {
            let base = sandbox()?;
            fails(base.link_at(NO_FOLLOW, "sealed/file", &base, "sealed/new"), ErrorCode::ReadOnly)
        }),
        alone("rename-at:read-only", || {
            let base = sandbox()?;
            fails(base.rename_at("sealed/file", &base, "sealed/new"), ErrorCode::ReadOnly)
        }),
        alone("set-times-at:read-only", || {
            let set = sandbox()?.set_times_at(FOLLOW, "sealed/file", NewTimestamp::Now, NewTimestamp::Now);
            fails(set, ErrorCode::ReadOnly)
        }),
        alone("set-times:read-only", || {
            let file = open_file(&sandbox()?, "sealed/file")?;
            fails(file.set_times(NewTimestamp::Now, NewTimestamp::Now), ErrorCode::ReadOnly)
        }),
        alone("open-at:text-file-busy", || {
            fails(sandbox()?.open_at(FOLLOW, "running", PLAIN, WRITE), ErrorCode::TextFileBusy)
        }),
    ]
}

fn alone(name: &str, run: impl Fn() -> Outcome + 'static) -> Case {
    needing(Need::Alone, name, run)
}
