// SPDX-License-Identifier: Apache-2.0
//! What berth promises beyond the specification: a read-only grant stays as it is, what isn't granted looks empty,
//! pipes stay shut, and nothing moves from one grant to another.

use crate::check::{Case, Need, Outcome, equal, fails, needing, works};
use crate::fixture::*;
use crate::paths::{Kind, functions};
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags};

pub fn cases() -> Vec<Case> {
    let mut cases = readonly_cases();
    cases.extend(phantom_cases());
    cases.extend(device_cases());
    cases
}

fn berth(name: impl Into<String>, run: impl Fn() -> Outcome + 'static) -> Case {
    needing(Need::Berth, name, run)
}

fn readonly_cases() -> Vec<Case> {
    let mut cases = vec![
        berth("open-at:ok:readonly", || equal(contents(&open_file(&readonly()?, "file")?)?, CONTENTS.to_vec())),
        berth("read-directory:ok:readonly", || {
            equal(names(&open_read(&readonly()?, "dir")?)?, vec!["inner".into(), "nested".into()])
        }),
        berth("get-flags:ok:readonly", || {
            let flags = works(readonly()?.get_flags())?;
            equal(flags.contains(DescriptorFlags::MUTATE_DIRECTORY), false)
        }),
        berth("open-at:not-permitted:readonly-write", || {
            fails(readonly()?.open_at(FOLLOW, "file", PLAIN, READ | WRITE), ErrorCode::NotPermitted)
        }),
        berth("open-at:not-permitted:readonly-create", || {
            fails(readonly()?.open_at(FOLLOW, "new", OpenFlags::CREATE, READ), ErrorCode::NotPermitted)
        }),
        berth("open-at:not-permitted:readonly-truncate", || {
            fails(readonly()?.open_at(FOLLOW, "file", OpenFlags::TRUNCATE, READ), ErrorCode::NotPermitted)
        }),
        berth("open-at:not-permitted:readonly-below", || {
            let directory = open_read(&readonly()?, "dir")?;
            fails(directory.open_at(FOLLOW, "inner", PLAIN, WRITE), ErrorCode::NotPermitted)
        }),
        berth("write:not-permitted:readonly", || {
            fails(open_file(&readonly()?, "file")?.write(b"x", 0), ErrorCode::NotPermitted)
        }),
        berth("write-via-stream:not-permitted:readonly", || {
            fails(open_file(&readonly()?, "file")?.write_via_stream(0), ErrorCode::NotPermitted)
        }),
        berth("append-via-stream:not-permitted:readonly", || {
            fails(open_file(&readonly()?, "file")?.append_via_stream(), ErrorCode::NotPermitted)
        }),
        berth("set-size:not-permitted:readonly", || {
            fails(open_file(&readonly()?, "file")?.set_size(0), ErrorCode::NotPermitted)
        }),
        berth("set-times:not-permitted:readonly", || {
            fails(
                open_file(&readonly()?, "file")?.set_times(NewTimestamp::Now, NewTimestamp::Now),
                ErrorCode::NotPermitted,
            )
        }),
        berth("set-times:not-permitted:readonly-directory", || {
            fails(readonly()?.set_times(NewTimestamp::Now, NewTimestamp::Now), ErrorCode::NotPermitted)
        }),
    ];
    // Functions with two paths stay out of the loop: it would cross from one grant to another.
    for function in functions().into_iter().filter(|function| function.mutates() && function.side.is_empty()) {
        let path = if function.kind == Kind::Create { "new" } else { "file" };
        cases.push(berth(function.case_name("not-permitted", "readonly"), move || {
            fails((function.call)(&readonly()?, path)?, ErrorCode::NotPermitted)
        }));
    }
    cases.push(berth("link-at:not-permitted:readonly", || {
        let base = readonly()?;
        fails(base.link_at(NO_FOLLOW, "file", &base, "new"), ErrorCode::NotPermitted)
    }));
    cases.push(berth("rename-at:not-permitted:readonly", || {
        let base = readonly()?;
        fails(base.rename_at("file", &base, "new"), ErrorCode::NotPermitted)
    }));
    cases
}

fn phantom_cases() -> Vec<Case> {
    let mut cases = vec![
        berth("get-directories:ok", || {
            let grants: Vec<String> = get_directories().into_iter().map(|(_, path)| path).collect();
            equal(grants, ["/sandbox", "/other", "/readonly", "/"].map(String::from).to_vec())
        }),
        berth("open-at:ok:phantom", || works(phantom()?.open_at(FOLLOW, ".", OpenFlags::DIRECTORY, READ)).map(drop)),
        berth("read-directory:ok:phantom", || equal(names(&phantom()?)?, vec![])),
        berth("open-at:not-permitted:phantom-create", || {
            fails(phantom()?.open_at(FOLLOW, "new", OpenFlags::CREATE, WRITE), ErrorCode::NotPermitted)
        }),
        berth("set-times:not-permitted:phantom", || {
            fails(phantom()?.set_times(NewTimestamp::Now, NewTimestamp::Now), ErrorCode::NotPermitted)
        }),
    ];
    for function in functions().into_iter().filter(|function| function.side.is_empty()) {
        let code = if function.mutates() { ErrorCode::NotPermitted } else { ErrorCode::NoEntry };
        for (variant, path) in [("phantom", "etc"), ("phantom-below", "etc/passwd")] {
            cases.push(berth(function.case_name(code.name(), variant), move || {
                fails((function.call)(&phantom()?, path)?, code)
            }));
        }
    }
    cases
}

fn device_cases() -> Vec<Case> {
    vec![
        berth("open-at:not-permitted:fifo", || {
            fails(sandbox()?.open_at(FOLLOW, "fifo", PLAIN, READ), ErrorCode::NotPermitted)
        }),
        berth("open-at:not-permitted:fifo-write", || {
            fails(sandbox()?.open_at(FOLLOW, "fifo", PLAIN, WRITE), ErrorCode::NotPermitted)
        }),
        berth("open-at:not-permitted:socket", || {
            fails(sandbox()?.open_at(FOLLOW, "socket", PLAIN, READ), ErrorCode::NotPermitted)
        }),
        berth("rename-at:cross-device", || {
            let (base, name) = (sandbox()?, fresh_name());
            new_file(&base, &name, b"")?;
            fails(base.rename_at(&name, &other()?, &name), ErrorCode::CrossDevice)
        }),
        berth("link-at:cross-device", || {
            let (base, name) = (sandbox()?, fresh_name());
            new_file(&base, &name, b"")?;
            fails(base.link_at(NO_FOLLOW, &name, &other()?, &name), ErrorCode::CrossDevice)
        }),
    ]
}

fn open_read(base: &wasip2::filesystem::types::Descriptor, path: &str) -> Opened {
    works(base.open_at(FOLLOW, path, OpenFlags::DIRECTORY, READ))
}
