// SPDX-License-Identifier: Apache-2.0
//! The files door: `wasi:filesystem` 0.2 over the engine's own implementation.
//!
//! Guests resolve paths against their preopens inside themselves, so a path that no preopen covers never
//! reaches a host. A last, *phantom* preopen `/` brings it here. The phantom opens and lists as an empty
//! folder; below it, a look finds nothing and a write is not permitted, and either is told to the owner.
//! Behind its handle stands no folder of this machine, so that a forgotten check opens nothing.

use crate::beneath::{self, Manner, Stop};
use crate::content::{ContentDoor, Fault, Found, Why};
use crate::content_files::{self, ContentNode};
use crate::counted::Named;
use crate::ledger::{Counted, Hold};
use crate::open_file::OpenFile;
use crate::os::Ways;
use crate::place::{NO_GRANT, Place, join};
use crate::translate::error_code;
use crate::{Capability, Door, DoorsView, Knock, Operation, Reason};
use std::collections::HashMap;
use std::fs::File;
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{FsError, FsResult};
use wasmtime_wasi::{FsPerms, OpenMode};

/// The guards of this door. All stand, but in a hostile test that turns one off.
#[derive(Clone, Copy)]
pub struct Guards {
    /// A path stays below its folder.
    pub confinement: bool,
    /// A read-only grant is not written through.
    pub read_only: bool,
    /// No link or rename from one grant to another.
    pub cross_grant: bool,
    /// FIFOs, sockets and devices are not opened.
    pub special_files: bool,
}

/// One folder that a grant opens.
pub struct Preopen {
    pub dir: Dir,
    pub guest_path: String,
    /// Where what is stored in it has a limit.
    pub counted: Option<Counted>,
    /// What it is in place of a folder of the host.
    pub(crate) content: Option<Arc<ContentNode>>,
}

/// Where the phantom is listed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phantom {
    None,
    /// In 0.2; in 0.3 where there is no folder beside it. A guest of 0.3 that has folders finds just those, as its
    /// interface says, and what it looks for elsewhere ends inside it.
    Listed,
    /// In both: what the guest looks for is more important than what it finds.
    Always,
}

pub struct FilesDoor {
    pub(crate) preopens: Vec<Preopen>,
    pub(crate) phantom: Option<Dir>,
    pub(crate) phantom_always: bool,
    /// The owner is asked about each use of a folder too, not told of refusals alone.
    pub asks_each: bool,
    /// The folders that the guest has open, by handle.
    pub(crate) places: HashMap<u32, Place>,
    /// What of granted content it has open, by handle.
    pub(crate) contents: HashMap<u32, Arc<ContentNode>>,
    /// The counted files that it has open, by handle.
    pub(crate) holds: HashMap<u32, Arc<Hold>>,
    ways: Ways,
    guards: Guards,
}

/// What stands behind the phantom, for all guests: opening anything below it fails in the kernel too.
fn nowhere() -> std::io::Result<Dir> {
    static NOWHERE: OnceLock<Dir> = OnceLock::new();
    if let Some(nowhere) = NOWHERE.get() {
        return Ok(nowhere.clone());
    }
    let opened = Dir::new(File::open("/dev/null")?, FsPerms::ReadOnly, OpenMode::READ, true);
    Ok(NOWHERE.get_or_init(|| opened).clone())
}

/// What stands behind granted content, for all guests. As above; another one, since it isn't the phantom.
fn hollow() -> std::io::Result<Dir> {
    static HOLLOW: OnceLock<Dir> = OnceLock::new();
    if let Some(hollow) = HOLLOW.get() {
        return Ok(hollow.clone());
    }
    let opened = Dir::new(File::open("/dev/null")?, FsPerms::ReadOnly, OpenMode::READ, true);
    Ok(HOLLOW.get_or_init(|| opened).clone())
}

impl FilesDoor {
    pub fn new(preopens: Vec<Preopen>, phantom: Phantom, ways: Ways, guards: Guards) -> std::io::Result<Self> {
        let phantom_always = phantom == Phantom::Always;
        let phantom = if phantom == Phantom::None { None } else { Some(nowhere()?) };
        Ok(FilesDoor {
            preopens,
            phantom,
            phantom_always,
            asks_each: false,
            places: HashMap::new(),
            contents: HashMap::new(),
            holds: HashMap::new(),
            ways,
            guards,
        })
    }

    /// Opens a host folder for a grant.
    pub fn open_folder(
        host_path: &str,
        guest_path: &str,
        perms: FsPerms,
        counted: Option<Counted>,
    ) -> std::io::Result<Preopen> {
        let folder = File::open(host_path)?;
        if !folder.metadata()?.is_dir() {
            return Err(std::io::Error::from(std::io::ErrorKind::NotADirectory));
        }
        let mode = match perms {
            FsPerms::ReadOnly => OpenMode::READ,
            FsPerms::ReadWrite => OpenMode::READ | OpenMode::WRITE,
        };
        let dir = Dir::new(folder, perms, mode, true);
        Ok(Preopen { dir, guest_path: guest_path.to_owned(), counted, content: None })
    }

    /// Shows content as a folder that can only be read.
    pub fn open_content(target: &str, guest_path: &str, door: ContentDoor) -> std::io::Result<Preopen> {
        let content = Some(ContentNode::root(door, target));
        Ok(Preopen { dir: hollow()?, guest_path: guest_path.to_owned(), counted: None, content })
    }

    /// The guest's path to a place. The phantom is no grant and lies at `/`.
    fn guest_path(&self, place: &Place) -> String {
        let root = self.preopens.get(place.grant).map_or("/", |preopen| &preopen.guest_path);
        place.path_from(root)
    }

    pub(crate) fn manner(&self) -> Manner {
        Manner { ways: self.ways, confine: self.guards.confinement, plain: self.guards.special_files }
    }

    /// The account of the grant that a place lies in.
    pub(crate) fn counted(&self, place: &Place) -> Option<Counted> {
        self.preopens.get(place.grant)?.counted.clone()
    }

    fn is_phantom(&self, dir: &Dir) -> bool {
        self.phantom.as_ref().is_some_and(|phantom| Arc::ptr_eq(&phantom.dir, &dir.dir))
    }
}

/// What a path operation stands on.
pub(crate) enum At {
    Phantom,
    Folder(Dir),
}

impl<T: DoorsView> Door<'_, T> {
    pub(crate) fn descriptor(&mut self, fd: &Resource<Descriptor>) -> FsResult<&Descriptor> {
        Ok(self.0.ctx().table.get(fd)?)
    }

    pub(crate) fn at(&mut self, fd: &Resource<Descriptor>) -> FsResult<At> {
        let dir = match self.descriptor(fd)? {
            Descriptor::Dir(dir) => dir.clone(),
            Descriptor::File(_) => return Err(ErrorCode::NotDirectory.into()),
        };
        Ok(if self.0.doors().files.is_phantom(&dir) { At::Phantom } else { At::Folder(dir) })
    }

    pub(crate) fn is_phantom(&mut self, fd: &Resource<Descriptor>) -> FsResult<bool> {
        let Descriptor::Dir(dir) = self.descriptor(fd)? else { return Ok(false) };
        let dir = dir.clone();
        Ok(self.0.doors().files.is_phantom(&dir))
    }

    /// An open file and what its grant permits; nothing for a folder.
    pub(crate) fn open_file(&mut self, fd: &Resource<Descriptor>) -> FsResult<Option<(OpenFile, FsPerms)>> {
        let (file, perms) = match self.descriptor(fd)? {
            Descriptor::File(file) => (file.file.clone(), file.perms),
            Descriptor::Dir(_) => return Ok(None),
        };
        let door = &self.0.doors().files;
        Ok(Some((OpenFile { file, hold: door.holds.get(&fd.rep()).cloned(), ways: door.ways }, perms)))
    }

    /// What a handle is of granted content.
    pub(crate) fn content(&mut self, fd: &Resource<Descriptor>) -> Option<Arc<ContentNode>> {
        self.0.doors().files.contents.get(&fd.rep()).cloned()
    }

    /// Whether a path of granted content may be looked at, where each look is asked about.
    pub(crate) fn content_to_look(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: Operation,
        path: &str,
    ) -> FsResult<Option<Arc<ContentNode>>> {
        let Some(node) = self.content(fd) else { return Ok(None) };
        self.ask(fd, operation, path)?;
        Ok(Some(node))
    }

    /// Why granted content wasn't there, as a folder of this machine would say it.
    pub(crate) fn content_failed(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: Operation,
        path: &str,
        fault: &Fault,
    ) -> FsError {
        match fault.why {
            Why::Denied => self.refuse(fd, operation, path, Reason::Escape),
            _ => content_files::code(fault).into(),
        }
    }

    pub(crate) fn content_found(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: Operation,
        path: &str,
        found: Result<Found, Fault>,
    ) -> FsResult<Found> {
        found.map_err(|fault| self.content_failed(fd, operation, path, &fault))
    }

    pub(crate) fn push_content(&mut self, node: Arc<ContentNode>, place: Place) -> FsResult<Resource<Descriptor>> {
        let hollow = hollow().map_err(|e| error_code(&e))?;
        let fd = self.push_dir(hollow, place)?;
        self.0.doors().files.contents.insert(fd.rep(), node);
        Ok(fd)
    }

    /// An open file that may be changed.
    pub(crate) fn file_to_write(&mut self, fd: &Resource<Descriptor>) -> FsResult<OpenFile> {
        match self.open_file(fd)? {
            None if self.content(fd).is_some() => Err(ErrorCode::NotPermitted.into()),
            None => Err(ErrorCode::BadDescriptor.into()),
            Some((_, perms)) if perms.write_not_permitted() => Err(ErrorCode::NotPermitted.into()),
            Some((file, _)) => Ok(file),
        }
    }

    pub(crate) fn place(&mut self, fd: &Resource<Descriptor>) -> Place {
        let place = self.0.doors().files.places.get(&fd.rep()).cloned();
        place.unwrap_or_else(|| Place::root(NO_GRANT))
    }

    /// The guest's path to what it asks for.
    fn target(&mut self, fd: &Resource<Descriptor>, path: &str) -> String {
        let place = self.place(fd);
        let base = self.0.doors().files.guest_path(&place);
        if path.is_empty() || path == "." { base } else { join(&base, path) }
    }

    /// Asks the owner about the use of a granted folder, where each is asked about.
    pub(crate) fn ask(&mut self, fd: &Resource<Descriptor>, operation: Operation, path: &str) -> FsResult<()> {
        if !self.0.doors().files.asks_each {
            return Ok(());
        }
        let target = self.target(fd, path);
        let knock = Knock::new(Capability::Files, operation, &target, Reason::Ask);
        if self.0.doors().owner.ask(&knock) { Ok(()) } else { Err(ErrorCode::NotPermitted.into()) }
    }

    /// Tells the owner, and gives the guest its typed error.
    pub(crate) fn refuse(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: Operation,
        path: &str,
        reason: Reason,
    ) -> FsError {
        let target = self.target(fd, path);
        let knock = Knock::new(Capability::Files, operation, &target, reason);
        self.0.doors().owner.ask(&knock);
        match reason {
            Reason::NoGrant if operation.only_looks() => ErrorCode::NoEntry.into(),
            Reason::CrossGrant => ErrorCode::CrossDevice.into(),
            _ => ErrorCode::NotPermitted.into(),
        }
    }

    /// Refuses what the phantom, or a read-only grant, can't give; otherwise returns the folder.
    pub(crate) fn enter(&mut self, fd: &Resource<Descriptor>, operation: Operation, path: &str) -> FsResult<Dir> {
        if self.content(fd).is_some() {
            return Err(if operation.only_looks() {
                ErrorCode::NotPermitted.into()
            } else {
                self.refuse(fd, operation, path, Reason::ReadOnly)
            });
        }
        match self.at(fd)? {
            At::Phantom => Err(self.refuse(fd, operation, path, Reason::NoGrant)),
            At::Folder(dir) => {
                let held = self.0.doors().files.guards.read_only;
                if held && !operation.only_looks() && dir.perms.write_not_permitted() {
                    return Err(self.refuse(fd, operation, path, Reason::ReadOnly));
                }
                self.ask(fd, operation, path)?;
                Ok(dir)
            }
        }
    }

    /// The engine's own resolution answers an escape with `not-permitted`: tell the owner.
    pub(crate) fn told<R>(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: Operation,
        path: &str,
        result: FsResult<R>,
    ) -> FsResult<R> {
        match result {
            Err(e) if matches!(e.downcast_ref(), Some(ErrorCode::NotPermitted)) => {
                Err(self.refuse(fd, operation, path, Reason::Escape))
            }
            other => other,
        }
    }

    pub(crate) fn stopped(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: Operation,
        path: &str,
        stop: Stop,
    ) -> FsError {
        match stop {
            Stop::Escape => self.refuse(fd, operation, path, Reason::Escape),
            Stop::SpecialFile => self.refuse(fd, operation, path, Reason::SpecialFile),
            Stop::Os(e) => error_code(&e).into(),
        }
    }

    /// Makes or removes what `path` names: `change` gets the folder where it lies, and its name there.
    pub(crate) fn change(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: Operation,
        path: &str,
        change: impl FnOnce(Option<&Counted>, Named<'_>) -> rustix::io::Result<()>,
    ) -> FsResult<()> {
        let dir = self.enter(fd, operation, path)?;
        let (counted, manner) = (self.counted(fd), self.0.doors().files.manner());
        let parent = beneath::parent(dir.dir.as_fd(), path, manner);
        let changed = parent.and_then(|(folder, name)| Ok(change(counted.as_ref(), (folder.as_fd(), name))?));
        changed.map_err(|stop| self.stopped(fd, operation, path, stop))
    }

    /// Gives what one path names the name of another one: `change` gets the folders and the names of both.
    pub(crate) fn change_both(
        &mut self,
        operation: Operation,
        (fd, path): (&Resource<Descriptor>, &str),
        (new_fd, new_path): (&Resource<Descriptor>, &str),
        change: impl FnOnce(Option<&Counted>, Named<'_>, Named<'_>) -> rustix::io::Result<()>,
    ) -> FsResult<()> {
        let dir = self.enter(fd, operation, path)?;
        let new_dir = self.enter(new_fd, operation, new_path)?;
        let held = self.0.doors().files.guards.cross_grant;
        if held && self.place(fd).grant != self.place(new_fd).grant {
            return Err(self.refuse(new_fd, operation, new_path, Reason::CrossGrant));
        }
        let (counted, manner) = (self.counted(fd), self.0.doors().files.manner());
        let from = beneath::parent(dir.dir.as_fd(), path, manner);
        let (from, name) = from.map_err(|stop| self.stopped(fd, operation, path, stop))?;
        let to = beneath::parent(new_dir.dir.as_fd(), new_path, manner);
        let (to, new_name) = to.map_err(|stop| self.stopped(new_fd, operation, new_path, stop))?;
        let changed = change(counted.as_ref(), (from.as_fd(), name), (to.as_fd(), new_name));
        Ok(changed.map_err(|errno| error_code(&errno.into()))?)
    }

    /// The account that a folder is counted on.
    pub(crate) fn counted(&mut self, fd: &Resource<Descriptor>) -> Option<Counted> {
        let place = self.place(fd);
        self.0.doors().files.counted(&place)
    }

    pub(crate) fn push_dir(&mut self, dir: Dir, place: Place) -> FsResult<Resource<Descriptor>> {
        let fd = self.0.ctx().table.push(Descriptor::Dir(dir))?;
        self.0.doors().files.places.insert(fd.rep(), place);
        Ok(fd)
    }

    /// The phantom's own handle, opened or reopened.
    pub(crate) fn push_phantom(&mut self) -> FsResult<Resource<Descriptor>> {
        let dir = self.0.doors().files.phantom.clone().ok_or(ErrorCode::BadDescriptor)?;
        self.push_dir(dir, Place::root(NO_GRANT))
    }
}
