// SPDX-License-Identifier: Apache-2.0
//! From a guest to words. Everything that a guest says is checked: addresses, alignments, cases, characters and text; and
//! drawn from what one host call may carry.

use crate::layout::{Cases, Fields, flag_bytes, flag_mask, flat_count, in_one_piece, size_and_align};
use crate::{resource, transmit};
use std::slice::Iter;
use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{InterfaceType, LiftContext};
use wasmtime::component::Lift;
use wasmtime::{Error, Result, ValRaw, bail};

/// Words that were read, and what they point to that isn't the guest's memory.
#[derive(Default)]
pub struct Read {
    pub words: Vec<u64>,
    /// Text that the guest keeps in another encoding.
    texts: Vec<String>,
}

impl Read {
    pub fn clear(&mut self) {
        self.words.clear();
        self.texts.clear();
    }

    #[inline]
    fn put(&mut self, word: u64) {
        self.words.push(word);
    }

    fn bytes(&mut self, bytes: &[u8], count: usize) {
        self.put(bytes.as_ptr().expose_provenance() as u64);
        self.put(count as u64);
    }
}

#[inline]
fn next<'a>(slots: &mut Iter<'a, ValRaw>) -> Result<&'a ValRaw> {
    slots.next().ok_or_else(|| Error::msg("a guest's value has too few parts"))
}

/// Reads one value out of slots of core values.
pub fn from_flat(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    slots: &mut Iter<'_, ValRaw>,
    to: &mut Read,
) -> Result<()> {
    let types = cx.types;
    match ty {
        InterfaceType::Bool => to.put(u64::from(next(slots)?.get_u32() != 0)),
        InterfaceType::S8 => to.put(next(slots)?.get_i32() as i8 as u64),
        InterfaceType::U8 => to.put(u64::from(next(slots)?.get_u32() as u8)),
        InterfaceType::S16 => to.put(next(slots)?.get_i32() as i16 as u64),
        InterfaceType::U16 => to.put(u64::from(next(slots)?.get_u32() as u16)),
        InterfaceType::S32 => to.put(next(slots)?.get_i32() as u64),
        InterfaceType::U32 => to.put(u64::from(next(slots)?.get_u32())),
        InterfaceType::S64 | InterfaceType::U64 => to.put(next(slots)?.get_u64()),
        InterfaceType::Float32 => to.put(u64::from(next(slots)?.get_f32())),
        InterfaceType::Float64 => to.put(next(slots)?.get_f64()),
        InterfaceType::Char => to.put(u64::from(character(next(slots)?.get_u32())?)),
        InterfaceType::String => {
            let (at, length) = (next(slots)?, next(slots)?);
            string(cx, at.get_u32(), length.get_u32(), to)?;
        }
        InterfaceType::List(_) | InterfaceType::Map(_) => {
            let (at, count) = (next(slots)?.get_u32(), next(slots)?.get_u32());
            list(cx, ty, at, count, to)?;
        }
        InterfaceType::Record(record) => {
            for field in &types[record].fields {
                from_flat(cx, field.ty, slots, to)?;
            }
        }
        InterfaceType::Tuple(tuple) => {
            for ty in &types[tuple].types {
                // Of most functions: not worth a call.
                match ty {
                    InterfaceType::S32 => to.put(next(slots)?.get_i32() as u64),
                    InterfaceType::U32 => to.put(u64::from(next(slots)?.get_u32())),
                    InterfaceType::S64 | InterfaceType::U64 => to.put(next(slots)?.get_u64()),
                    InterfaceType::Float64 => to.put(next(slots)?.get_f64()),
                    ty => from_flat(cx, *ty, slots, to)?,
                }
            }
        }
        InterfaceType::FixedLengthList(fixed) => {
            for _ in 0..types[fixed].size {
                from_flat(cx, types[fixed].element, slots, to)?;
            }
        }
        InterfaceType::Flags(flags) => {
            let count = types[flags].names.len();
            for first in (0..count).step_by(64) {
                let low = u64::from(next(slots)?.get_u32());
                let high = if count > first + 32 { u64::from(next(slots)?.get_u32()) } else { 0 };
                to.put((low | high << 32) & flag_mask(count, first));
            }
        }
        InterfaceType::Variant(_) | InterfaceType::Enum(_) | InterfaceType::Option(_) | InterfaceType::Result(_) => {
            let case = next(slots)?.get_u32();
            let mut left = flat_count(types, ty) - 1;
            to.put(u64::from(case));
            if let Some(payload) = payload(cx, ty, case)? {
                left -= flat_count(types, payload);
                from_flat(cx, payload, slots, to)?;
            }
            for _ in 0..left {
                next(slots)?;
            }
        }
        InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
            let handle = next(slots)?.get_u32();
            to.put(resource::lift(cx, ty, handle)?);
        }
        InterfaceType::Future(_) | InterfaceType::Stream(_) => {
            let handle = next(slots)?.get_u32();
            to.put(transmit::lift(cx, ty, handle)?);
        }
        InterfaceType::ErrorContext(_) => bail!("a type that has no words"),
    }
    Ok(())
}

/// Reads one value out of the guest's memory, of which `at` was checked for its size.
pub fn from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, at: usize, to: &mut Read) -> Result<()> {
    let types = cx.types;
    match ty {
        InterfaceType::Bool => to.put(u64::from(bytes::<1>(cx, at)?[0] != 0)),
        InterfaceType::S8 => to.put(i8::from_le_bytes(bytes(cx, at)?) as u64),
        InterfaceType::U8 => to.put(u64::from(bytes::<1>(cx, at)?[0])),
        InterfaceType::S16 => to.put(i16::from_le_bytes(bytes(cx, at)?) as u64),
        InterfaceType::U16 => to.put(u64::from(u16::from_le_bytes(bytes(cx, at)?))),
        InterfaceType::S32 => to.put(i32::from_le_bytes(bytes(cx, at)?) as u64),
        InterfaceType::U32 | InterfaceType::Float32 => to.put(u64::from(word(cx, at)?)),
        InterfaceType::S64 | InterfaceType::U64 | InterfaceType::Float64 => {
            to.put(u64::from_le_bytes(bytes(cx, at)?));
        }
        InterfaceType::Char => to.put(u64::from(character(word(cx, at)?)?)),
        InterfaceType::String => string(cx, word(cx, at)?, word(cx, at + 4)?, to)?,
        InterfaceType::List(_) | InterfaceType::Map(_) => list(cx, ty, word(cx, at)?, word(cx, at + 4)?, to)?,
        InterfaceType::Record(record) => {
            let mut fields = Fields::default();
            for field in &types[record].fields {
                from_memory(cx, field.ty, at + fields.place(types, field.ty), to)?;
            }
        }
        InterfaceType::Tuple(tuple) => {
            let mut fields = Fields::default();
            for ty in &types[tuple].types {
                from_memory(cx, *ty, at + fields.place(types, *ty), to)?;
            }
        }
        InterfaceType::FixedLengthList(fixed) => {
            let (size, _) = size_and_align(types, types[fixed].element);
            for number in 0..types[fixed].size as usize {
                from_memory(cx, types[fixed].element, at + number * size, to)?;
            }
        }
        InterfaceType::Flags(flags) => {
            let (count, length) = (types[flags].names.len(), flag_bytes(&types[flags]));
            for first in (0..count).step_by(64) {
                let mut bits = [0; 8];
                let here = (length - first / 8).min(8);
                bits[..here].copy_from_slice(slice(cx, at + first / 8, here)?);
                to.put(u64::from_le_bytes(bits) & flag_mask(count, first));
            }
        }
        InterfaceType::Variant(_) | InterfaceType::Enum(_) | InterfaceType::Option(_) | InterfaceType::Result(_) => {
            let Some(cases) = Cases::of(types, ty) else { bail!("a type that has no cases") };
            let mut case = [0; 4];
            case[..cases.number].copy_from_slice(slice(cx, at, cases.number)?);
            let case = u32::from_le_bytes(case);
            to.put(u64::from(case));
            if let Some(payload) = payload(cx, ty, case)? {
                from_memory(cx, payload, at + cases.payload_at, to)?;
            }
        }
        InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
            let handle = word(cx, at)?;
            to.put(resource::lift(cx, ty, handle)?);
        }
        InterfaceType::Future(_) | InterfaceType::Stream(_) => {
            let handle = word(cx, at)?;
            to.put(transmit::lift(cx, ty, handle)?);
        }
        InterfaceType::ErrorContext(_) => bail!("a type that has no words"),
    }
    Ok(())
}

/// So much of the guest's memory; an error beyond its end.
pub fn slice<'a>(cx: &LiftContext<'a>, at: usize, length: usize) -> Result<&'a [u8]> {
    let end = at.checked_add(length);
    end.and_then(|end| cx.memory().get(at..end)).ok_or_else(|| Error::msg("a pointer is out of bounds of memory"))
}

/// The same, for what lies at multiples of its alignment.
pub fn aligned<'a>(cx: &LiftContext<'a>, at: u32, length: usize, align: usize) -> Result<&'a [u8]> {
    if !(at as usize).is_multiple_of(align) {
        bail!("a pointer is not aligned");
    }
    slice(cx, at as usize, length)
}

fn bytes<const N: usize>(cx: &LiftContext<'_>, at: usize) -> Result<[u8; N]> {
    let bytes = slice(cx, at, N)?.first_chunk::<N>();
    bytes.copied().ok_or_else(|| Error::msg("a pointer is out of bounds of memory"))
}

fn word(cx: &LiftContext<'_>, at: usize) -> Result<u32> {
    bytes(cx, at).map(u32::from_le_bytes)
}

fn character(word: u32) -> Result<u32> {
    match char::from_u32(word) {
        Some(_) => Ok(word),
        None => bail!("a character is none: {word:#x}"),
    }
}

fn string(cx: &mut LiftContext<'_>, at: u32, length: u32, to: &mut Read) -> Result<()> {
    if cx.options().string_encoding != StringEncoding::Utf8 {
        let text = String::linear_lift_from_flat(cx, InterfaceType::String, &[ValRaw::u32(at), ValRaw::u32(length)])?;
        to.bytes(text.as_bytes(), text.len());
        to.texts.push(text);
        return Ok(());
    }
    let bytes = slice(cx, at as usize, length as usize)?;
    cx.consume_fuel(bytes.len())?;
    std::str::from_utf8(bytes).map_err(|e| Error::msg(format!("a text isn't UTF-8: {e}")))?;
    to.bytes(bytes, bytes.len());
    Ok(())
}

fn list(cx: &mut LiftContext<'_>, ty: InterfaceType, at: u32, count: u32, to: &mut Read) -> Result<()> {
    let types = cx.types;
    let (address, count) = (at as usize, count as usize);
    if let InterfaceType::Map(map) = ty {
        let map = &types[map];
        let size = map.entry_abi.size32 as usize;
        begin_list(cx, at, count, size, map.entry_abi.align32 as usize)?;
        to.put(count as u64);
        for number in 0..count {
            let entry = address + number * size;
            from_memory(cx, map.key, entry, to)?;
            from_memory(cx, map.value, entry + map.value_offset32 as usize, to)?;
        }
        return Ok(());
    }
    let InterfaceType::List(list) = ty else { bail!("a type that is no list") };
    elements(cx, types[list].element, at, count, to)
}

/// The words of a list with so many elements, which lie at `at`.
pub fn elements(cx: &mut LiftContext<'_>, element: InterfaceType, at: u32, count: usize, to: &mut Read) -> Result<()> {
    let address = at as usize;
    let (size, align) = size_and_align(cx.types, element);
    if !in_one_piece(element) {
        begin_list(cx, at, count, size, align)?;
        to.put(count as u64);
        for number in 0..count {
            from_memory(cx, element, address + number * size, to)?;
        }
        return Ok(());
    }
    cx.consume_fuel_array(count, size)?;
    let bytes = aligned(cx, at, count.saturating_mul(size), align)?;
    if matches!(element, InterfaceType::Char) {
        for at in bytes.chunks_exact(4) {
            character(u32::from_le_bytes([at[0], at[1], at[2], at[3]]))?;
        }
    }
    to.bytes(bytes, count);
    Ok(())
}

/// Checks where a list lies, and draws what its words take.
fn begin_list(cx: &mut LiftContext<'_>, at: u32, count: usize, size: usize, align: usize) -> Result<()> {
    cx.consume_fuel_array(count, size_of::<u64>().max(size))?;
    aligned(cx, at, count.saturating_mul(size), align).map(|_| ())
}

/// What is in a case.
fn payload(cx: &LiftContext<'_>, ty: InterfaceType, case: u32) -> Result<Option<InterfaceType>> {
    let payload = Cases::payload(cx.types, ty, u64::from(case));
    payload.ok_or_else(|| Error::msg(format!("there is no case {case}")))
}
