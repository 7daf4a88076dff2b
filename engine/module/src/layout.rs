// SPDX-License-Identifier: Apache-2.0
//! What has to be known of a core module to add functions and globals to it.

use wasmparser::{Parser, Payload, TypeRef};

pub struct Layout {
    /// Functions and globals, imported ones too: the index of the next one.
    pub functions: u32,
    pub globals: u32,
    /// Whether there is a section that a global can be added to.
    pub has_globals: bool,
    /// What its one memory, a 32-bit one of its own, begins with.
    pub pages: u64,
}

impl Layout {
    /// Nothing for a module with another memory, or with an allocator for the adapter: it needs no help.
    pub fn of(core: &[u8]) -> Option<Self> {
        let mut layout = Layout { functions: 0, globals: 0, has_globals: false, pages: 0 };
        for payload in Parser::new(0).parse_all(core) {
            match payload.ok()? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        match import.ok()?.ty {
                            TypeRef::Func(_) | TypeRef::FuncExact(_) => layout.functions += 1,
                            TypeRef::Global(_) => layout.globals += 1,
                            TypeRef::Memory(_) => return None,
                            _ => {}
                        }
                    }
                }
                Payload::FunctionSection(section) => layout.functions += section.count(),
                Payload::GlobalSection(section) => {
                    layout.globals += section.count();
                    layout.has_globals = true;
                }
                Payload::MemorySection(section) => {
                    let one = section.count() == 1;
                    let memory = section.into_iter().next()?.ok()?;
                    layout.pages = if one && !memory.memory64 { memory.initial } else { return None };
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        if export.ok()?.name == "cabi_realloc" {
                            return None;
                        }
                    }
                }
                _ => {}
            }
        }
        (layout.pages > 0 && layout.has_globals).then_some(layout)
    }
}
