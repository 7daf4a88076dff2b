// SPDX-License-Identifier: Apache-2.0
//! Heaps of old C libraries, beside the preview-1 adapter.
//!
//! A C library older than 2023 (as Debian 12 has it) takes all memory up to the present size for its heap when it
//! first allocates. By then the adapter has grown the memory by its two pages, which the heap would overwrite. So until
//! the module itself grows its memory, it is told the size that it began with; what it then gets lies behind the
//! adapter's pages, and a C library asks where that is.

use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, Function, FunctionSection, GlobalSection, GlobalType, Instruction as I, Module,
    TypeSection, ValType,
};
use wasmparser::{Operator, Parser, Payload, TypeRef};

/// The module with its own view of its memory's size; nothing when it doesn't look at it, or brings an allocator for
/// the adapter.
pub fn keep_apart(core: &[u8]) -> Option<Vec<u8>> {
    let found = find(core)?;
    let mut module = Module::new();
    let mut own = OwnView { found, types: 0 };
    own.parse_core_module(&mut module, Parser::new(0), core).ok()?;
    Some(module.finish())
}

struct Found {
    pages: u64,
    functions: u32,
    globals: u32,
    has_globals: bool,
}

fn find(core: &[u8]) -> Option<Found> {
    let mut found = Found { pages: 0, functions: 0, globals: 0, has_globals: false };
    let mut looks = false;
    for payload in Parser::new(0).parse_all(core) {
        match payload.ok()? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    match import.ok()?.ty {
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => found.functions += 1,
                        TypeRef::Global(_) => found.globals += 1,
                        TypeRef::Memory(_) => return None,
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(section) => found.functions += section.count(),
            Payload::GlobalSection(section) => {
                found.globals += section.count();
                found.has_globals = true;
            }
            Payload::MemorySection(section) => {
                let one = section.count() == 1;
                let memory = section.into_iter().next()?.ok()?;
                found.pages = if one && !memory.memory64 { memory.initial } else { return None };
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    if export.ok()?.name == "cabi_realloc" {
                        return None;
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader().ok()? {
                    looks |= matches!(operator.ok()?, Operator::MemorySize { .. });
                }
            }
            _ => {}
        }
    }
    (looks && found.pages > 0 && found.has_globals).then_some(found)
}

struct OwnView {
    found: Found,
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
            Operator::MemorySize { mem: 0 } => I::Call(self.found.functions),
            Operator::MemoryGrow { mem: 0 } => I::Call(self.found.functions + 1),
            other => utils::instruction(self, other)?,
        })
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: wasmparser::CodeSectionReader<'_>) -> Outcome {
        utils::parse_code_section(self, code, section)?;
        let grown = self.found.globals;
        let mut size = Function::new([]);
        for instruction in [
            I::GlobalGet(grown),
            I::If(BlockType::Result(ValType::I32)),
            I::MemorySize(0),
            I::Else,
            I::I32Const(self.found.pages as i32),
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
