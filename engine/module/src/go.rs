// SPDX-License-Identifier: Apache-2.0
//! Room for the preview-1 adapter in modules that Go compiled.
//!
//! Go takes all of its linear memory from the end of its static data on for its own, and what it grows by too;
//! the adapter's two pages, grown in between, are overwritten (Go programs then die at the first call). So the
//! static data is made to end some pages later: Go's `moduledata`, which says where it ends, is changed,
//! and a `cabi_realloc` that gives out just these pages is added for the adapter.

use crate::layout::Layout;
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType,
    Instruction as I, MemoryType, Module, TypeSection, ValType,
};
use wasmparser::{Operator, Parser, Payload};

const PAGE: u64 = 64 << 10;
/// What the adapter takes: a page of stack and a page of state, and as much again to be sure.
const ROOM: u64 = 4 * PAGE;
/// Go's linker makes the memory this much larger than the static data, rounded down to pages.
const GO_INITIAL_HEAP: u64 = 1 << 20;

/// The module with room for the adapter, when Go compiled it and it has none yet.
pub fn make_room(core: &[u8]) -> Option<Vec<u8>> {
    let found = find(core)?;
    let mut patched = core.to_vec();
    found.data.write(&mut patched, found.end_at, found.static_end, found.static_end + ROOM)?;
    let mut module = Module::new();
    let mut room = Room { found, type_index: 0 };
    room.parse_core_module(&mut module, Parser::new(0), &patched).ok()?;
    Some(module.finish())
}

/// 512 MiB of static data.
const MOST_PAGES: u64 = 8192;

fn is_go(core: &[u8]) -> bool {
    Parser::new(0)
        .parse_all(core)
        .any(|payload| matches!(payload, Ok(Payload::CustomSection(section)) if section.name() == "go:buildid"))
}

struct Found {
    data: StaticData,
    /// The address at which the end of the static data is written, as 8 bytes.
    end_at: usize,
    static_end: u64,
    functions: u32,
    globals: u32,
}

fn find(core: &[u8]) -> Option<Found> {
    if !is_go(core) {
        return None;
    }
    let Layout { functions, globals, pages, .. } = Layout::of(core)?;
    // Larger static data than any program's: not Go's, whatever it says.
    if pages > MOST_PAGES {
        return None;
    }
    let mut data = StaticData::default();
    for payload in Parser::new(0).parse_all(core) {
        let Payload::DataSection(section) = payload.ok()? else { continue };
        for datum in section {
            let datum = datum.ok()?;
            let wasmparser::DataKind::Active { offset_expr, .. } = datum.kind else { return None };
            let Some(Ok(Operator::I32Const { value })) = offset_expr.get_operators_reader().into_iter().next() else {
                return None;
            };
            let address = usize::try_from(value).ok().filter(|at| (*at as u64) < pages * PAGE)?;
            data.add(address, datum.data, datum.range.end - datum.data.len());
        }
    }
    let least = (pages * PAGE).checked_sub(GO_INITIAL_HEAP)?;
    let (end_at, static_end) = moduledata_end(&data.memory, least..least + PAGE)?;
    Some(Found { data, end_at, static_end, functions, globals })
}

/// The memory as it begins, and where in the file its pieces come from: Go's linker leaves out runs of zeroes,
/// also in the middle of a structure.
#[derive(Default)]
struct StaticData {
    memory: Vec<u8>,
    /// Address, place in the file, length; by address.
    pieces: Vec<(usize, usize, usize)>,
}

impl StaticData {
    fn add(&mut self, address: usize, bytes: &[u8], in_file: usize) {
        let end = address + bytes.len();
        self.memory.resize(self.memory.len().max(end), 0);
        self.memory[address..end].copy_from_slice(bytes);
        self.pieces.push((address, in_file, bytes.len()));
    }

    /// Changes a word; nothing when a byte that changes isn't in the file.
    fn write(&self, file: &mut [u8], address: usize, old: u64, new: u64) -> Option<()> {
        for (i, (old, new)) in old.to_le_bytes().into_iter().zip(new.to_le_bytes()).enumerate() {
            if old == new {
                continue;
            }
            let at = address + i;
            let (from, in_file, _) =
                self.pieces.iter().find(|(from, _, length)| (*from..from + length).contains(&at))?;
            file[in_file + at - from] = new;
        }
        Some(())
    }
}

/// Go's `moduledata` has, in this order and as 64-bit words: where the data, the other data and the two kinds of
/// zeroed data begin and end, the coverage counters, and the end of all. No other words of a program rise so.
fn moduledata_end(memory: &[u8], window: std::ops::Range<u64>) -> Option<(usize, u64)> {
    const WORDS_BEFORE_END: usize = 10; // noptrdata … ecovctrs
    let word = |at: usize| memory.get(at..at + 8).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap_or_default()));
    let in_window = |at: usize| word(at).filter(|end| window.contains(end));
    let mut at = (8 * WORDS_BEFORE_END..memory.len()).step_by(8).find(|at| {
        let Some(end) = in_window(*at) else { return false };
        let first = at - 8 * WORDS_BEFORE_END;
        let bounds: Vec<u64> = (0..8).map_while(|i| word(first + 8 * i)).chain([end]).collect();
        bounds[0] > 0 && bounds.is_sorted()
    })?;
    // The text's end before them fits too, and then this is the counters' end: the last that still rises is it.
    while in_window(at + 8) >= in_window(at) {
        at += 8;
    }
    Some((at, in_window(at)?))
}

struct Room {
    found: Found,
    type_index: u32,
}

type Outcome = Result<(), Error<Infallible>>;

impl Reencode for Room {
    type Error = Infallible;

    fn parse_type_section(&mut self, types: &mut TypeSection, section: wasmparser::TypeSectionReader<'_>) -> Outcome {
        utils::parse_type_section(self, types, section)?;
        self.type_index = types.len();
        types.ty().function([ValType::I32; 4], [ValType::I32]);
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Outcome {
        utils::parse_function_section(self, functions, section)?;
        functions.function(self.type_index);
        Ok(())
    }

    fn memory_type(&mut self, memory: wasmparser::MemoryType) -> Result<MemoryType, Error<Infallible>> {
        let mut memory = utils::memory_type(self, memory);
        memory.minimum += ROOM / PAGE;
        Ok(memory)
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Outcome {
        utils::parse_global_section(self, globals, section)?;
        let next = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(next, &ConstExpr::i32_const(self.found.static_end as i32));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Outcome {
        utils::parse_export_section(self, exports, section)?;
        exports.export("cabi_realloc", ExportKind::Func, self.found.functions);
        Ok(())
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: wasmparser::CodeSectionReader<'_>) -> Outcome {
        utils::parse_code_section(self, code, section)?;
        code.function(&self.realloc());
        Ok(())
    }
}

impl Room {
    /// `cabi_realloc(old, old_size, align, size)`: the next `size` bytes of the room; traps when it is full, or
    /// asked to make an old allocation larger.
    fn realloc(&self) -> Function {
        let next = self.found.globals;
        let room_end = (self.found.static_end + ROOM) as i32;
        let mut function = Function::new([(1, ValType::I32)]);
        const OLD_SIZE: u32 = 1;
        const ALIGN: u32 = 2;
        const SIZE: u32 = 3;
        const RESULT: u32 = 4;
        for instruction in [
            // result = (next + align - 1) & -align
            I::GlobalGet(next),
            I::LocalGet(ALIGN),
            I::I32Add,
            I::I32Const(1),
            I::I32Sub,
            I::I32Const(0),
            I::LocalGet(ALIGN),
            I::I32Sub,
            I::I32And,
            I::LocalTee(RESULT),
            // next = result + size
            I::LocalGet(SIZE),
            I::I32Add,
            I::GlobalSet(next),
            I::LocalGet(OLD_SIZE),
            I::GlobalGet(next),
            I::I32Const(room_end),
            I::I32GtU,
            I::I32Or,
            I::If(BlockType::Empty),
            I::Unreachable,
            I::End,
            I::LocalGet(RESULT),
            I::End,
        ] {
            function.instruction(&instruction);
        }
        function
    }
}
