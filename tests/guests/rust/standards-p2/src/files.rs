// SPDX-License-Identifier: Apache-2.0
//! `wasi:filesystem/types`: what an open descriptor answers to a look: reading, listing, status, hashes.

use crate::check::{Case, Mismatch, case, equal, fails, holds, works};
use crate::fixture::*;
use wasip2::filesystem::types::{Advice, Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags};

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        // open-at
        case("open-at:ok", || equal(contents(&open_file(&sandbox()?, "file")?)?, CONTENTS.to_vec())),
        case("open-at:ok:follow-link", || {
            equal(contents(&open_file(&sandbox()?, "link-to-file")?)?, CONTENTS.to_vec())
        }),
        case("open-at:ok:dots-inside", || {
            equal(contents(&open_file(&sandbox()?, "dir/../dir/nested/../../file")?)?, CONTENTS.to_vec())
        }),
        case("open-at:ok:create", || {
            let base = scratch()?;
            works(base.open_at(NO_FOLLOW, "new", OpenFlags::CREATE, WRITE))?;
            equal(names(&base)?, vec!["new".into()])
        }),
        case("open-at:ok:truncate", || {
            let base = scratch()?;
            new_file(&base, "file", b"long")?;
            let file = works(base.open_at(NO_FOLLOW, "file", OpenFlags::TRUNCATE, READ | WRITE))?;
            equal(works(file.stat())?.size, 0)
        }),
        case("open-at:exist", || {
            fails(sandbox()?.open_at(FOLLOW, "file", OpenFlags::CREATE | OpenFlags::EXCLUSIVE, WRITE), ErrorCode::Exist)
        }),
        case("open-at:exist:dangling-link", || {
            let flags = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
            fails(sandbox()?.open_at(NO_FOLLOW, "dangling", flags, WRITE), ErrorCode::Exist)
        }),
        case("open-at:is-directory", || {
            fails(sandbox()?.open_at(FOLLOW, "dir", PLAIN, READ | WRITE), ErrorCode::IsDirectory)
        }),
        case("open-at:is-directory:truncate", || {
            fails(sandbox()?.open_at(FOLLOW, "dir", OpenFlags::TRUNCATE, READ | WRITE), ErrorCode::IsDirectory)
        }),
        case("open-at:is-directory:create", || {
            fails(sandbox()?.open_at(FOLLOW, "dir", OpenFlags::CREATE, WRITE), ErrorCode::IsDirectory)
        }),
        case("open-at:not-directory:flag", || {
            fails(sandbox()?.open_at(FOLLOW, "file", OpenFlags::DIRECTORY, READ), ErrorCode::NotDirectory)
        }),
        case("open-at:loop:no-follow", || {
            fails(sandbox()?.open_at(NO_FOLLOW, "link-to-file", PLAIN, READ), ErrorCode::Loop)
        }),
        case("open-at:invalid:create-directory", || {
            let flags = OpenFlags::CREATE | OpenFlags::DIRECTORY;
            fails(sandbox()?.open_at(FOLLOW, "new", flags, READ), ErrorCode::Invalid)
        }),
        case("open-at:unsupported:sync", || {
            let flags = READ | WRITE | DescriptorFlags::FILE_INTEGRITY_SYNC;
            fails(sandbox()?.open_at(FOLLOW, "file", PLAIN, flags), ErrorCode::Unsupported)
        }),
        // read
        case("read:ok", || equal(works(open_file(&sandbox()?, "file")?.read(8, 0))?, (CONTENTS[..8].to_vec(), false))),
        case("read:ok:offset", || equal(works(open_file(&sandbox()?, "file")?.read(2, 9))?, (b"of".to_vec(), false))),
        case("read:ok:end", || equal(works(open_file(&sandbox()?, "file")?.read(8, 1000))?, (vec![], true))),
        case("read:ok:more-than-memory", || {
            equal(works(open_file(&sandbox()?, "file")?.read(u64::MAX, 0))?.0, CONTENTS.to_vec())
        }),
        case("read:bad-descriptor:write-only", || {
            let file = works(sandbox()?.open_at(FOLLOW, "file", PLAIN, WRITE))?;
            fails(file.read(1, 0), ErrorCode::BadDescriptor)
        }),
        case("read:bad-descriptor:directory", || fails(directory()?.read(1, 0), ErrorCode::BadDescriptor)),
        case("read:invalid", || fails(open_file(&sandbox()?, "file")?.read(1, 1 << 63), ErrorCode::Invalid)),
        // advise
        case("advise:ok", || {
            let file = open_file(&sandbox()?, "file")?;
            let advices = [
                Advice::Normal,
                Advice::Sequential,
                Advice::Random,
                Advice::WillNeed,
                Advice::DontNeed,
                Advice::NoReuse,
            ];
            advices.into_iter().try_for_each(|advice| works(file.advise(0, 4, advice)))
        }),
        case("advise:bad-descriptor", || fails(directory()?.advise(0, 0, Advice::Normal), ErrorCode::BadDescriptor)),
        case("advise:invalid", || {
            fails(open_file(&sandbox()?, "file")?.advise(0, 1 << 63, Advice::Normal), ErrorCode::Invalid)
        }),
        // get-flags, get-type
        case("get-flags:ok:read", || equal(works(open_file(&sandbox()?, "file")?.get_flags())?, READ)),
        case("get-flags:ok", || equal(works(scratch_file(b"")?.get_flags())?, READ | WRITE)),
        case("get-flags:ok:directory", || {
            holds_flag(works(sandbox()?.get_flags())?, READ | DescriptorFlags::MUTATE_DIRECTORY)
        }),
        case("get-type:ok", || equal(works(open_file(&sandbox()?, "file")?.get_type())?, DescriptorType::RegularFile)),
        case("get-type:ok:directory", || equal(works(directory()?.get_type())?, DescriptorType::Directory)),
        // stat, stat-at
        case("stat:ok", || {
            let stat = works(open_file(&sandbox()?, "file")?.stat())?;
            equal((stat.type_, stat.size, stat.link_count), (DescriptorType::RegularFile, CONTENTS.len() as u64, 1))?;
            holds(stat.data_modification_timestamp.is_some(), "a time of modification", "none")
        }),
        case("stat:ok:directory", || equal(works(directory()?.stat())?.type_, DescriptorType::Directory)),
        case("stat-at:ok", || equal(works(sandbox()?.stat_at(NO_FOLLOW, "file"))?.size, CONTENTS.len() as u64)),
        case("stat-at:ok:directory", || {
            equal(works(sandbox()?.stat_at(FOLLOW, "dir"))?.type_, DescriptorType::Directory)
        }),
        case("stat-at:ok:follow", || {
            equal(works(sandbox()?.stat_at(FOLLOW, "link-to-file"))?.type_, DescriptorType::RegularFile)
        }),
        case("stat-at:ok:no-follow", || {
            let stat = works(sandbox()?.stat_at(NO_FOLLOW, "link-to-file"))?;
            equal((stat.type_, stat.size), (DescriptorType::SymbolicLink, "file".len() as u64))
        }),
        case("stat-at:ok:dangling", || {
            equal(works(sandbox()?.stat_at(NO_FOLLOW, "dangling"))?.type_, DescriptorType::SymbolicLink)
        }),
        case("stat-at:ok:fifo", || {
            let kind = works(sandbox()?.stat_at(NO_FOLLOW, "fifo"))?.type_;
            holds(matches!(kind, DescriptorType::Fifo | DescriptorType::Unknown), "fifo or unknown", kind)
        }),
        // read-directory
        case("read-directory:ok", || {
            equal(names(&open_directory(&sandbox()?, "dir")?)?, vec!["inner".into(), "nested".into()])
        }),
        case("read-directory:ok:empty", || equal(names(&scratch()?)?, vec![])),
        case("read-directory:ok:types", || {
            let entries = works(sandbox()?.read_directory())?;
            let mut seen = Vec::new();
            while let Some(entry) = works(entries.read_directory_entry())? {
                if ["dir", "file", "link-to-dir"].contains(&entry.name.as_str()) {
                    seen.push((entry.name, entry.type_));
                }
            }
            seen.sort_by(|one, other| one.0.cmp(&other.0));
            let expected = [
                ("dir", DescriptorType::Directory),
                ("file", DescriptorType::RegularFile),
                ("link-to-dir", DescriptorType::SymbolicLink),
            ];
            equal(seen, expected.map(|(name, kind)| (name.to_string(), kind)).to_vec())
        }),
        case("read-directory:ok:two-streams", || {
            let directory = open_directory(&sandbox()?, "dir")?;
            let (first, second) = (works(directory.read_directory())?, works(directory.read_directory())?);
            works(first.read_directory_entry())?;
            let mut count = 0;
            while works(second.read_directory_entry())?.is_some() {
                count += 1;
            }
            equal(count, 2)
        }),
        case("read-directory:not-directory", || {
            fails(open_file(&sandbox()?, "file")?.read_directory(), ErrorCode::NotDirectory)
        }),
        case("read-directory-entry:ok:end-stays", || {
            let entries = works(scratch()?.read_directory())?;
            holds(works(entries.read_directory_entry())?.is_none(), "the end", "an entry")?;
            holds(works(entries.read_directory_entry())?.is_none(), "the end again", "an entry")
        }),
        case("read-directory-entry:ok", || {
            let entries = works(open_directory(&sandbox()?, "dir/nested")?.read_directory())?;
            let entry = works(entries.read_directory_entry())?;
            equal(entry.map(|entry| (entry.name, entry.type_)), Some(("deep".into(), DescriptorType::RegularFile)))
        }),
        case("read-directory-entry:illegal-byte-sequence", || {
            let entries = works(open_directory(&sandbox()?, "not-unicode")?.read_directory())?;
            fails(entries.read_directory_entry(), ErrorCode::IllegalByteSequence)
        }),
        // readlink-at
        case("readlink-at:ok", || equal(works(sandbox()?.readlink_at("link-to-file"))?, "file".into())),
        case("readlink-at:ok:dangling", || equal(works(sandbox()?.readlink_at("dangling"))?, "missing".into())),
        case("readlink-at:invalid", || fails(sandbox()?.readlink_at("file"), ErrorCode::Invalid)),
        case("readlink-at:invalid:directory", || fails(sandbox()?.readlink_at("dir"), ErrorCode::Invalid)),
        case("readlink-at:not-permitted:absolute-target", || {
            fails(sandbox()?.readlink_at("link-absolute"), ErrorCode::NotPermitted)
        }),
        case("readlink-at:illegal-byte-sequence", || {
            fails(sandbox()?.readlink_at("link-not-unicode"), ErrorCode::IllegalByteSequence)
        }),
        // is-same-object, metadata-hash, metadata-hash-at
        case("is-same-object:ok", || {
            let (one, two) = (open_file(&sandbox()?, "file")?, open_file(&sandbox()?, "link-to-file")?);
            holds(one.is_same_object(&two), "the same object", "another")
        }),
        case("is-same-object:ok:directory", || {
            holds(
                directory()?.is_same_object(&open_directory(&sandbox()?, "link-to-dir")?),
                "the same object",
                "another",
            )
        }),
        case("is-same-object:ok:different", || {
            let (one, two) = (open_file(&sandbox()?, "file")?, open_file(&sandbox()?, "empty")?);
            holds(!one.is_same_object(&two), "another object", "the same")?;
            holds(!one.is_same_object(&directory()?), "another object than a folder", "the same")
        }),
        case("metadata-hash:ok", || {
            let base = sandbox()?;
            let (one, two) = (open_file(&base, "file")?, open_file(&base, "empty")?);
            equal(hash(&one)?, hash(&open_file(&base, "link-to-file")?)?)?;
            holds(hash(&one)? != hash(&two)?, "another hash for another file", "the same")
        }),
        case("metadata-hash-at:ok", || {
            let base = sandbox()?;
            let at = works(base.metadata_hash_at(NO_FOLLOW, "file"))?;
            equal((at.lower, at.upper), hash(&open_file(&base, "file")?)?)
        }),
        case("metadata-hash-at:ok:follow", || {
            let base = sandbox()?;
            let at = works(base.metadata_hash_at(FOLLOW, "link-to-file"))?;
            equal((at.lower, at.upper), hash(&open_file(&base, "file")?)?)
        }),
        // what only a locked folder shows
        case("open-at:access:file", || {
            fails(sandbox()?.open_at(FOLLOW, "locked-file", PLAIN, READ), ErrorCode::Access)
        }),
        case("open-at:access:create", || {
            fails(sandbox()?.open_at(FOLLOW, "unwritable/new", OpenFlags::CREATE, WRITE), ErrorCode::Access)
        }),
    ];
    cases.extend(file_base_cases());
    cases
}

/// An operation on a folder's descriptor that is asked of a file: the file is no folder.
fn file_base_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for function in crate::paths::functions() {
        cases.push(case(function.case_name("not-directory", "base"), move || {
            fails((function.call)(&open_file(&sandbox()?, "file")?, "any")?, ErrorCode::NotDirectory)
        }));
    }
    cases
}

fn directory() -> Opened {
    open_directory(&sandbox()?, "dir")
}

fn hash(descriptor: &Descriptor) -> Result<(u64, u64), Mismatch> {
    works(descriptor.metadata_hash()).map(|hash| (hash.lower, hash.upper))
}

fn holds_flag(got: DescriptorFlags, expected: DescriptorFlags) -> crate::check::Outcome {
    holds(got.contains(expected), &format!("at least {expected:?}"), got)
}
