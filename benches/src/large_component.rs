//! Generates components of any size that consist of code.
//!
//! Their functions resemble those of a compiler: parameters and locals, loads and stores,
//! arithmetic, a loop, a branch out of it, a call. All functions differ.

use wasm_encoder::{
    BlockType, CodeSection, ComponentBuilder, ComponentExportKind, ExportKind, ExportSection,
    Function, FunctionSection, InstructionSink, MemArg, MemorySection, MemoryType, Module,
    PrimitiveValType, TypeSection, ValType,
};

/// Size of a function body in bytes: some hundred, as in compiled C and Rust.
const FUNCTION_BYTES: usize = 600;

/// Locals of a function in addition to its two parameters.
const LOCALS: u32 = 8;

/// Returns the bytes of a component that has about `code_bytes` of code and exports `run`.
///
/// Components with different `number`s differ in every function.
pub(crate) fn large_component(code_bytes: usize, number: u32) -> Vec<u8> {
    let mut component = ComponentBuilder::default();
    let module = component.core_module(None, &module(code_bytes / FUNCTION_BYTES, number));
    let instance = component.core_instantiate(None, module, []);
    let run = component.core_alias_export(None, instance, "run", ExportKind::Func);
    let (ty, mut function) = component.type_function(None);
    let word = PrimitiveValType::U32;
    function
        .params([("a", word), ("b", word)])
        .result(Some(word.into()));
    let run = component.lift_func(None, run, ty, []);
    component.export("run", ComponentExportKind::Func, run, None);
    component.finish()
}

fn module(functions: usize, number: u32) -> Module {
    let functions = u32::try_from(functions).expect("not that many");
    let mut types = TypeSection::new();
    types
        .ty()
        .function([ValType::I32, ValType::I32], [ValType::I32]);
    let mut declared = FunctionSection::new();
    let mut code = CodeSection::new();
    let mut numbers = PseudorandomNumbers(u64::from(number));
    for function in 0..functions {
        declared.function(0);
        code.function(&body(function, &mut numbers));
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = ExportSection::new();
    exports.export("run", ExportKind::Func, 0);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&declared)
        .section(&memories)
        .section(&exports)
        .section(&code);
    module
}

/// Returns a function body: a loop of statements. Each function calls the previous one.
fn body(function: u32, numbers: &mut PseudorandomNumbers) -> Function {
    let mut body = Function::new([(LOCALS, ValType::I32)]);
    body.instructions()
        .block(BlockType::Empty)
        .loop_(BlockType::Empty);
    while body.byte_len() < FUNCTION_BYTES - 40 {
        statement(&mut body.instructions(), numbers);
    }
    let mut code = body.instructions();
    let counter = numbers.local();
    code.local_get(counter)
        .i32_const(-1)
        .i32_add()
        .local_tee(counter)
        .br_if(0)
        .end()
        .end();
    if function > 0 {
        code.local_get(0)
            .local_get(numbers.local())
            .call(function - 1)
            .local_set(0);
    }
    code.local_get(0).local_get(numbers.local()).i32_xor().end();
    body
}

/// Appends an assignment, a store, or a branch out of the loop.
fn statement(code: &mut InstructionSink<'_>, numbers: &mut PseudorandomNumbers) {
    let at = MemArg {
        offset: numbers.below(1 << 16),
        align: 2,
        memory_index: 0,
    };
    let constant = i32::try_from(numbers.below(1 << 20)).expect("the constant is small");
    let (to, left, right) = (numbers.local(), numbers.local(), numbers.local());
    match numbers.below(5) {
        0 => code
            .local_get(left)
            .i32_load(at)
            .local_get(right)
            .i32_add()
            .local_set(to),
        1 => code
            .local_get(left)
            .local_get(right)
            .i32_const(constant)
            .i32_xor()
            .i32_store(at),
        2 => code
            .local_get(left)
            .i32_const(constant)
            .i32_mul()
            .local_get(right)
            .i32_sub()
            .local_set(to),
        3 => code.local_get(left).local_get(right).i32_lt_u().br_if(1),
        _ => code
            .local_get(left)
            .local_get(right)
            .local_get(to)
            .select()
            .local_set(to),
    };
}

/// A deterministic sequence of pseudorandom numbers.
struct PseudorandomNumbers(u64);

impl PseudorandomNumbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// Returns the index of a parameter or local.
    fn local(&mut self) -> u32 {
        u32::try_from(self.below(u64::from(LOCALS) + 2)).expect("the index is small")
    }
}
