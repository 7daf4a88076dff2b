// SPDX-License-Identifier: Apache-2.0
//! Heaps of old C libraries, beside the preview-1 adapter.
//!
//! A C library older than 2023 (as Debian 12 has it) takes all memory up to the present size for its heap when it
//! first allocates. By then the adapter has grown the memory by its two pages, which the heap would overwrite. So until
//! the module itself grows its memory, it is told the size that it began with; what it then gets lies behind the
//! adapter's pages, and a C library asks where that is.

use crate::layout::Layout;
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, Function, FunctionSection, GlobalSection, GlobalType, Instruction as I, Module,
    TypeSection, ValType,
};
use wasmparser::{Operator, Parser, Payload};

/// The module with its own view of its memory's size; nothing when it doesn't look at it, or brings an allocator for
/// the adapter.
pub fn keep_apart(core: &[u8]) -> Option<Vec<u8>> {
    let layout = Layout::of(core)?;
    if !looks(core)? {
        return None;
    }
    let mut module = Module::new();
    let mut own = OwnView { layout, types: 0 };
    own.parse_core_module(&mut module, Parser::new(0), core).ok()?;
    Some(module.finish())
}

/// Whether any function asks for the memory's size.
fn looks(core: &[u8]) -> Option<bool> {
    for payload in Parser::new(0).parse_all(core) {
        let Payload::CodeSectionEntry(body) = payload.ok()? else { continue };
        for operator in body.get_operators_reader().ok()? {
            if matches!(operator.ok()?, Operator::MemorySize { .. }) {
                return Some(true);
            }
        }
    }
    Some(false)
}

struct OwnView {
    layout: Layout,
    /// The first of the two types that are added.
    types: u32,
}

type Outcome = Result<(), Error<Infallible>>;

impl Reencode for OwnView {
    type Error = Infallible;

    fn parse_type_section(&mut self, types: &mut TypeSection, section: wasmparser::TypeSectionReader<'_>) -> Outcome {
        utils::parse_type_section(self, types, section)?;
        self.types = types.len();
        types.ty().function([], [ValType::I32]);
        types.ty().function([ValType::I32], [ValType::I32]);
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Outcome {
        utils::parse_function_section(self, functions, section)?;
        functions.function(self.types);
        functions.function(self.types + 1);
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Outcome {
        utils::parse_global_section(self, globals, section)?;
        let grown = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(grown, &ConstExpr::i32_const(0));
        Ok(())
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Result<I<'a>, Error<Infallible>> {
        Ok(match operator {
            Operator::MemorySize { mem: 0 } => I::Call(self.layout.functions),
            Operator::MemoryGrow { mem: 0 } => I::Call(self.layout.functions + 1),
            other => utils::instruction(self, other)?,
        })
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: wasmparser::CodeSectionReader<'_>) -> Outcome {
        utils::parse_code_section(self, code, section)?;
        let grown = self.layout.globals;
        let mut size = Function::new([]);
        for instruction in [
            I::GlobalGet(grown),
            I::If(BlockType::Result(ValType::I32)),
            I::MemorySize(0),
            I::Else,
            I::I32Const(self.layout.pages as i32),
            I::End,
            I::End,
        ] {
            size.instruction(&instruction);
        }
        let mut grow = Function::new([]);
        for instruction in [I::I32Const(1), I::GlobalSet(grown), I::LocalGet(0), I::MemoryGrow(0), I::End] {
            grow.instruction(&instruction);
        }
        code.function(&size);
        code.function(&grow);
        Ok(())
    }
}
