//! The core module with the memory in which values are passed.
//!
//! A call allocates upwards from a fixed address, and everything is freed when the call ends, so
//! that no data survives a call.
//! Tests: `tests/suite/fuse/guests.rs`.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, MemorySection, MemoryType, Module, TypeSection, ValType,
};

/// The number of bytes in a page of memory.
const PAGE: u32 = 0x1_0000;

/// Returns a module that exports `memory`, `realloc` and `reset`, and allocates from address
/// `heap`.
pub(super) fn memory_module(heap: u32) -> Module {
    let heap = heap.next_multiple_of(8);
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    functions.function(0).function(1);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: u64::from(heap / PAGE) + 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    globals.global(
        GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        },
        &ConstExpr::i32_const(heap.cast_signed()),
    );
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("realloc", ExportKind::Func, 0);
    exports.export("reset", ExportKind::Func, 1);
    let mut code = CodeSection::new();
    code.function(&realloc()).function(&reset(heap));
    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&memories)
        .section(&globals);
    module.section(&exports).section(&code);
    module
}

fn reset(heap: u32) -> Function {
    let mut function = Function::new([]);
    function
        .instructions()
        .i32_const(heap.cast_signed())
        .global_set(NEXT_FREE)
        .end();
    function
}

/// The index of the global that holds the first free address.
const NEXT_FREE: u32 = 0;

/// The locals of `realloc`: four parameters and two variables.
const OLD: u32 = 0;
const OLD_SIZE: u32 = 1;
const ALIGN: u32 = 2;
const NEW_SIZE: u32 = 3;
const START: u32 = 4;
const END: u32 = 5;

/// Generates `realloc`, which resizes the most recent allocation in place and moves any other.
/// Traps if memory is exhausted.
fn realloc() -> Function {
    let mut function = Function::new_with_locals_types([ValType::I64, ValType::I64]);
    write_placement(&mut function);
    write_growth(&mut function);
    let mut code = function.instructions();
    code.local_get(END).i32_wrap_i64().global_set(NEXT_FREE);
    code.local_get(OLD_SIZE).if_(BlockType::Empty);
    code.local_get(START).i32_wrap_i64().local_get(OLD);
    code.local_get(OLD_SIZE)
        .local_get(NEW_SIZE)
        .local_get(OLD_SIZE)
        .local_get(NEW_SIZE)
        .i32_lt_u()
        .select();
    code.memory_copy(0, 0).end();
    code.local_get(START).i32_wrap_i64().end();
    function
}

/// Computes the start and the end of the allocation.
fn write_placement(function: &mut Function) {
    let mut code = function.instructions();
    code.local_get(OLD).i64_extend_i32_u().local_set(START);
    // A new allocation unless the old block is the most recent one:
    code.local_get(OLD_SIZE).i32_eqz();
    code.local_get(OLD)
        .local_get(OLD_SIZE)
        .i32_add()
        .global_get(NEXT_FREE)
        .i32_ne();
    code.i32_or().if_(BlockType::Empty);
    code.global_get(NEXT_FREE)
        .i64_extend_i32_u()
        .local_get(ALIGN)
        .i64_extend_i32_u()
        .i64_add();
    code.i64_const(1).i64_sub();
    code.i64_const(0)
        .local_get(ALIGN)
        .i64_extend_i32_u()
        .i64_sub()
        .i64_and()
        .local_set(START);
    code.end();
    code.local_get(START)
        .local_get(NEW_SIZE)
        .i64_extend_i32_u()
        .i64_add()
        .local_set(END);
}

/// Grows the memory if the allocation ends beyond it.
fn write_growth(function: &mut Function) {
    let mut code = function.instructions();
    code.local_get(END)
        .i64_const(u32::MAX.into())
        .i64_gt_u()
        .if_(BlockType::Empty)
        .unreachable()
        .end();
    code.local_get(END)
        .memory_size(0)
        .i64_extend_i32_u()
        .i64_const(16)
        .i64_shl()
        .i64_gt_u();
    code.if_(BlockType::Empty);
    code.local_get(END)
        .i64_const((PAGE - 1).into())
        .i64_add()
        .i64_const(16)
        .i64_shr_u()
        .i32_wrap_i64();
    code.memory_size(0).i32_sub().memory_grow(0);
    code.i32_const(-1)
        .i32_eq()
        .if_(BlockType::Empty)
        .unreachable()
        .end();
    code.end();
}
