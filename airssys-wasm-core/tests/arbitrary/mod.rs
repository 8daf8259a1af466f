//! Arbitrary types and values.

use airssys_wasm_core::Value;
use airssys_wasm_core::world::{Case, Field, Type};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Names of fields, cases and flags, including the keywords of WAVE.
fn label() -> impl Strategy<Value = String> {
    let words = ["true", "false", "some", "none", "ok", "err", "inf", "nan"].map(String::from);
    prop_oneof![4 => "[a-z][a-z0-9]{0,4}(-[a-z][a-z0-9]{0,3}){0,2}", 1 => select(words.to_vec())]
}

/// Between one and four distinct labels.
fn labels() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(label(), 1..5)
        .prop_map(Vec::from_iter)
        .prop_shuffle()
}

fn plain_type() -> impl Strategy<Value = Type> {
    use Type::{Bool, Char, F32, F64, S8, S16, S32, S64, String, U8, U16, U32, U64};
    prop_oneof![
        select(vec![
            Bool, S8, U8, S16, U16, S32, U32, S64, U64, F32, F64, Char, String
        ]),
        labels().prop_map(Type::Enum),
        labels().prop_map(Type::Flags),
    ]
}

/// Every kind of type that has values.
pub(crate) fn any_type() -> impl Strategy<Value = Type> {
    plain_type().prop_recursive(4, 24, 4, |part| {
        let boxed = part.clone().prop_map(Box::new);
        let side = prop::option::of(boxed.clone());
        let parts = prop::collection::vec(part.clone(), 1..4);
        let payloads = prop::collection::vec(prop::option::of(part.clone()), 4);
        prop_oneof![
            boxed.clone().prop_map(Type::List),
            (boxed.clone(), 1..4u32).prop_map(|(ty, length)| Type::FixedLengthList(ty, length)),
            (boxed.clone(), boxed.clone()).prop_map(|(key, value)| Type::Map(key, value)),
            boxed.prop_map(Type::Option),
            (side.clone(), side).prop_map(|(ok, err)| Type::Result { ok, err }),
            parts.prop_map(Type::Tuple),
            (labels(), prop::collection::vec(part, 4)).prop_map(|(names, types)| {
                Type::Record(
                    names
                        .into_iter()
                        .zip(types)
                        .map(|(name, ty)| Field { name, ty })
                        .collect(),
                )
            }),
            (labels(), payloads).prop_map(|(names, types)| {
                Type::Variant(
                    names
                        .into_iter()
                        .zip(types)
                        .map(|(name, ty)| Case { name, ty })
                        .collect(),
                )
            }),
        ]
    })
}

/// Values of a type. Excludes NaN, which is not equal to itself.
pub(crate) fn value_of(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Type::S8 => any::<i8>().prop_map(Value::from).boxed(),
        Type::U8 => any::<u8>().prop_map(Value::from).boxed(),
        Type::S16 => any::<i16>().prop_map(Value::from).boxed(),
        Type::U16 => any::<u16>().prop_map(Value::from).boxed(),
        Type::S32 => any::<i32>().prop_map(Value::from).boxed(),
        Type::U32 => any::<u32>().prop_map(Value::from).boxed(),
        Type::S64 => any::<i64>().prop_map(Value::from).boxed(),
        Type::U64 => any::<u64>().prop_map(Value::from).boxed(),
        Type::F32 => {
            prop_oneof![8 => any::<f32>(), 1 => Just(f32::INFINITY), 1 => Just(f32::NEG_INFINITY)]
                .prop_map(Value::from)
                .boxed()
        }
        Type::F64 => {
            prop_oneof![8 => any::<f64>(), 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY)]
                .prop_map(Value::from)
                .boxed()
        }
        Type::Char => any::<char>().prop_map(Value::from).boxed(),
        Type::String => any::<String>().prop_map(Value::from).boxed(),
        Type::Enum(names) => select(names.clone()).prop_map(Value::Enum).boxed(),
        Type::Flags(names) => subsequence(names.clone(), 0..=names.len())
            .prop_map(Value::Flags)
            .boxed(),
        Type::Option(ty) => prop::option::of(value_of(ty)).prop_map(Value::from).boxed(),
        compound => compound_value_of(compound),
    }
}

fn compound_value_of(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::List(ty) => prop::collection::vec(value_of(ty), 0..4)
            .prop_map(Value::List)
            .boxed(),
        Type::FixedLengthList(ty, length) => prop::collection::vec(value_of(ty), *length as usize)
            .prop_map(Value::List)
            .boxed(),
        Type::Map(key, value) => prop::collection::vec((value_of(key), value_of(value)), 0..3)
            .prop_map(Value::Map)
            .boxed(),
        Type::Tuple(types) => types
            .iter()
            .map(value_of)
            .collect::<Vec<_>>()
            .prop_map(Value::Tuple)
            .boxed(),
        Type::Record(fields) => {
            let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
            let values: Vec<_> = fields.iter().map(|field| value_of(&field.ty)).collect();
            values
                .prop_map(move |values| Value::Record(names.iter().cloned().zip(values).collect()))
                .boxed()
        }
        Type::Variant(cases) => {
            let of_case = |case: Case| {
                payload_of(case.ty.as_ref())
                    .prop_map(move |value| Value::Variant(case.name.clone(), value))
            };
            select(cases.clone()).prop_flat_map(of_case).boxed()
        }
        Type::Result { ok, err } => prop_oneof![
            payload_of(ok.as_deref()).prop_map(|value| Value::Result(Ok(value))),
            payload_of(err.as_deref()).prop_map(|value| Value::Result(Err(value))),
        ]
        .boxed(),
        other => unreachable!("`any_type` makes no `{other}`"),
    }
}

fn payload_of(ty: Option<&Type>) -> BoxedStrategy<Option<Box<Value>>> {
    match ty {
        Some(ty) => value_of(ty).prop_map(|value| Some(Box::new(value))).boxed(),
        None => Just(None).boxed(),
    }
}
