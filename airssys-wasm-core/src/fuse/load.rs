//! Code that loads a value from memory as core values.
//!
//! Strings and lists are loaded as pointer and length; their contents stay in place.
//! Tests: `airssys-wasm-core/tests/fuse`, `tests/suite/fuse`.

use wasm_encoder::{BlockType, Instruction, ValType};

use super::body::FunctionBody;
use super::layout::{field_offsets, payload_offset};
use super::shape::{Scalar, Shape};

/// Loads the value at `address` into `locals`, which must be 0 and have its flat types.
pub(super) fn load(body: &mut FunctionBody, shape: &Shape, address: u32, locals: &[u32]) {
    match shape {
        Shape::Scalar(scalar) => body.load(*scalar, address, locals[0]),
        Shape::Slice => {
            body.load(Scalar::I32, address, locals[0]);
            body.load(Scalar::I32, address + 4, locals[1]);
        }
        Shape::Fields(fields) => {
            let mut locals = locals;
            for (field, offset) in fields.iter().zip(field_offsets(fields)) {
                let (own, rest) = locals.split_at(field.flat_types().len());
                load(body, field, address + offset, own);
                locals = rest;
            }
        }
        Shape::Cases(cases) => load_cases(body, shape, cases, address, locals),
    }
}

fn load_cases(
    body: &mut FunctionBody,
    shape: &Shape,
    cases: &[Option<Shape>],
    address: u32,
    locals: &[u32],
) {
    body.load(Shape::discriminant(cases), address, locals[0]);
    let joined = shape.flat_types();
    for (number, case) in (0..).zip(cases) {
        let Some(case) = case else { continue };
        body.add([
            Instruction::LocalGet(locals[0]),
            Instruction::I32Const(number),
            Instruction::I32Eq,
            Instruction::If(BlockType::Empty),
        ]);
        load_case(
            body,
            case,
            address + payload_offset(cases),
            &joined[1..],
            &locals[1..],
        );
        body.add([Instruction::End]);
    }
}

/// Loads the payload of a case into locals that it shares with other cases.
fn load_case(
    body: &mut FunctionBody,
    case: &Shape,
    address: u32,
    joined: &[ValType],
    locals: &[u32],
) {
    let flat = case.flat_types();
    let slots: Vec<_> = flat.iter().zip(joined.iter().zip(locals)).collect();
    let own: Vec<u32> = slots
        .iter()
        .map(|(own, (shared, local))| {
            if own == shared {
                **local
            } else {
                body.local(**own)
            }
        })
        .collect();
    load(body, case, address, &own);
    for ((from, (to, shared)), own) in slots.into_iter().zip(own) {
        if from != to {
            body.add([Instruction::LocalGet(own)]);
            body.add(widen(*from, *to));
            body.add([Instruction::LocalSet(*shared)]);
        }
    }
}

/// Converts a core value to the wider type of a shared local.
fn widen(from: ValType, to: ValType) -> Vec<Instruction<'static>> {
    match (from, to) {
        (ValType::F32, ValType::I32) => vec![Instruction::I32ReinterpretF32],
        (ValType::I32, ValType::I64) => vec![Instruction::I64ExtendI32U],
        (ValType::F32, ValType::I64) => {
            vec![Instruction::I32ReinterpretF32, Instruction::I64ExtendI32U]
        }
        (ValType::F64, ValType::I64) => vec![Instruction::I64ReinterpretF64],
        _ => unreachable!("types are joined to no other"),
    }
}
