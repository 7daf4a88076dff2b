// SPDX-License-Identifier: Apache-2.0
//! What a guest asked for, in the words that the policy (C++) decides on.

/// The numbers are the C ABI's (`berth_capability`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Capability {
    Files = 1,
    HttpOut = 2,
    SocketOut = 3,
    SocketIn = 4,
    Dns = 5,
}

/// The numbers are the C ABI's (`berth_operation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Operation {
    OpenRead = 1,
    OpenWrite = 2,
    Stat = 3,
    ReadLink = 4,
    CreateDirectory = 5,
    Remove = 6,
    Rename = 7,
    Link = 8,
    Symlink = 9,
    SetTimes = 10,
    Connect = 11,
    Bind = 12,
    Send = 13,
    Resolve = 14,
    Request = 15,
    Listen = 16,
    Receive = 17,
}

impl Operation {
    /// Whether it only looks. A look below the phantom folder finds nothing; anything else isn't permitted.
    pub fn only_looks(self) -> bool {
        matches!(self, Self::OpenRead | Self::Stat | Self::ReadLink)
    }
}

/// Why the door stopped it. The numbers are the C ABI's (`berth_reason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Reason {
    /// No grant covers it.
    NoGrant = 1,
    /// A grant covers it for reading only.
    ReadOnly = 2,
    /// The path leads out of its grant, through `..`, an absolute path or a symbolic link.
    Escape = 3,
    /// A FIFO, a socket or a device: not a file that a grant opens.
    SpecialFile = 4,
    /// A link or a rename from one grant to another.
    CrossGrant = 5,
    /// The door doesn't know: the policy decides.
    Ask = 6,
    /// The policy lets it through, to a module that isn't served here.
    NoModule = 7,
}

/// What a guest asks for: what no grant opens, or, with [`Reason::Ask`], what the policy decides on.
pub struct Knock<'a> {
    pub capability: Capability,
    pub operation: Operation,
    /// The guest's path, the address, the URL or the name.
    pub target: &'a str,
    pub reason: Reason,
    /// Of a request: its method.
    pub method: &'a str,
    /// Of a request: the address that its name has; empty before that is known.
    pub resolved_to: &'a str,
    /// Of an address: the name that it was found by, if any.
    pub resolved_from: &'a str,
    /// A question on the way, or about what the guest didn't do: a refusal is no denial that a person wants to read.
    pub quiet: bool,
}

impl<'a> Knock<'a> {
    /// A knock without the parts that only networks have.
    pub fn new(capability: Capability, operation: Operation, target: &'a str, reason: Reason) -> Self {
        Knock { capability, operation, target, reason, method: "", resolved_to: "", resolved_from: "", quiet: false }
    }
}

/// The policy's side of the boundary. Called on the engine's threads, some on guests' fibers: must not
/// block and must not panic.
pub trait Owner: Send + Sync {
    /// Whether a policy opens this after all. Every refusal is recorded by the owner.
    fn ask(&self, knock: &Knock<'_>) -> bool;
}
