// SPDX-License-Identifier: Apache-2.0
//! What both ways share: how types lie in a guest's memory.

use wasmtime::component::__internal::wasmtime_environ::component::TypeFlags;
use wasmtime::component::__internal::{ComponentTypes, InterfaceType};

/// The elements of such a list lie for C++ as they lie for the guest.
pub fn in_one_piece(element: InterfaceType) -> bool {
    use InterfaceType::*;
    matches!(element, Bool | S8 | U8 | S16 | U16 | S32 | U32 | S64 | U64 | Float32 | Float64 | Char)
}

/// Bytes of a value in memory, and what its address is a multiple of.
pub fn size_and_align(types: &ComponentTypes, ty: InterfaceType) -> (usize, usize) {
    let abi = types.canonical_abi(&ty);
    (abi.size32 as usize, abi.align32 as usize)
}

/// How many core values a type is passed as.
pub fn flat_count(types: &ComponentTypes, ty: InterfaceType) -> usize {
    types.canonical_abi(&ty).flat_count(usize::MAX).unwrap_or(0)
}

/// Places fields one after the other.
#[derive(Default)]
pub struct Fields(usize);

impl Fields {
    pub fn place(&mut self, types: &ComponentTypes, ty: InterfaceType) -> usize {
        let (size, align) = size_and_align(types, ty);
        let at = self.0.next_multiple_of(align);
        self.0 = at + size;
        at
    }
}

/// Where a value with cases has which case it is, and what is in it.
pub struct Cases {
    /// Bytes of the case's number, at the beginning.
    pub number: usize,
    pub payload_at: usize,
}

impl Cases {
    /// Nothing for a type without cases.
    pub fn of(types: &ComponentTypes, ty: InterfaceType) -> Option<Self> {
        let (count, info) = match ty {
            InterfaceType::Variant(variant) => (types[variant].cases.len(), &types[variant].info),
            InterfaceType::Enum(cases) => (types[cases].names.len(), &types[cases].info),
            InterfaceType::Option(option) => (2, &types[option].info),
            InterfaceType::Result(result) => (2, &types[result].info),
            _ => return None,
        };
        let number = match count {
            ..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        };
        Some(Cases { number, payload_at: info.payload_offset32 as usize })
    }

    /// What is in a case, if there is such a case.
    pub fn payload(types: &ComponentTypes, ty: InterfaceType, case: u64) -> Option<Option<InterfaceType>> {
        match (ty, case) {
            (InterfaceType::Variant(variant), _) => {
                types[variant].cases.get_index(usize::try_from(case).ok()?).map(|(_, payload)| *payload)
            }
            (InterfaceType::Enum(cases), _) => (case < types[cases].names.len() as u64).then_some(None),
            (InterfaceType::Option(_), 0) => Some(None),
            (InterfaceType::Option(option), 1) => Some(Some(types[option].ty)),
            (InterfaceType::Result(result), 0) => Some(types[result].ok),
            (InterfaceType::Result(result), 1) => Some(types[result].err),
            _ => None,
        }
    }
}

/// Bytes of the flags in memory; those of 17 and more are whole words of 32 bits.
pub fn flag_bytes(flags: &TypeFlags) -> usize {
    flags.abi.size32 as usize
}

/// The bits of a word that are flags, of those from `first` on.
pub fn flag_mask(count: usize, first: usize) -> u64 {
    match count.saturating_sub(first) {
        0 => 0,
        64.. => u64::MAX,
        left => (1 << left) - 1,
    }
}
