// SPDX-License-Identifier: Apache-2.0
//! The files of WASI 0.3 in the words of 0.2, for cases that ask both the same. Each call waits for its answer; where
//! 0.3 has a stream, a call is one piece of it.

pub mod filesystem {
    pub mod preopens {
        use super::types::Descriptor;

        pub fn get_directories() -> Vec<(Descriptor, String)> {
            let folders = wasip3::filesystem::preopens::get_directories();
            folders.into_iter().map(|(folder, path)| (Descriptor(folder), path)).collect()
        }
    }

    pub mod types {
        use std::cell::{Cell, RefCell};
        use std::future::Future;
        pub use wasip2::filesystem::types::{
            Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, MetadataHashValue,
            NewTimestamp, OpenFlags, PathFlags,
        };
        use wasip3::filesystem::types as v3;
        use wasip3::wit_bindgen::{StreamResult, block_on};

        pub struct Descriptor(pub v3::Descriptor);

        impl Descriptor {
            pub fn open_at(
                &self,
                path_flags: PathFlags,
                path: &str,
                open_flags: OpenFlags,
                flags: DescriptorFlags,
            ) -> Result<Descriptor, ErrorCode> {
                let open_flags = v3::OpenFlags::from_bits_retain(open_flags.bits());
                let flags = v3::DescriptorFlags::from_bits_retain(flags.bits());
                answer(self.0.open_at(follow(path_flags), path.to_owned(), open_flags, flags)).map(Descriptor)
            }

            /// One piece, and whether the end came first.
            pub fn read(&self, length: u64, offset: u64) -> Result<(Vec<u8>, bool), ErrorCode> {
                let (mut stream, end) = self.0.read_via_stream(offset);
                let (result, bytes) = block_on(stream.read(Vec::with_capacity(length.min(1 << 16) as usize)));
                if result == StreamResult::Dropped && bytes.is_empty() {
                    answer(async { end.await })?;
                    return Ok((bytes, true));
                }
                Ok((bytes, false))
            }

            pub fn write(&self, bytes: &[u8], offset: u64) -> Result<u64, ErrorCode> {
                let (mut writer, reader) = wasip3::wit_stream::new();
                let end = self.0.write_via_stream(reader, offset);
                let unwritten = block_on(writer.write_all(bytes.to_vec()));
                drop(writer);
                answer(async { end.await })?;
                Ok((bytes.len() - unwritten.len()) as u64)
            }

            /// Whether a stream may be written here: nothing is.
            pub fn write_via_stream(&self, offset: u64) -> Result<(), ErrorCode> {
                let (writer, reader) = wasip3::wit_stream::new::<u8>();
                let end = self.0.write_via_stream(reader, offset);
                drop(writer);
                answer(async { end.await })
            }

            pub fn append_via_stream(&self) -> Result<(), ErrorCode> {
                let (writer, reader) = wasip3::wit_stream::new::<u8>();
                let end = self.0.append_via_stream(reader);
                drop(writer);
                answer(async { end.await })
            }

            pub fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<(), ErrorCode> {
                let advice = match advice {
                    Advice::Normal => v3::Advice::Normal,
                    Advice::Sequential => v3::Advice::Sequential,
                    Advice::Random => v3::Advice::Random,
                    Advice::WillNeed => v3::Advice::WillNeed,
                    Advice::DontNeed => v3::Advice::DontNeed,
                    Advice::NoReuse => v3::Advice::NoReuse,
                };
                answer(self.0.advise(offset, length, advice))
            }

            pub fn read_directory(&self) -> Result<DirectoryEntryStream, ErrorCode> {
                let (stream, end) = self.0.read_directory();
                let entries = block_on(stream.collect());
                let end = answer(async { end.await });
                // What 0.2 says at once.
                if let Err(code @ (ErrorCode::NotDirectory | ErrorCode::BadDescriptor)) = end {
                    return Err(code);
                }
                Ok(DirectoryEntryStream { entries: RefCell::new(entries.into_iter()), end: Cell::new(end) })
            }

            pub fn set_times(&self, access: NewTimestamp, modification: NewTimestamp) -> Result<(), ErrorCode> {
                answer(self.0.set_times(time(access), time(modification)))
            }

            pub fn set_times_at(
                &self,
                flags: PathFlags,
                path: &str,
                access: NewTimestamp,
                modification: NewTimestamp,
            ) -> Result<(), ErrorCode> {
                answer(self.0.set_times_at(follow(flags), path.to_owned(), time(access), time(modification)))
            }

            pub fn stat(&self) -> Result<DescriptorStat, ErrorCode> {
                answer(self.0.stat()).map(stat)
            }

            pub fn stat_at(&self, flags: PathFlags, path: &str) -> Result<DescriptorStat, ErrorCode> {
                answer(self.0.stat_at(follow(flags), path.to_owned())).map(stat)
            }

            pub fn get_flags(&self) -> Result<DescriptorFlags, ErrorCode> {
                answer(self.0.get_flags()).map(|flags| DescriptorFlags::from_bits_retain(flags.bits()))
            }

            pub fn get_type(&self) -> Result<DescriptorType, ErrorCode> {
                answer(self.0.get_type()).map(kind)
            }

            pub fn set_size(&self, size: u64) -> Result<(), ErrorCode> {
                answer(self.0.set_size(size))
            }

            pub fn sync(&self) -> Result<(), ErrorCode> {
                answer(self.0.sync())
            }

            pub fn sync_data(&self) -> Result<(), ErrorCode> {
                answer(self.0.sync_data())
            }

            pub fn create_directory_at(&self, path: &str) -> Result<(), ErrorCode> {
                answer(self.0.create_directory_at(path.to_owned()))
            }

            pub fn remove_directory_at(&self, path: &str) -> Result<(), ErrorCode> {
                answer(self.0.remove_directory_at(path.to_owned()))
            }

            pub fn unlink_file_at(&self, path: &str) -> Result<(), ErrorCode> {
                answer(self.0.unlink_file_at(path.to_owned()))
            }

            pub fn readlink_at(&self, path: &str) -> Result<String, ErrorCode> {
                answer(self.0.readlink_at(path.to_owned()))
            }

            pub fn symlink_at(&self, target: &str, path: &str) -> Result<(), ErrorCode> {
                answer(self.0.symlink_at(target.to_owned(), path.to_owned()))
            }

            pub fn link_at(
                &self,
                flags: PathFlags,
                path: &str,
                new_base: &Descriptor,
                new_path: &str,
            ) -> Result<(), ErrorCode> {
                answer(self.0.link_at(follow(flags), path.to_owned(), &new_base.0, new_path.to_owned()))
            }

            pub fn rename_at(&self, path: &str, new_base: &Descriptor, new_path: &str) -> Result<(), ErrorCode> {
                answer(self.0.rename_at(path.to_owned(), &new_base.0, new_path.to_owned()))
            }

            pub fn is_same_object(&self, other: &Descriptor) -> bool {
                block_on(self.0.is_same_object(&other.0))
            }

            pub fn metadata_hash(&self) -> Result<MetadataHashValue, ErrorCode> {
                answer(self.0.metadata_hash()).map(hash)
            }

            pub fn metadata_hash_at(&self, flags: PathFlags, path: &str) -> Result<MetadataHashValue, ErrorCode> {
                answer(self.0.metadata_hash_at(follow(flags), path.to_owned())).map(hash)
            }
        }

        pub struct DirectoryEntryStream {
            entries: RefCell<std::vec::IntoIter<v3::DirectoryEntry>>,
            end: Cell<Result<(), ErrorCode>>,
        }

        impl DirectoryEntryStream {
            pub fn read_directory_entry(&self) -> Result<Option<DirectoryEntry>, ErrorCode> {
                match self.entries.borrow_mut().next() {
                    Some(entry) => Ok(Some(DirectoryEntry { type_: kind(entry.type_), name: entry.name })),
                    None => self.end.get().map(|()| None),
                }
            }
        }

        fn answer<T>(call: impl Future<Output = Result<T, v3::ErrorCode>>) -> Result<T, ErrorCode> {
            block_on(call).map_err(code)
        }

        fn follow(flags: PathFlags) -> v3::PathFlags {
            v3::PathFlags::from_bits_retain(flags.bits())
        }

        fn time(time: NewTimestamp) -> v3::NewTimestamp {
            match time {
                NewTimestamp::NoChange => v3::NewTimestamp::NoChange,
                NewTimestamp::Now => v3::NewTimestamp::Now,
                NewTimestamp::Timestamp(time) => v3::NewTimestamp::Timestamp(v3::Instant {
                    seconds: time.seconds as i64,
                    nanoseconds: time.nanoseconds,
                }),
            }
        }

        fn stat(stat: v3::DescriptorStat) -> DescriptorStat {
            let time = |time: Option<v3::Instant>| {
                time.map(|time| crate::clocks::wall_clock::Datetime {
                    seconds: time.seconds as u64,
                    nanoseconds: time.nanoseconds,
                })
            };
            DescriptorStat {
                type_: kind(stat.type_),
                link_count: stat.link_count,
                size: stat.size,
                data_access_timestamp: time(stat.data_access_timestamp),
                data_modification_timestamp: time(stat.data_modification_timestamp),
                status_change_timestamp: time(stat.status_change_timestamp),
            }
        }

        fn hash(hash: v3::MetadataHashValue) -> MetadataHashValue {
            MetadataHashValue { lower: hash.lower, upper: hash.upper }
        }

        fn kind(kind: v3::DescriptorType) -> DescriptorType {
            match kind {
                v3::DescriptorType::BlockDevice => DescriptorType::BlockDevice,
                v3::DescriptorType::CharacterDevice => DescriptorType::CharacterDevice,
                v3::DescriptorType::Directory => DescriptorType::Directory,
                v3::DescriptorType::Fifo => DescriptorType::Fifo,
                v3::DescriptorType::SymbolicLink => DescriptorType::SymbolicLink,
                v3::DescriptorType::RegularFile => DescriptorType::RegularFile,
                v3::DescriptorType::Socket => DescriptorType::Socket,
                v3::DescriptorType::Other(_) => DescriptorType::Unknown,
            }
        }

        /// Both versions have the same names, but for `would-block` and `other`.
        macro_rules! codes {
            ($($name:ident)+) => {
                fn code(code: v3::ErrorCode) -> ErrorCode {
                    match code {
                        $(v3::ErrorCode::$name => ErrorCode::$name,)+
                        v3::ErrorCode::Other(_) => ErrorCode::WouldBlock,
                    }
                }
            };
        }

        codes! {
            Access Already BadDescriptor Busy Deadlock Quota Exist FileTooLarge IllegalByteSequence InProgress
            Interrupted Invalid Io IsDirectory Loop TooManyLinks MessageSize NameTooLong NoDevice NoEntry NoLock
            InsufficientMemory InsufficientSpace NotDirectory NotEmpty NotRecoverable Unsupported NoTty NoSuchDevice
            Overflow NotPermitted Pipe ReadOnly InvalidSeek TextFileBusy CrossDevice
        }
    }
}

pub mod clocks {
    pub mod wall_clock {
        pub use wasip2::clocks::wall_clock::Datetime;

        pub fn now() -> Datetime {
            let now = wasip3::clocks::system_clock::now();
            Datetime { seconds: now.seconds as u64, nanoseconds: now.nanoseconds }
        }
    }
}
