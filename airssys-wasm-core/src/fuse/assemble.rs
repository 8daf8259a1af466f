//! Writes the new component: the unchanged stages and the glue between them.
//!
//! The glue is a sibling component of the stages because a component cannot call into the component
//! that contains it. Only encodes what the other files decided.
//! Tests: `airssys-wasm-core/tests/fuse`.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::reencode::{ReencodeComponent, RoundtripReencoder};
use wasm_encoder::{
    CanonicalOption, ComponentBuilder, ComponentExportKind, ComponentTypeRef, CustomSection,
    ExportKind, ModuleArg,
};
use wasmparser::{
    ComponentType, ComponentTypeDeclaration, Parser, Payload, Validator, WasmFeatures,
};

use super::chain::ChainStage;
use super::glue::Glue;
use super::plan::{ChainStep, FusionPlan};
use super::types::TypeEncoder;
use super::{Chain, FuseError, imports};
use crate::Requests;
use crate::policy::RequestedCapabilities;
use crate::section::CAPABILITIES;
use crate::world::Type;

/// Encodes the component that a plan describes.
pub(super) fn assemble(chain: &Chain, plan: &FusionPlan) -> Result<Vec<u8>, FuseError> {
    let world = imports::merged_world(chain)?;
    let mut new = FusedBuilder::default();
    new.declare_imports(&world)?;
    let taken: BTreeSet<String> = new.imports.keys().cloned().collect();
    let ty = TypeEncoder::with_names(taken).encode_function(
        &mut new.builder,
        &plan.params,
        plan.result.as_ref(),
    );
    let functions = new.embed_stages(&chain.stages)?;
    let run = new.embed_glue(plan, &functions);
    new.builder.export(
        chain.export.as_str(),
        ComponentExportKind::Func,
        run,
        Some(ComponentTypeRef::Func(ty)),
    );
    if chain.stages.iter().all(|stage| {
        matches!(
            stage.component.requested(),
            RequestedCapabilities::Listed(_)
        )
    }) {
        let nothing = Requests::default().to_section();
        new.builder.custom_section(&CustomSection {
            name: CAPABILITIES.into(),
            data: nothing.as_bytes().into(),
        });
    }
    let bytes = new.builder.finish();
    validate(&bytes)?;
    Ok(bytes)
}

#[derive(Default)]
struct FusedBuilder {
    builder: ComponentBuilder,
    /// The imports of the new component, by name.
    imports: BTreeMap<String, (ComponentExportKind, u32)>,
}

impl FusedBuilder {
    /// Declares the imports of a world as its type lists them.
    fn declare_imports(&mut self, world: &[u8]) -> Result<(), FuseError> {
        for declaration in declarations(world)? {
            match declaration {
                ComponentTypeDeclaration::Type(ty) => {
                    let (_, encoder) = self.builder.ty(None);
                    RoundtripReencoder
                        .parse_component_type(encoder, ty)
                        .map_err(FuseError::merge_failed)?;
                }
                ComponentTypeDeclaration::Alias(alias) => {
                    let alias = RoundtripReencoder
                        .component_alias(alias)
                        .map_err(FuseError::merge_failed)?;
                    self.builder.alias(None, alias);
                }
                ComponentTypeDeclaration::Import(import) => {
                    let ty = RoundtripReencoder.component_type_ref(import.ty);
                    let ty = ty.map_err(FuseError::merge_failed)?;
                    let index = self.builder.import(import.name, ty);
                    self.imports
                        .insert(import.name.name.to_owned(), (export_kind(ty), index));
                }
                ComponentTypeDeclaration::Export { .. } | ComponentTypeDeclaration::CoreType(_) => {
                }
            }
        }
        Ok(())
    }

    /// Embeds and instantiates the stages. Returns the indices of their functions.
    fn embed_stages(&mut self, stages: &[ChainStage]) -> Result<Vec<u32>, FuseError> {
        let mut nested = BTreeMap::new();
        let mut functions = Vec::new();
        for stage in stages {
            let bytes = stage.component.bytes();
            let component = *nested
                .entry(stage.component.digest().to_string())
                .or_insert_with(|| self.builder.component_raw(None, bytes));
            let arguments = self.arguments(bytes)?;
            let instance = self.builder.instantiate(None, component, arguments);
            functions.push(self.function(instance, stage)?);
        }
        Ok(functions)
    }

    /// Returns the arguments for instantiating a stage: the new component's imports of the same
    /// names.
    fn arguments(
        &self,
        bytes: &[u8],
    ) -> Result<Vec<(String, ComponentExportKind, u32)>, FuseError> {
        let mut arguments = Vec::new();
        for name in import_names(bytes).map_err(FuseError::merge_failed)? {
            let Some((kind, index)) = self.imports.get(&name) else {
                let problem = format!(
                    "a stage imports `{name}`, which is not an interface, function or type"
                );
                return Err(FuseError::merge_failed(problem));
            };
            arguments.push((name, *kind, *index));
        }
        Ok(arguments)
    }

    /// Aliases the function of a stage, which may be in an interface.
    fn function(&mut self, instance: u32, stage: &ChainStage) -> Result<u32, FuseError> {
        let found = stage
            .component
            .world()
            .function(&stage.function)
            .map_err(FuseError::merge_failed)?;
        let instance = match found.name.interface() {
            Some(interface) => {
                self.builder
                    .alias_export(instance, interface, ComponentExportKind::Instance)
            }
            None => instance,
        };
        Ok(self
            .builder
            .alias_export(instance, found.name.function(), ComponentExportKind::Func))
    }

    /// Embeds the glue and instantiates it with the functions of the stages. Returns the index of
    /// the chain's function.
    fn embed_glue(&mut self, plan: &FusionPlan, functions: &[u32]) -> u32 {
        let (glue, named) = glue_component(plan);
        let mut arguments = Vec::new();
        let mut types = TypeEncoder::without_names();
        for (name, ty) in named {
            let index = types.encode_indexed(&mut self.builder, &ty);
            arguments.push((name, ComponentExportKind::Type, index));
        }
        let stages = functions.iter().enumerate();
        arguments
            .extend(stages.map(|(n, index)| (stage_name(n), ComponentExportKind::Func, *index)));
        let component = self.builder.component(None, glue);
        let instance = self.builder.instantiate(None, component, arguments);
        self.builder
            .alias_export(instance, RUN, ComponentExportKind::Func)
    }
}

/// The name of the function that the glue exports.
const RUN: &str = "run";

/// The name under which the glue imports the function of a stage.
fn stage_name(stage: usize) -> String {
    format!("stage{stage}")
}

/// Returns the component around the glue modules, and the types that it imports in addition to the
/// functions of the stages.
fn glue_component(plan: &FusionPlan) -> (ComponentBuilder, Vec<(String, Type)>) {
    let mut builder = ComponentBuilder::default();
    let mut types = TypeEncoder::with_names(BTreeSet::new());
    let mut functions = Vec::new();
    for (number, ChainStep { function, .. }) in plan.steps.iter().enumerate() {
        let ty = types.encode_function(&mut builder, &function.params, function.result.as_ref());
        functions.push(builder.import(stage_name(number).as_str(), ComponentTypeRef::Func(ty)));
    }
    let ty = types.encode_function(&mut builder, &plan.params, plan.result.as_ref());
    let run = instantiate(&mut builder, &Glue::new(plan), &functions, ty);
    builder.export(RUN, ComponentExportKind::Func, run, None);
    (builder, types.named)
}

/// Instantiates the core modules of the glue between the functions. Returns the index of the
/// chain's function.
fn instantiate(builder: &mut ComponentBuilder, glue: &Glue, functions: &[u32], ty: u32) -> u32 {
    let memory = glue.memory.as_ref().map(|module| {
        let module = builder.core_module(None, module);
        builder.core_instantiate(None, module, [])
    });
    let mut options = Vec::new();
    if let Some(memory) = memory {
        let index = builder.core_alias_export(None, memory, "memory", ExportKind::Memory);
        let realloc = builder.core_alias_export(None, memory, "realloc", ExportKind::Func);
        options = vec![
            CanonicalOption::UTF8,
            CanonicalOption::Memory(index),
            CanonicalOption::Realloc(realloc),
        ];
    }
    let mut lowered = Vec::new();
    for (index, function) in functions.iter().enumerate() {
        let core = builder.lower_func(None, *function, options.iter().copied());
        lowered.push((index.to_string(), core));
    }
    let stages = lowered
        .iter()
        .map(|(name, core)| (name.as_str(), ExportKind::Func, *core));
    let stages = builder.core_instantiate_exports(None, stages.collect::<Vec<_>>());
    let mut arguments = vec![("stage", ModuleArg::Instance(stages))];
    arguments.extend(memory.map(|memory| ("memory", ModuleArg::Instance(memory))));
    let module = builder.core_module(None, &glue.module);
    let instance = builder.core_instantiate(None, module, arguments);
    let run = builder.core_alias_export(None, instance, "run", ExportKind::Func);
    if glue.has_heap {
        let done = builder.core_alias_export(None, instance, "done", ExportKind::Func);
        options.push(CanonicalOption::PostReturn(done));
    }
    builder.lift_func(None, run, ty, options)
}

fn export_kind(ty: ComponentTypeRef) -> ComponentExportKind {
    match ty {
        ComponentTypeRef::Module(_) => ComponentExportKind::Module,
        ComponentTypeRef::Func(_) => ComponentExportKind::Func,
        ComponentTypeRef::Value(_) => ComponentExportKind::Value,
        ComponentTypeRef::Type(_) => ComponentExportKind::Type,
        ComponentTypeRef::Instance(_) => ComponentExportKind::Instance,
        ComponentTypeRef::Component(_) => ComponentExportKind::Component,
    }
}

/// Extracts the declarations of the type of a world from a component that defines it.
fn declarations(world: &[u8]) -> Result<Vec<ComponentTypeDeclaration<'_>>, FuseError> {
    for payload in Parser::new(0).parse_all(world) {
        let Payload::ComponentTypeSection(section) = payload.map_err(FuseError::merge_failed)?
        else {
            continue;
        };
        for ty in section {
            let ComponentType::Component(outer) = ty.map_err(FuseError::merge_failed)? else {
                continue;
            };
            for declaration in outer.into_vec() {
                if let ComponentTypeDeclaration::Type(ComponentType::Component(inner)) = declaration
                {
                    return Ok(inner.into_vec());
                }
            }
        }
    }
    Err(FuseError::merge_failed("the new world has no type"))
}

/// Returns the names of the imports of a component.
fn import_names(bytes: &[u8]) -> wasmparser::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    names.push(import?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

/// Validates everything except function bodies, which the compiler checks.
fn validate(bytes: &[u8]) -> Result<(), FuseError> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(FuseError::merge_failed)?;
        validator
            .payload(&payload)
            .map_err(FuseError::merge_failed)?;
    }
    Ok(())
}
