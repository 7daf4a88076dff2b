// SPDX-License-Identifier: Apache-2.0
//! `wasi:filesystem/types`: changing files and folders under a read-write grant.

use crate::check::{Case, Mismatch, Outcome, case, equal, fails, holds, works};
use crate::fixture::*;
use wasip2::clocks::wall_clock::{self, Datetime};
use wasip2::filesystem::types::{Descriptor, DescriptorStat, DescriptorType, ErrorCode, NewTimestamp, OpenFlags};

/// Larger than any file may become: the runner limits the host's file size to less.
const TOO_LARGE: u64 = 1 << 30;
const THEN: Datetime = Datetime { seconds: 1_000_000_000, nanoseconds: 500_000_000 };

pub fn cases() -> Vec<Case> {
    let mut cases = contents_cases();
    cases.extend(time_cases());
    cases.extend(folder_cases());
    cases.extend(link_cases());
    cases.extend(rename_cases());
    cases
}

fn contents_cases() -> Vec<Case> {
    vec![
        // write
        case("write:ok", || {
            let file = scratch_file(b"0123456789")?;
            equal(works(file.write(b"abc", 4))?, 3)?;
            equal(contents(&file)?, b"0123abc789".to_vec())
        }),
        case("write:ok:past-the-end", || {
            let file = scratch_file(b"a")?;
            works(file.write(b"b", 3))?;
            equal(contents(&file)?, b"a\0\0b".to_vec())
        }),
        case("write:ok:nothing", || equal(works(scratch_file(b"")?.write(b"", 0))?, 0)),
        case("write:bad-descriptor", || fails(opened_to_read()?.write(b"x", 0), ErrorCode::BadDescriptor)),
        case("write:bad-descriptor:directory", || fails(scratch()?.write(b"x", 0), ErrorCode::BadDescriptor)),
        case("write:invalid", || fails(scratch_file(b"")?.write(b"x", 1 << 63), ErrorCode::Invalid)),
        case("write:file-too-large", || fails(scratch_file(b"")?.write(b"x", TOO_LARGE), ErrorCode::FileTooLarge)),
        // set-size
        case("set-size:ok", || {
            let file = scratch_file(b"0123456789")?;
            works(file.set_size(4))?;
            equal(contents(&file)?, b"0123".to_vec())
        }),
        case("set-size:ok:grow", || {
            let file = scratch_file(b"01")?;
            works(file.set_size(4))?;
            equal(contents(&file)?, b"01\0\0".to_vec())
        }),
        case("set-size:invalid", || fails(scratch_file(b"")?.set_size(1 << 63), ErrorCode::Invalid)),
        case("set-size:invalid:read-only", || fails(opened_to_read()?.set_size(1), ErrorCode::Invalid)),
        case("set-size:bad-descriptor", || fails(scratch()?.set_size(1), ErrorCode::BadDescriptor)),
        case("set-size:file-too-large", || fails(scratch_file(b"")?.set_size(TOO_LARGE), ErrorCode::FileTooLarge)),
        // sync, sync-data
        case("sync:ok", || works(scratch_file(b"x")?.sync())),
        case("sync:ok:directory", || works(scratch()?.sync())),
        case("sync:ok:not-for-writing", || works(opened_to_read()?.sync())),
        case("sync-data:ok", || works(scratch_file(b"x")?.sync_data())),
        case("sync-data:ok:directory", || works(scratch()?.sync_data())),
        case("sync-data:ok:not-for-writing", || works(opened_to_read()?.sync_data())),
    ]
}

fn time_cases() -> Vec<Case> {
    vec![
        case("set-times:ok", || {
            let file = scratch_file(b"")?;
            works(file.set_times(NewTimestamp::Timestamp(THEN), NewTimestamp::Timestamp(THEN)))?;
            times_are(works(file.stat())?, THEN, THEN)
        }),
        case("set-times:ok:no-change", || {
            let file = scratch_file(b"")?;
            works(file.set_times(NewTimestamp::Timestamp(THEN), NewTimestamp::Timestamp(THEN)))?;
            works(file.set_times(NewTimestamp::NoChange, NewTimestamp::NoChange))?;
            times_are(works(file.stat())?, THEN, THEN)
        }),
        case("set-times:ok:now", || {
            let file = scratch_file(b"")?;
            works(file.set_times(NewTimestamp::Timestamp(THEN), NewTimestamp::Now))?;
            let modified = works(file.stat())?.data_modification_timestamp.map_or(0, |time| time.seconds);
            holds(wall_clock::now().seconds.abs_diff(modified) < 60, "the time of now", modified)
        }),
        case("set-times:ok:directory", || {
            let directory = scratch()?;
            works(directory.set_times(NewTimestamp::Timestamp(THEN), NewTimestamp::Timestamp(THEN)))?;
            times_are(works(directory.stat())?, THEN, THEN)
        }),
        case("set-times:ok:nanoseconds-carry", || {
            let file = scratch_file(b"")?;
            works(file.set_times(long_second(), long_second()))?;
            let carried = Datetime { seconds: 2, nanoseconds: 5 };
            times_are(works(file.stat())?, carried, carried)
        }),
        case("set-times-at:ok", || {
            let base = scratch()?;
            new_file(&base, "file", b"")?;
            works(base.set_times_at(NO_FOLLOW, "file", NewTimestamp::Timestamp(THEN), NewTimestamp::Timestamp(THEN)))?;
            times_are(works(base.stat_at(NO_FOLLOW, "file"))?, THEN, THEN)
        }),
        case("set-times-at:ok:no-follow", || {
            let base = scratch()?;
            works(base.symlink_at("missing", "link"))?;
            works(base.set_times_at(NO_FOLLOW, "link", NewTimestamp::Timestamp(THEN), NewTimestamp::Timestamp(THEN)))?;
            times_are(works(base.stat_at(NO_FOLLOW, "link"))?, THEN, THEN)
        }),
        case("set-times-at:ok:follow", || {
            let base = scratch()?;
            new_file(&base, "file", b"")?;
            works(base.symlink_at("file", "link"))?;
            works(base.set_times_at(FOLLOW, "link", NewTimestamp::Timestamp(THEN), NewTimestamp::Timestamp(THEN)))?;
            times_are(works(base.stat_at(NO_FOLLOW, "file"))?, THEN, THEN)
        }),
    ]
}

fn folder_cases() -> Vec<Case> {
    vec![
        case("create-directory-at:ok", || {
            let base = scratch()?;
            works(base.create_directory_at("new"))?;
            equal(works(base.stat_at(NO_FOLLOW, "new"))?.type_, DescriptorType::Directory)
        }),
        case("create-directory-at:ok:slash-at-the-end", || works(scratch()?.create_directory_at("new/"))),
        case("create-directory-at:exist", || fails(sandbox()?.create_directory_at("dir"), ErrorCode::Exist)),
        case("create-directory-at:exist:file", || fails(sandbox()?.create_directory_at("file"), ErrorCode::Exist)),
        case("create-directory-at:exist:dangling-link", || {
            fails(sandbox()?.create_directory_at("dangling"), ErrorCode::Exist)
        }),
        case("remove-directory-at:ok", || {
            let base = scratch()?;
            works(base.create_directory_at("gone"))?;
            works(base.remove_directory_at("gone"))?;
            holds(!exists(&base, "gone"), "no folder", "one")
        }),
        case("create-directory-at:ok:slashes-at-the-end", || works(scratch()?.create_directory_at("new////"))),
        case("create-directory-at:exist:dot", || fails(scratch()?.create_directory_at("."), ErrorCode::Exist)),
        case("create-directory-at:not-permitted:parent", || {
            fails(scratch()?.create_directory_at(".."), ErrorCode::NotPermitted)
        }),
        case("create-directory-at:not-permitted:root", || {
            fails(scratch()?.create_directory_at("/"), ErrorCode::NotPermitted)
        }),
        case("remove-directory-at:ok:slashes-at-the-end", || {
            let base = scratch()?;
            for name in ["gone/", "gone////"] {
                works(base.create_directory_at("gone"))?;
                works(base.remove_directory_at(name))?;
            }
            Ok(())
        }),
        case("remove-directory-at:not-permitted:parent", || {
            fails(scratch()?.remove_directory_at(".."), ErrorCode::NotPermitted)
        }),
        case("remove-directory-at:not-permitted:root", || {
            fails(scratch()?.remove_directory_at("/"), ErrorCode::NotPermitted)
        }),
        case("remove-directory-at:not-directory:slash-at-the-end", || {
            fails(sandbox()?.remove_directory_at("file/"), ErrorCode::NotDirectory)
        }),
        case("remove-directory-at:not-empty", || fails(sandbox()?.remove_directory_at("dir"), ErrorCode::NotEmpty)),
        case("remove-directory-at:not-directory:itself", || {
            fails(sandbox()?.remove_directory_at("file"), ErrorCode::NotDirectory)
        }),
        case("remove-directory-at:not-directory:link", || {
            fails(sandbox()?.remove_directory_at("link-to-dir"), ErrorCode::NotDirectory)
        }),
        case("remove-directory-at:invalid:dot", || fails(scratch()?.remove_directory_at("."), ErrorCode::Invalid)),
        case("unlink-file-at:ok", || {
            let base = scratch()?;
            new_file(&base, "gone", b"")?;
            works(base.unlink_file_at("gone"))?;
            holds(!exists(&base, "gone"), "no file", "one")
        }),
        case("unlink-file-at:ok:link", || {
            let base = scratch()?;
            new_file(&base, "file", b"")?;
            works(base.symlink_at("file", "link"))?;
            works(base.unlink_file_at("link"))?;
            equal(names(&base)?, vec!["file".into()])
        }),
        case("unlink-file-at:ok:open-file-lives", || {
            let base = scratch()?;
            let file = new_file(&base, "gone", b"still here")?;
            works(base.unlink_file_at("gone"))?;
            equal(contents(&file)?, b"still here".to_vec())
        }),
        case("unlink-file-at:is-directory", || fails(sandbox()?.unlink_file_at("dir"), ErrorCode::IsDirectory)),
        case("unlink-file-at:not-directory:slash-at-the-end", || {
            fails(sandbox()?.unlink_file_at("file/"), ErrorCode::NotDirectory)
        }),
    ]
}

fn link_cases() -> Vec<Case> {
    vec![
        case("link-at:ok", || {
            let base = scratch()?;
            let file = new_file(&base, "one", b"shared")?;
            works(base.link_at(NO_FOLLOW, "one", &base, "two"))?;
            equal(works(file.stat())?.link_count, 2)?;
            holds(file.is_same_object(&open_file(&base, "two")?), "the same object", "another")
        }),
        case("link-at:exist", || {
            let base = scratch()?;
            new_file(&base, "one", b"")?;
            new_file(&base, "two", b"")?;
            fails(base.link_at(NO_FOLLOW, "one", &base, "two"), ErrorCode::Exist)
        }),
        case("link-at:not-permitted:directory", || {
            let base = scratch()?;
            works(base.create_directory_at("dir"))?;
            fails(base.link_at(NO_FOLLOW, "dir", &base, "two"), ErrorCode::NotPermitted)
        }),
        case("link-at:invalid:follow", || {
            let base = scratch()?;
            new_file(&base, "one", b"")?;
            fails(base.link_at(FOLLOW, "one", &base, "two"), ErrorCode::Invalid)
        }),
        case("symlink-at:ok", || {
            let base = scratch()?;
            works(base.symlink_at("some/where", "link"))?;
            equal(works(base.readlink_at("link"))?, "some/where".into())
        }),
        case("symlink-at:exist", || fails(sandbox()?.symlink_at("any", "file"), ErrorCode::Exist)),
        case("symlink-at:not-permitted:absolute-target", || {
            fails(scratch()?.symlink_at("/etc/passwd", "link"), ErrorCode::NotPermitted)
        }),
        case("symlink-at:no-entry:empty-target", || fails(scratch()?.symlink_at("", "link"), ErrorCode::NoEntry)),
        case("symlink-at:name-too-long:target", || {
            fails(scratch()?.symlink_at(&"n".repeat(4096), "link"), ErrorCode::NameTooLong)
        }),
    ]
}

fn rename_cases() -> Vec<Case> {
    vec![
        case("rename-at:ok", || {
            let base = scratch()?;
            new_file(&base, "old", b"moved")?;
            works(base.rename_at("old", &base, "new"))?;
            equal(names(&base)?, vec!["new".into()])
        }),
        case("rename-at:ok:replace", || {
            let base = scratch()?;
            new_file(&base, "old", b"moved")?;
            new_file(&base, "new", b"replaced")?;
            works(base.rename_at("old", &base, "new"))?;
            equal(contents(&open_file(&base, "new")?)?, b"moved".to_vec())
        }),
        case("rename-at:ok:between-folders", || {
            let (base, target) = (scratch()?, scratch()?);
            new_file(&base, "old", b"moved")?;
            works(base.rename_at("old", &target, "new"))?;
            equal(names(&target)?, vec!["new".into()])
        }),
        case("rename-at:ok:empty-directory", || {
            let base = two_folders()?;
            works(base.rename_at("one", &base, "two"))?;
            equal(names(&base)?, vec!["two".into()])
        }),
        case("rename-at:not-directory:onto-file", || {
            let base = two_folders()?;
            new_file(&base, "file", b"")?;
            fails(base.rename_at("one", &base, "file"), ErrorCode::NotDirectory)
        }),
        case("rename-at:is-directory", || {
            let base = two_folders()?;
            new_file(&base, "file", b"")?;
            fails(base.rename_at("file", &base, "one"), ErrorCode::IsDirectory)
        }),
        case("rename-at:not-empty", || {
            let base = two_folders()?;
            works(base.open_at(NO_FOLLOW, "two/file", OpenFlags::CREATE, WRITE))?;
            fails(base.rename_at("one", &base, "two"), ErrorCode::NotEmpty)
        }),
        case("rename-at:invalid", || {
            let base = two_folders()?;
            fails(base.rename_at("one", &base, "one/below"), ErrorCode::Invalid)
        }),
        case("rename-at:busy:dot", || fails(scratch()?.rename_at(".", &scratch()?, "new"), ErrorCode::Busy)),
    ]
}

/// A file of the sandbox that is open for reading only.
fn opened_to_read() -> Opened {
    open_file(&sandbox()?, "file")
}

/// A folder with the empty folders `one` and `two`.
fn two_folders() -> Result<Descriptor, Mismatch> {
    let base = scratch()?;
    works(base.create_directory_at("one"))?;
    works(base.create_directory_at("two"))?;
    Ok(base)
}

/// More nanoseconds than a second has. The specification names no error for it; the engine carries them over.
fn long_second() -> NewTimestamp {
    NewTimestamp::Timestamp(Datetime { seconds: 1, nanoseconds: 1_000_000_005 })
}

fn times_are(stat: DescriptorStat, accessed: Datetime, modified: Datetime) -> Outcome {
    equal(stat.data_access_timestamp.map(whole), Some(whole(accessed)))?;
    equal(stat.data_modification_timestamp.map(whole), Some(whole(modified)))
}

fn whole(time: Datetime) -> (u64, u32) {
    (time.seconds, time.nanoseconds)
}
