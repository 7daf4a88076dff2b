// SPDX-License-Identifier: Apache-2.0
//! From words to a guest.

use crate::layout::{Cases, Fields, flag_bytes, flag_mask, flat_count, in_one_piece, size_and_align};
use crate::{resource, transmit};
use std::fmt;
use std::mem::MaybeUninit;
use std::slice::IterMut;
use wasmtime::component::__internal::{InterfaceType, LowerContext};
use wasmtime::component::Lower;
use wasmtime::{Error, Result, ValRaw};

/// The words aren't those of the type.
#[derive(Debug)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value's words don't fit its type")
    }
}

impl std::error::Error for Malformed {}

/// Reads words one after the other.
pub struct Words<'a>(pub &'a [u64]);

impl<'a> Words<'a> {
    #[inline]
    fn next(&mut self) -> Result<u64> {
        let (first, rest) = self.0.split_first().ok_or_else(malformed)?;
        self.0 = rest;
        Ok(*first)
    }

    /// # Safety
    /// The next two words are an address and so many of `size` bytes that can be read there for as long as the words.
    pub unsafe fn bytes(&mut self, size: usize) -> Result<(&'a [u8], usize)> {
        let (address, count) = (self.next()?, self.next()? as usize);
        let length = count.checked_mul(size).ok_or_else(malformed)?;
        if length == 0 {
            return Ok((&[], count));
        }
        // SAFETY: the caller's promise.
        Ok((unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(address as usize), length) }, count))
    }

    #[inline]
    pub fn end(&self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(malformed()) }
    }
}

#[cold]
fn malformed() -> Error {
    Malformed.into()
}

type Slots<'s> = IterMut<'s, MaybeUninit<ValRaw>>;

#[inline]
fn put(slots: &mut Slots<'_>, value: ValRaw) -> Result<()> {
    slots.next().ok_or_else(malformed)?.write(value);
    Ok(())
}

/// Puts one value into slots for core values.
///
/// # Safety
/// The words are those of the type, and their addresses can be read.
pub unsafe fn to_flat<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    from: &mut Words<'_>,
    slots: &mut Slots<'_>,
) -> Result<()> {
    let types = cx.types;
    match ty {
        InterfaceType::Bool => put(slots, ValRaw::u32(u32::from(from.next()? != 0))),
        InterfaceType::S8 => put(slots, ValRaw::i32(i32::from(from.next()? as i8))),
        InterfaceType::U8 => put(slots, ValRaw::u32(u32::from(from.next()? as u8))),
        InterfaceType::S16 => put(slots, ValRaw::i32(i32::from(from.next()? as i16))),
        InterfaceType::U16 => put(slots, ValRaw::u32(u32::from(from.next()? as u16))),
        InterfaceType::S32 => put(slots, ValRaw::i32(from.next()? as i32)),
        InterfaceType::U32 => put(slots, ValRaw::u32(from.next()? as u32)),
        InterfaceType::S64 | InterfaceType::U64 => put(slots, ValRaw::u64(from.next()?)),
        InterfaceType::Float32 => put(slots, ValRaw::f32(from.next()? as u32)),
        InterfaceType::Float64 => put(slots, ValRaw::f64(from.next()?)),
        InterfaceType::Char => put(slots, ValRaw::u32(character(from.next()?)?)),
        InterfaceType::String => {
            // SAFETY: the caller's promise.
            let (at, length) = unsafe { string(cx, from)? };
            put(slots, at)?;
            put(slots, length)
        }
        InterfaceType::List(_) | InterfaceType::Map(_) => {
            // SAFETY: the caller's promise.
            let (at, count) = unsafe { list(cx, ty, from)? };
            put(slots, ValRaw::i64(at as i64))?;
            put(slots, ValRaw::i64(count as i64))
        }
        InterfaceType::Record(record) => {
            for field in &types[record].fields {
                // SAFETY: the caller's promise.
                unsafe { to_flat(cx, field.ty, from, slots)? };
            }
            Ok(())
        }
        InterfaceType::Tuple(tuple) => {
            for ty in &types[tuple].types {
                // Of most functions: not worth a call.
                match ty {
                    InterfaceType::S32 => put(slots, ValRaw::i32(from.next()? as i32))?,
                    InterfaceType::U32 => put(slots, ValRaw::u32(from.next()? as u32))?,
                    InterfaceType::S64 | InterfaceType::U64 => put(slots, ValRaw::u64(from.next()?))?,
                    InterfaceType::Float64 => put(slots, ValRaw::f64(from.next()?))?,
                    // SAFETY: the caller's promise.
                    ty => unsafe { to_flat(cx, *ty, from, slots)? },
                }
            }
            Ok(())
        }
        InterfaceType::FixedLengthList(fixed) => {
            for _ in 0..types[fixed].size {
                // SAFETY: the caller's promise.
                unsafe { to_flat(cx, types[fixed].element, from, slots)? };
            }
            Ok(())
        }
        InterfaceType::Flags(flags) => {
            let count = types[flags].names.len();
            for first in (0..count).step_by(64) {
                let bits = from.next()? & flag_mask(count, first);
                put(slots, ValRaw::u32(bits as u32))?;
                if count > first + 32 {
                    put(slots, ValRaw::u32((bits >> 32) as u32))?;
                }
            }
            Ok(())
        }
        InterfaceType::Variant(_) | InterfaceType::Enum(_) | InterfaceType::Option(_) | InterfaceType::Result(_) => {
            let case = from.next()?;
            let payload = Cases::payload(types, ty, case).ok_or_else(malformed)?;
            put(slots, ValRaw::u32(case as u32))?;
            let mut left = flat_count(types, ty) - 1;
            if let Some(payload) = payload {
                left -= flat_count(types, payload);
                // SAFETY: the caller's promise.
                unsafe { to_flat(cx, payload, from, slots)? };
            }
            for _ in 0..left {
                put(slots, ValRaw::u64(0))?;
            }
            Ok(())
        }
        InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
            let handle = resource::lower(cx, ty, from.next()?)?;
            put(slots, ValRaw::u32(handle))
        }
        InterfaceType::Future(_) | InterfaceType::Stream(_) => {
            let handle = transmit::lower(cx, ty, from.next()?)?;
            put(slots, ValRaw::u32(handle))
        }
        InterfaceType::ErrorContext(_) => Err(malformed()),
    }
}

/// Puts one value into the guest's memory, where there is room for it.
///
/// # Safety
/// As [`to_flat`].
pub unsafe fn to_memory<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    from: &mut Words<'_>,
    at: usize,
) -> Result<()> {
    let types = cx.types;
    match ty {
        InterfaceType::Bool => *cx.get(at) = [u8::from(from.next()? != 0)],
        InterfaceType::S8 | InterfaceType::U8 => *cx.get(at) = [from.next()? as u8],
        InterfaceType::S16 | InterfaceType::U16 => *cx.get(at) = (from.next()? as u16).to_le_bytes(),
        InterfaceType::S32 | InterfaceType::U32 | InterfaceType::Float32 => {
            *cx.get(at) = (from.next()? as u32).to_le_bytes();
        }
        InterfaceType::S64 | InterfaceType::U64 | InterfaceType::Float64 => *cx.get(at) = from.next()?.to_le_bytes(),
        InterfaceType::Char => *cx.get(at) = character(from.next()?)?.to_le_bytes(),
        InterfaceType::String => {
            // SAFETY: the caller's promise.
            let (address, length) = unsafe { string(cx, from)? };
            *cx.get(at) = address.get_u32().to_le_bytes();
            *cx.get(at + 4) = length.get_u32().to_le_bytes();
        }
        InterfaceType::List(_) | InterfaceType::Map(_) => {
            // SAFETY: the caller's promise.
            let (address, count) = unsafe { list(cx, ty, from)? };
            *cx.get(at) = (address as u32).to_le_bytes();
            *cx.get(at + 4) = (count as u32).to_le_bytes();
        }
        InterfaceType::Record(record) => {
            let mut fields = Fields::default();
            for field in &types[record].fields {
                let offset = fields.place(types, field.ty);
                // SAFETY: the caller's promise.
                unsafe { to_memory(cx, field.ty, from, at + offset)? };
            }
        }
        InterfaceType::Tuple(tuple) => {
            let mut fields = Fields::default();
            for ty in &types[tuple].types {
                let offset = fields.place(types, *ty);
                // SAFETY: the caller's promise.
                unsafe { to_memory(cx, *ty, from, at + offset)? };
            }
        }
        InterfaceType::FixedLengthList(fixed) => {
            let (size, _) = size_and_align(types, types[fixed].element);
            for number in 0..types[fixed].size as usize {
                // SAFETY: the caller's promise.
                unsafe { to_memory(cx, types[fixed].element, from, at + number * size)? };
            }
        }
        InterfaceType::Flags(flags) => {
            let (count, bytes) = (types[flags].names.len(), flag_bytes(&types[flags]));
            for first in (0..count).step_by(64) {
                let bits = (from.next()? & flag_mask(count, first)).to_le_bytes();
                let length = (bytes - first / 8).min(8);
                cx.as_slice_mut()[at + first / 8..][..length].copy_from_slice(&bits[..length]);
            }
        }
        InterfaceType::Variant(_) | InterfaceType::Enum(_) | InterfaceType::Option(_) | InterfaceType::Result(_) => {
            let case = from.next()?;
            let payload = Cases::payload(types, ty, case).ok_or_else(malformed)?;
            let cases = Cases::of(types, ty).ok_or_else(malformed)?;
            cx.as_slice_mut()[at..][..cases.number].copy_from_slice(&case.to_le_bytes()[..cases.number]);
            if let Some(payload) = payload {
                // SAFETY: the caller's promise.
                unsafe { to_memory(cx, payload, from, at + cases.payload_at)? };
            }
        }
        InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
            *cx.get(at) = resource::lower(cx, ty, from.next()?)?.to_le_bytes();
        }
        InterfaceType::Future(_) | InterfaceType::Stream(_) => {
            *cx.get(at) = transmit::lower(cx, ty, from.next()?)?.to_le_bytes();
        }
        InterfaceType::ErrorContext(_) => return Err(malformed()),
    }
    Ok(())
}

fn character(word: u64) -> Result<u32> {
    u32::try_from(word).ok().and_then(char::from_u32).map(u32::from).ok_or_else(malformed)
}

/// # Safety
/// As [`to_flat`].
unsafe fn string<T>(cx: &mut LowerContext<'_, T>, from: &mut Words<'_>) -> Result<(ValRaw, ValRaw)> {
    // SAFETY: the caller's promise.
    let (bytes, _) = unsafe { from.bytes(1)? };
    let text = std::str::from_utf8(bytes).map_err(|_| Error::msg("a text for a guest isn't UTF-8"))?;
    // The engine writes it in the guest's encoding.
    let mut slots = MaybeUninit::<[ValRaw; 2]>::uninit();
    text.linear_lower_to_flat(cx, InterfaceType::String, &mut slots)?;
    // SAFETY: it has been written.
    let [at, length] = unsafe { slots.assume_init() };
    Ok((at, length))
}

/// Gives the list's address in the guest, and how many elements it has.
///
/// # Safety
/// As [`to_flat`].
unsafe fn list<T>(cx: &mut LowerContext<'_, T>, ty: InterfaceType, from: &mut Words<'_>) -> Result<(usize, usize)> {
    let types = cx.types;
    let element = match ty {
        InterfaceType::List(list) => types[list].element,
        InterfaceType::Map(map) => {
            let (map, count) = (&types[map], from.next()? as usize);
            let (size, align) = (map.entry_abi.size32 as usize, map.entry_abi.align32 as usize);
            let at = room(cx, count, size, align)?;
            for number in 0..count {
                let entry = at + number * size;
                // SAFETY: the caller's promise.
                unsafe {
                    to_memory(cx, map.key, from, entry)?;
                    to_memory(cx, map.value, from, entry + map.value_offset32 as usize)?;
                }
            }
            return Ok((at, count));
        }
        _ => return Err(malformed()),
    };
    let (size, align) = size_and_align(types, element);
    if in_one_piece(element) {
        // SAFETY: the caller's promise.
        let (bytes, count) = unsafe { one_piece(element, size, from)? };
        let at = room(cx, count, size, align)?;
        cx.as_slice_mut()[at..][..bytes.len()].copy_from_slice(bytes);
        return Ok((at, count));
    }
    let count = from.next()? as usize;
    let at = room(cx, count, size, align)?;
    for number in 0..count {
        // SAFETY: the caller's promise.
        unsafe { to_memory(cx, element, from, at + number * size)? };
    }
    Ok((at, count))
}

/// Elements that lie in one piece, as bytes, and how many they are.
///
/// # Safety
/// As [`to_flat`].
unsafe fn one_piece<'a>(element: InterfaceType, size: usize, from: &mut Words<'a>) -> Result<(&'a [u8], usize)> {
    // SAFETY: the caller's promise.
    let (bytes, count) = unsafe { from.bytes(size)? };
    if matches!(element, InterfaceType::Char) {
        for character in bytes.chunks_exact(4) {
            self::character(u64::from(u32::from_le_bytes([character[0], character[1], character[2], character[3]])))?;
        }
    }
    Ok((bytes, count))
}

/// Puts so many elements of a list's words where there is room for them.
///
/// # Safety
/// As [`to_flat`].
pub unsafe fn elements<T>(
    cx: &mut LowerContext<'_, T>,
    element: InterfaceType,
    from: &mut Words<'_>,
    at: usize,
    count: usize,
) -> Result<()> {
    let (size, align) = size_and_align(cx.types, element);
    let memory = cx.as_slice_mut().len();
    let end = count.checked_mul(size).and_then(|bytes| at.checked_add(bytes));
    if !at.is_multiple_of(align) || end.is_none_or(|end| end > memory) {
        return Err(Error::msg("a guest reads a stream to where it has no memory for it"));
    }
    if in_one_piece(element) {
        // SAFETY: the caller's promise.
        let (bytes, given) = unsafe { one_piece(element, size, from)? };
        if given != count {
            return Err(malformed());
        }
        cx.as_slice_mut()[at..][..bytes.len()].copy_from_slice(bytes);
        return Ok(());
    }
    if from.next()? != count as u64 {
        return Err(malformed());
    }
    for number in 0..count {
        // SAFETY: the caller's promise.
        unsafe { to_memory(cx, element, from, at + number * size)? };
    }
    Ok(())
}

/// Has the guest give room for a list.
fn room<T>(cx: &mut LowerContext<'_, T>, count: usize, size: usize, align: usize) -> Result<usize> {
    let bytes = count.checked_mul(size).filter(|bytes| *bytes < 1 << 31);
    let bytes = bytes.ok_or_else(|| Error::msg(format!("a list of {count} elements is too long for a guest")))?;
    cx.realloc(0, 0, align as u32, bytes)
}
