// SPDX-License-Identifier: Apache-2.0
//! What the instances of a component take on the host before any of their code runs: the engine's records of them,
//! which no limiter is asked for. Bounded from above out of the counts in the module, so that the host can refuse.

use crate::Refusal;
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, Instance, Parser, Payload,
};

/// Core instances that one component may be made of. Composed applications have some dozens.
const MOST_INSTANCES: u64 = 10_000;

// Bytes of the engine's records in 48.0.8, each rounded up.
const INSTANCE: u64 = 1 << 10;
const IMPORT: u64 = 48;
/// Also where it is never referred to: a function may be, and then has a record.
const FUNCTION: u64 = 48;
const GLOBAL: u64 = 24;
const TABLE: u64 = 256;
/// With what the system keeps of the address range that is reserved for it.
const MEMORY: u64 = 16 << 10;
/// A tag, or a segment of data or elements.
const SMALL: u64 = 32;
/// A function that crosses the component's boundary.
const CROSSING: u64 = 128;

#[derive(Clone, Copy, Default)]
struct Weight {
    instances: u64,
    bytes: u64,
}

/// What a component's instances ask of the host before any of their code runs.
pub struct Weighed {
    /// Bytes that they take, beside their memories' pages and their tables' elements.
    pub bytes: u64,
    /// Whether something in the component makes error contexts.
    pub error_contexts: bool,
}

impl Weight {
    fn add(&mut self, other: Weight) {
        self.instances = self.instances.saturating_add(other.instances);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }

    fn count(&mut self, how_many: u32, each: u64) {
        self.bytes = self.bytes.saturating_add(u64::from(how_many).saturating_mul(each));
    }
}

/// A component or a core module that is being read, and what can be instantiated in it so far.
#[derive(Default)]
struct Frame {
    weight: Weight,
    modules: Vec<Weight>,
    components: Vec<Weight>,
    is_module: bool,
}

/// What one instance of a valid component takes.
pub fn weigh(component: &[u8]) -> Result<Weighed, Refusal> {
    let broken = |e: wasmparser::BinaryReaderError| Refusal(format!("the component is not valid: {e}"));
    let mut frames: Vec<Frame> = Vec::new();
    let mut error_contexts = false;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(broken)?;
        match &payload {
            Payload::Version { encoding, .. } => {
                frames.push(Frame { is_module: *encoding == wasmparser::Encoding::Module, ..Frame::default() });
                continue;
            }
            Payload::End(_) => {
                let Some(done) = frames.pop() else { return Err(unbalanced()) };
                let Some(around) = frames.last_mut() else { return finish(done.weight, error_contexts) };
                let list = if done.is_module { &mut around.modules } else { &mut around.components };
                list.push(done.weight);
                continue;
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    error_contexts |= matches!(function.map_err(broken)?, CanonicalFunction::ErrorContextNew { .. });
                }
            }
            _ => {}
        }
        let Some((frame, around)) = frames.split_last_mut() else { return Err(unbalanced()) };
        if frame.is_module {
            core_section(&mut frame.weight, &payload).map_err(broken)?;
        } else {
            component_section(frame, around, payload)?;
        }
    }
    Err(unbalanced())
}

fn unbalanced() -> Refusal {
    Refusal("the component is not valid: it ends within a part of it".to_owned())
}

fn finish(weight: Weight, error_contexts: bool) -> Result<Weighed, Refusal> {
    if weight.instances > MOST_INSTANCES {
        return Err(Refusal(format!(
            "the component is made of {} core instances, of which this host makes at most {MOST_INSTANCES}: compose \
             it of fewer",
            weight.instances
        )));
    }
    Ok(Weighed { bytes: weight.bytes, error_contexts })
}

fn core_section(weight: &mut Weight, payload: &Payload<'_>) -> Result<(), wasmparser::BinaryReaderError> {
    match payload {
        Payload::ImportSection(section) => {
            for import in section.clone().into_imports() {
                import?;
                weight.count(1, IMPORT);
            }
        }
        Payload::FunctionSection(section) => weight.count(section.count(), FUNCTION),
        Payload::GlobalSection(section) => weight.count(section.count(), GLOBAL),
        Payload::TableSection(section) => weight.count(section.count(), TABLE),
        Payload::MemorySection(section) => weight.count(section.count(), MEMORY),
        Payload::TagSection(section) => weight.count(section.count(), SMALL),
        Payload::ElementSection(section) => weight.count(section.count(), SMALL),
        Payload::DataSection(section) => weight.count(section.count(), SMALL),
        _ => {}
    }
    Ok(())
}

fn component_section(frame: &mut Frame, around: &[Frame], payload: Payload<'_>) -> Result<(), Refusal> {
    let broken = |e: wasmparser::BinaryReaderError| Refusal(format!("the component is not valid: {e}"));
    match payload {
        Payload::InstanceSection(section) => {
            for instance in section {
                if let Instance::Instantiate { module_index, .. } = instance.map_err(broken)? {
                    let mut weight = *pick(&frame.modules, module_index)?;
                    weight.add(Weight { instances: 1, bytes: INSTANCE });
                    frame.weight.add(weight);
                }
            }
        }
        Payload::ComponentInstanceSection(section) => {
            for instance in section {
                if let ComponentInstance::Instantiate { component_index, .. } = instance.map_err(broken)? {
                    let weight = *pick(&frame.components, component_index)?;
                    frame.weight.add(weight);
                }
            }
        }
        Payload::ComponentCanonicalSection(section) => frame.weight.count(section.count(), CROSSING),
        Payload::ComponentImportSection(section) => {
            for import in section {
                let import = import.map_err(broken)?;
                if matches!(import.ty, ComponentTypeRef::Module(_) | ComponentTypeRef::Component(_)) {
                    return Err(not_static());
                }
            }
        }
        Payload::ComponentAliasSection(section) => {
            for alias in section {
                match alias.map_err(broken)? {
                    ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, count, index } => {
                        let weight = *pick(&outer(frame, around, count)?.modules, index)?;
                        frame.modules.push(weight);
                    }
                    ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                        let weight = *pick(&outer(frame, around, count)?.components, index)?;
                        frame.components.push(weight);
                    }
                    ComponentAlias::InstanceExport {
                        kind: ComponentExternalKind::Module | ComponentExternalKind::Component,
                        ..
                    } => return Err(not_static()),
                    _ => {}
                }
            }
        }
        Payload::ComponentExportSection(section) => {
            // An export is one more name for what it exports, with an index of its own.
            for export in section {
                let export = export.map_err(broken)?;
                match export.kind {
                    ComponentExternalKind::Module => {
                        let weight = *pick(&frame.modules, export.index)?;
                        frame.modules.push(weight);
                    }
                    ComponentExternalKind::Component => {
                        let weight = *pick(&frame.components, export.index)?;
                        frame.components.push(weight);
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn outer<'a>(frame: &'a Frame, around: &'a [Frame], count: u32) -> Result<&'a Frame, Refusal> {
    match count {
        0 => Ok(frame),
        _ => around.len().checked_sub(count as usize).map(|at| &around[at]).ok_or_else(unbalanced),
    }
}

fn pick(list: &[Weight], index: u32) -> Result<&Weight, Refusal> {
    list.get(index as usize).ok_or_else(unbalanced)
}

fn not_static() -> Refusal {
    Refusal(
        "the component gets a core module or a component as an argument, so what its instances take can't be told \
         before: compose it with static modules"
            .to_owned(),
    )
}
