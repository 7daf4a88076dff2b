// SPDX-License-Identifier: Apache-2.0
//! From bytes to a component: text is assembled, a core module of preview 1 is wrapped with the adapter.

use crate::{Refusal, go, heap, lift, preview1};
use std::borrow::Cow;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as COMMAND,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};
use wit_component::ComponentEncoder;

/// What the bytes were. The numbers are the C ABI's (`berth_form`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Form {
    Component = 1,
    /// A core module of preview 1, or without imports.
    Core = 2,
}

/// Changes with how modules are prepared, so that images compiled from another preparation are not taken for ours:
/// the very sources that prepare.
pub fn fingerprint() -> impl std::hash::Hash {
    let sources = [
        include_str!("prepare.rs"),
        include_str!("concurrency.rs"),
        include_str!("go.rs"),
        include_str!("heap.rs"),
        include_str!("layout.rs"),
        include_str!("lift.rs"),
        include_str!("name.rs"),
        include_str!("preview1.rs"),
        include_str!("weigh.rs"),
    ];
    (sources, include_str!("../../Cargo.lock"))
}

pub struct Prepared<'a> {
    pub form: Form,
    pub component: Cow<'a, [u8]>,
}

/// Makes a component of the bytes of a component or a core module, binary or text.
pub fn prepare(bytes: &[u8]) -> Result<Prepared<'_>, Refusal> {
    let binary = wat::parse_bytes(bytes).map_err(|e| Refusal(format!("the text is not WebAssembly: {e}")))?;
    match encoding(&binary)? {
        Encoding::Component => Ok(Prepared { form: Form::Component, component: binary }),
        Encoding::Module => Ok(Prepared { form: Form::Core, component: wrap(&binary)?.into() }),
    }
}

pub(crate) fn encoding(binary: &[u8]) -> Result<Encoding, Refusal> {
    match Parser::new(0).parse_all(binary).next() {
        Some(Ok(Payload::Version { encoding, .. })) => Ok(encoding),
        Some(Err(e)) => Err(Refusal(header_error(binary, &e.to_string()))),
        _ => Err(Refusal("the file is empty".to_owned())),
    }
}

/// The eight bytes that every module begins with: magic, version, layer.
fn header_error(binary: &[u8], engine_says: &str) -> String {
    let Some(header) = binary.get(..8) else { return "the file is cut off within its first 8 bytes".to_owned() };
    if &header[..4] != b"\0asm" {
        return "the file is not WebAssembly: it doesn't begin with '\\0asm'".to_owned();
    }
    let (version, layer) = (u16::from_le_bytes([header[4], header[5]]), u16::from_le_bytes([header[6], header[7]]));
    match layer {
        1 => format!(
            "a component of format version {version:#x}, where this host reads 0xd: built by a newer or older \
             toolchain; rebuild it for WASI 0.2"
        ),
        _ => {
            format!("WebAssembly of version {version} and layer {layer}, which this host doesn't know ({engine_says})")
        }
    }
}

fn wrap(core: &[u8]) -> Result<Vec<u8>, Refusal> {
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(core)
        .map_err(|e| Refusal(format!("the module is not valid: {e}")))?;
    let surface = surface(core)?;
    if !surface.strangers.is_empty() {
        return Err(Refusal(format!(
            "the core module imports {}, which no host of WASI offers: build it for wasm32-wasip1, or make it a \
             component whose WIT says what it needs",
            surface.strangers.join(", ")
        )));
    }
    // Its functions are called one by one, by their names.
    let library = !surface.start && !surface.typed;
    if library && !surface.imports {
        return lift::component(core);
    }
    if surface.wide && surface.preview1 {
        return Err(Refusal(
            "the core module's memory is of 64 bits, and the functions of preview 1 that it imports take addresses of \
             32: keep a 32-bit memory as 'memory' and the other beside it"
                .to_owned(),
        ));
    }
    let adapter = if surface.start { COMMAND } else { REACTOR };
    let mut core = go::make_room(core).or_else(|| heap::keep_apart(core)).unwrap_or_else(|| core.to_vec());
    if library {
        core = lift::with_world(core)?;
    }
    let led_away = preview1::lead_away(&mut core, PREVIEW1);
    let wrapped = (|| {
        let mut encoder = ComponentEncoder::default().module(&core)?.adapter(PREVIEW1, adapter)?;
        if led_away {
            encoder = encoder.adapter(preview1::MODULE, &preview1::adapter()?)?;
        }
        encoder.encode()
    })();
    wrapped.map_err(|e| Refusal(format!("the core module can't be made a component: {e:#}")))
}

struct Surface {
    /// Imports of neither preview 1 nor the component encoding, at most five of them.
    strangers: Vec<String>,
    imports: bool,
    preview1: bool,
    /// The memory that it shows to its host is of 64 bits.
    wide: bool,
    /// It is a command.
    start: bool,
    /// Built with WIT bindings: a section says what its imports and exports are.
    typed: bool,
}

fn surface(core: &[u8]) -> Result<Surface, Refusal> {
    let mut surface = Surface {
        strangers: Vec::new(),
        imports: false,
        preview1: false,
        wide: false,
        start: false,
        typed: lift::has_world(core),
    };
    let broken = |e: wasmparser::BinaryReaderError| Refusal(format!("the module is not valid: {e}"));
    let mut memories = Vec::new();
    for payload in Parser::new(0).parse_all(core) {
        match payload.map_err(broken)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(broken)?;
                    surface.imports = true;
                    surface.preview1 |= import.module == PREVIEW1;
                    if import.module != PREVIEW1 && surface.strangers.len() < 5 {
                        surface.strangers.push(format!("'{}' '{}'", import.module, import.name));
                    }
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    memories.push(memory.map_err(broken)?.memory64);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export.map_err(broken)?;
                    surface.start |= export.name == "_start";
                    if export.name == "memory" {
                        surface.wide = memories.get(export.index as usize) == Some(&true);
                    }
                }
            }
            _ => {}
        }
    }
    // The encoder checks them.
    if surface.typed {
        surface.strangers.clear();
    }
    Ok(surface)
}
