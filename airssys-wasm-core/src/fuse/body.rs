//! The body of a core function under construction.
//!
//! Tests: `airssys-wasm-core/tests/fuse`.

use wasm_encoder::{Function, Instruction, MemArg, ValType};

use super::shape::Scalar;

/// The locals and instructions of a function body. Locals can be added at any time.
pub(super) struct FunctionBody {
    params: u32,
    locals: Vec<ValType>,
    code: Vec<Instruction<'static>>,
}

impl FunctionBody {
    /// Creates the body of a function with `params` parameters.
    pub(super) fn new(params: usize) -> Self {
        let params = u32::try_from(params).expect("a function has few parameters");
        Self {
            params,
            locals: Vec::new(),
            code: Vec::new(),
        }
    }

    /// Adds a local, initialized to 0.
    pub(super) fn local(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        self.params + u32::try_from(self.locals.len() - 1).expect("a function has few locals")
    }

    /// Appends instructions.
    pub(super) fn add(&mut self, code: impl IntoIterator<Item = Instruction<'static>>) {
        self.code.extend(code);
    }

    /// Pushes an address in memory.
    pub(super) fn address(&mut self, address: u32) {
        self.code.push(Instruction::I32Const(address.cast_signed()));
    }

    /// Loads a number from memory into a local.
    pub(super) fn load(&mut self, scalar: Scalar, address: u32, local: u32) {
        self.add([
            Instruction::I32Const(0),
            load_instruction(scalar, memory_argument(scalar, address)),
            Instruction::LocalSet(local),
        ]);
    }

    /// Stores the number of a local in memory.
    pub(super) fn store(&mut self, scalar: Scalar, address: u32, local: u32) {
        self.add([
            Instruction::I32Const(0),
            Instruction::LocalGet(local),
            store_instruction(scalar, memory_argument(scalar, address)),
        ]);
    }

    /// Stores the discriminant of a case, which fits one byte.
    pub(super) fn store_case(&mut self, address: u32, case: u8) {
        self.add([
            Instruction::I32Const(0),
            Instruction::I32Const(case.into()),
            store_instruction(Scalar::U8, memory_argument(Scalar::U8, address)),
        ]);
    }

    /// Returns the finished function.
    pub(super) fn finish(self) -> Function {
        let mut function = Function::new_with_locals_types(self.locals);
        for instruction in &self.code {
            function.instruction(instruction);
        }
        function.instruction(&Instruction::End);
        function
    }
}

fn memory_argument(scalar: Scalar, address: u32) -> MemArg {
    MemArg {
        offset: address.into(),
        align: scalar.size().ilog2(),
        memory_index: 0,
    }
}

fn load_instruction(scalar: Scalar, at: MemArg) -> Instruction<'static> {
    match scalar {
        Scalar::U8 => Instruction::I32Load8U(at),
        Scalar::S8 => Instruction::I32Load8S(at),
        Scalar::U16 => Instruction::I32Load16U(at),
        Scalar::S16 => Instruction::I32Load16S(at),
        Scalar::I32 => Instruction::I32Load(at),
        Scalar::I64 => Instruction::I64Load(at),
        Scalar::F32 => Instruction::F32Load(at),
        Scalar::F64 => Instruction::F64Load(at),
    }
}

fn store_instruction(scalar: Scalar, at: MemArg) -> Instruction<'static> {
    match scalar {
        Scalar::U8 | Scalar::S8 => Instruction::I32Store8(at),
        Scalar::U16 | Scalar::S16 => Instruction::I32Store16(at),
        Scalar::I32 => Instruction::I32Store(at),
        Scalar::I64 => Instruction::I64Store(at),
        Scalar::F32 => Instruction::F32Store(at),
        Scalar::F64 => Instruction::F64Store(at),
    }
}
