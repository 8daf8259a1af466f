//! The core module that calls the stages one after the other.
//!
//! Each stage's result has its own fixed address. Calls cannot overwrite each other's results,
//! because the fused component is never entered while a call is inside.
//! Tests: `airssys-wasm-core/tests/fuse`, `tests/suite/fuse`.

use wasm_encoder::{
    BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, Instruction, MemoryType, Module, TypeSection, ValType,
};

use super::body::FunctionBody;
use super::flat::{CoreSignature, flat_params, lifted_signature, lowered_signature};
use super::layout::payload_offset;
use super::load::load;
use super::memory;
use super::plan::{ChainStep, FusionPlan};
use super::shape::{Scalar, Shape};
use crate::world::Type;

/// The core modules of a chain.
pub(super) struct Glue {
    /// The module that calls the stages. Imports `stage` with a numbered function for each stage,
    /// and `memory` if there is one. Exports `run`, and `done` if memory must be freed after a
    /// call.
    pub(super) module: Module,
    /// The memory module, if one is needed. Exports `memory`, `realloc` and `reset`.
    pub(super) memory: Option<Module>,
    /// `true` if values are allocated with `realloc`.
    pub(super) has_heap: bool,
}

impl Glue {
    /// Generates the modules.
    pub(super) fn new(plan: &FusionPlan) -> Self {
        let FusionPlan {
            steps,
            result_shape,
            ..
        } = plan;
        let result = result_shape.as_ref();
        let params = &steps[0].params;
        let mut shapes = steps
            .iter()
            .flat_map(|step| step.params.iter().chain(&step.result));
        let has_heap = flat_params(params).is_none() || shapes.any(Shape::has_slice);
        let mut areas = AreaAllocator { end: 8 };
        let signature = lifted_signature(params, result);
        let run = GlueWriter::new(plan, result, &mut areas).write();
        let memory_use = if has_heap {
            MemoryUse::Heap
        } else if areas.end > 8 {
            MemoryUse::FixedAreas
        } else {
            MemoryUse::None
        };
        Self {
            module: glue_module(plan, &signature, &run, memory_use),
            memory: (memory_use != MemoryUse::None).then(|| memory::memory_module(areas.end)),
            has_heap,
        }
    }
}

/// The memory that a chain needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MemoryUse {
    None,
    /// Fixed addresses for results.
    FixedAreas,
    /// Fixed addresses, and values allocated with `realloc`, which are freed after a call.
    Heap,
}

/// Allocates fixed addresses in memory.
struct AreaAllocator {
    end: u32,
}

impl AreaAllocator {
    /// Allocates space for a value, if it is passed in memory.
    fn allocate(&mut self, shape: Option<&Shape>) -> Option<u32> {
        let shape = shape.filter(|shape| shape.is_returned_in_memory())?;
        let start = self.end.next_multiple_of(8);
        self.end = start + shape.size();
        Some(start)
    }
}

/// The location of a stage's result.
#[derive(Clone, Copy)]
enum ResultLocation {
    Nothing,
    Local(u32, Scalar),
    Memory(u32),
}

struct GlueWriter<'a> {
    plan: &'a FusionPlan,
    body: FunctionBody,
    /// The addresses of the results of the stages.
    result_addresses: Vec<Option<u32>>,
    result: Option<&'a Shape>,
    /// The address of the chain's own result.
    output_address: Option<u32>,
    /// `true` if the last stage's result becomes the `ok` payload of the chain's result.
    wraps_result: bool,
}

impl<'a> GlueWriter<'a> {
    fn new(plan: &'a FusionPlan, result: Option<&'a Shape>, areas: &mut AreaAllocator) -> Self {
        let out = areas.allocate(result);
        let mut places: Vec<_> = plan
            .steps
            .iter()
            .map(|step| areas.allocate(step.result.as_ref()))
            .collect();
        let last = plan.steps.len() - 1;
        let returns_result = matches!(plan.steps[last].function.result, Some(Type::Result { .. }));
        let wraps = plan.ends_early && !returns_result;
        // The last stage writes its result directly into the result of the chain.
        places[last] = places[last]
            .and(out)
            .map(|out| if wraps { out + ok_offset(result) } else { out });
        let signature = lifted_signature(&plan.steps[0].params, result);
        Self {
            plan,
            body: FunctionBody::new(signature.params.len()),
            result_addresses: places,
            result,
            output_address: out,
            wraps_result: wraps,
        }
    }

    fn write(mut self) -> Function {
        let mut held = ResultLocation::Nothing;
        let plan = self.plan;
        for (index, step) in plan.steps.iter().enumerate() {
            if index == 0 {
                let params = lifted_signature(&step.params, None).params.len();
                self.body.add((0..).take(params).map(Instruction::LocalGet));
            } else {
                self.push(held, &step.params[0]);
            }
            held = self.call(index, step);
            if step.unwraps_ok {
                held = self.unwrap(held, step);
            }
        }
        self.finish(held);
        self.body.finish()
    }

    /// Pushes a value as the only parameter of a stage.
    fn push(&mut self, held: ResultLocation, shape: &Shape) {
        let flat = flat_params(std::slice::from_ref(shape));
        match (held, flat) {
            (ResultLocation::Nothing, _) => {}
            (ResultLocation::Local(local, _), _) => self.body.add([Instruction::LocalGet(local)]),
            (ResultLocation::Memory(address), None) => self.body.address(address),
            (ResultLocation::Memory(address), Some(flat)) => {
                let locals: Vec<u32> = flat.into_iter().map(|ty| self.body.local(ty)).collect();
                load(&mut self.body, shape, address, &locals);
                self.body.add(locals.into_iter().map(Instruction::LocalGet));
            }
        }
    }

    /// Calls a stage after its parameters have been pushed.
    fn call(&mut self, index: usize, step: &ChainStep) -> ResultLocation {
        let function = Instruction::Call(u32::try_from(index).expect("few stages"));
        if let Some(address) = self.result_addresses[index] {
            self.body.address(address);
            self.body.add([function]);
            return ResultLocation::Memory(address);
        }
        self.body.add([function]);
        let Some(scalar) = step.result.as_ref().and_then(Shape::single_scalar) else {
            return ResultLocation::Nothing;
        };
        let local = self.body.local(scalar.flat_type());
        self.body.add([Instruction::LocalSet(local)]);
        ResultLocation::Local(local, scalar)
    }

    /// Ends the chain if the result is `err`; otherwise continues with the `ok` payload.
    fn unwrap(&mut self, held: ResultLocation, step: &ChainStep) -> ResultLocation {
        let (ResultLocation::Memory(address), Some(Shape::Cases(cases))) = (held, &step.result)
        else {
            return held;
        };
        let local = self.body.local(ValType::I32);
        self.body.load(Shape::discriminant(cases), address, local);
        self.body.add([
            Instruction::LocalGet(local),
            Instruction::If(BlockType::Empty),
        ]);
        let payload = address + payload_offset(cases);
        self.fail(payload, cases[1].as_ref());
        self.body.add([Instruction::Return, Instruction::End]);
        ResultLocation::Memory(payload)
    }

    /// Pushes the chain's result for an error.
    fn fail(&mut self, payload: u32, error: Option<&Shape>) {
        let Some(out) = self.output_address else {
            return self.body.add([Instruction::I32Const(1)]);
        };
        self.body.store_case(out, 1);
        if let Some(error) = error {
            self.body.address(out + ok_offset(self.result));
            self.body.address(payload);
            self.body.address(error.size());
            self.body.add([Instruction::MemoryCopy {
                src_mem: 0,
                dst_mem: 0,
            }]);
        }
        self.body.address(out);
    }

    /// Pushes the chain's result for success.
    fn finish(&mut self, held: ResultLocation) {
        match (self.wraps_result, self.output_address, held) {
            (true, None, _) => self.body.add([Instruction::I32Const(0)]),
            (true, Some(out), held) => {
                self.body.store_case(out, 0);
                if let ResultLocation::Local(local, scalar) = held {
                    self.body.store(scalar, out + ok_offset(self.result), local);
                }
                self.body.address(out);
            }
            (false, _, ResultLocation::Memory(address)) => self.body.address(address),
            (false, _, ResultLocation::Local(local, _)) => {
                self.body.add([Instruction::LocalGet(local)])
            }
            (false, _, ResultLocation::Nothing) => {}
        }
    }
}

/// Returns the offset of the payload of a `result`.
fn ok_offset(result: Option<&Shape>) -> u32 {
    match result {
        Some(Shape::Cases(cases)) => payload_offset(cases),
        _ => 0,
    }
}

fn glue_module(
    plan: &FusionPlan,
    run: &CoreSignature,
    body: &Function,
    memory_use: MemoryUse,
) -> Module {
    let has_heap = memory_use == MemoryUse::Heap;
    let mut types = TypeSection::new();
    let mut imports = ImportSection::new();
    for (index, step) in (0..).zip(&plan.steps) {
        let CoreSignature { params, results } =
            lowered_signature(&step.params, step.result.as_ref());
        types.ty().function(params, results);
        imports.import("stage", &index.to_string(), EntityType::Function(index));
    }
    let stages = types.len();
    types
        .ty()
        .function(run.params.iter().copied(), run.results.iter().copied());
    if memory_use != MemoryUse::None {
        let memory = MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        };
        imports.import("memory", "memory", memory);
    }
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    if has_heap {
        types.ty().function([], []);
        types.ty().function(run.results.iter().copied(), []);
        imports.import("memory", "reset", EntityType::Function(stages + 1));
    }
    let first = stages + u32::from(has_heap);
    functions.function(stages);
    exports.export("run", ExportKind::Func, first);
    code.function(body);
    if has_heap {
        functions.function(stages + 2);
        exports.export("done", ExportKind::Func, first + 1);
        let mut done = Function::new([]);
        done.instructions().call(stages).end();
        code.function(&done);
    }
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&exports)
        .section(&code);
    module
}
