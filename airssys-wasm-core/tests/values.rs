//! Properties of values, for arbitrary types and values of those types: they fit,
//! their text is read back, and with one part of another type they do not fit.
//!
//! Single cases are beside the code.
#![cfg(feature = "wave")]

use airssys_wasm_core::world::{Case, Field, Function, Param, Type};
use airssys_wasm_core::{FunctionName, Value};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

/// Names of fields, cases and flags, the words of WAVE among them.
fn label() -> impl Strategy<Value = String> {
    let words = ["true", "false", "some", "none", "ok", "err", "inf", "nan"].map(String::from);
    prop_oneof![4 => "[a-z][a-z0-9]{0,4}(-[a-z][a-z0-9]{0,3}){0,2}", 1 => select(words.to_vec())]
}

/// Different ones, at least one.
fn labels() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(label(), 1..5).prop_map(Vec::from_iter).prop_shuffle()
}

fn plain_type() -> impl Strategy<Value = Type> {
    use Type::{Bool, Char, F32, F64, S8, S16, S32, S64, String, U8, U16, U32, U64};
    prop_oneof![
        select(vec![Bool, S8, U8, S16, U16, S32, U32, S64, U64, F32, F64, Char, String]),
        labels().prop_map(Type::Enum),
        labels().prop_map(Type::Flags),
    ]
}

/// Every kind of type that has values.
fn any_type() -> impl Strategy<Value = Type> {
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
                Type::Record(names.into_iter().zip(types).map(|(name, ty)| Field { name, ty }).collect())
            }),
            (labels(), payloads).prop_map(|(names, types)| {
                Type::Variant(names.into_iter().zip(types).map(|(name, ty)| Case { name, ty }).collect())
            }),
        ]
    })
}

/// Values of a type. Not NaN, which is not even equal to itself.
fn value_of(ty: &Type) -> BoxedStrategy<Value> {
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
        Type::F32 => prop_oneof![8 => any::<f32>(), 1 => Just(f32::INFINITY), 1 => Just(f32::NEG_INFINITY)]
            .prop_map(Value::from)
            .boxed(),
        Type::F64 => prop_oneof![8 => any::<f64>(), 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY)]
            .prop_map(Value::from)
            .boxed(),
        Type::Char => any::<char>().prop_map(Value::from).boxed(),
        Type::String => any::<String>().prop_map(Value::from).boxed(),
        Type::Enum(names) => select(names.clone()).prop_map(Value::Enum).boxed(),
        Type::Flags(names) => subsequence(names.clone(), 0..=names.len()).prop_map(Value::Flags).boxed(),
        Type::Option(ty) => prop::option::of(value_of(ty)).prop_map(Value::from).boxed(),
        compound => compound_value_of(compound),
    }
}

fn compound_value_of(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::List(ty) => prop::collection::vec(value_of(ty), 0..4).prop_map(Value::List).boxed(),
        Type::FixedLengthList(ty, length) => {
            prop::collection::vec(value_of(ty), *length as usize).prop_map(Value::List).boxed()
        }
        Type::Map(key, value) => {
            prop::collection::vec((value_of(key), value_of(value)), 0..3).prop_map(Value::Map).boxed()
        }
        Type::Tuple(types) => types.iter().map(value_of).collect::<Vec<_>>().prop_map(Value::Tuple).boxed(),
        Type::Record(fields) => {
            let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
            let values: Vec<_> = fields.iter().map(|field| value_of(&field.ty)).collect();
            values.prop_map(move |values| Value::Record(names.iter().cloned().zip(values).collect())).boxed()
        }
        Type::Variant(cases) => {
            let of_case = |case: Case| {
                payload_of(case.ty.as_ref()).prop_map(move |value| Value::Variant(case.name.clone(), value))
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

fn typed_value() -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(|ty| (Just(ty.clone()), value_of(&ty)))
}

/// The parts of a value, one level down.
fn parts(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::List(items) | Value::Tuple(items) => items.iter_mut().collect(),
        Value::Map(entries) => entries.iter_mut().flat_map(|(key, value)| [key, value]).collect(),
        Value::Record(fields) => fields.iter_mut().map(|(_, value)| value).collect(),
        Value::Variant(_, payload)
        | Value::Option(payload)
        | Value::Result(Ok(payload))
        | Value::Result(Err(payload)) => payload.iter_mut().map(|value| &mut **value).collect(),
        _ => Vec::new(),
    }
}

/// Puts a value of another kind in the place of one part, found by `way`.
fn spoil(value: &mut Value, way: &[Index]) {
    if let Some((step, rest)) = way.split_first() {
        let parts = parts(value);
        if !parts.is_empty() {
            let place = step.index(parts.len());
            return parts.into_iter().skip(place).take(1).for_each(|part| spoil(part, rest));
        }
    }
    *value = match value {
        Value::U16(_) => Value::S16(7),
        _ => Value::U16(7),
    };
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_value_fits_its_type((ty, value) in typed_value()) {
        prop_assert_eq!(value.fits(&ty), Ok(()));
    }

    #[test]
    fn a_value_with_a_part_of_another_type_does_not_fit(
        (ty, value) in typed_value(),
        way in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        let mut spoilt = value;
        spoil(&mut spoilt, &way);
        prop_assert!(spoilt.fits(&ty).is_err(), "{} as {}", spoilt.describe(), ty);
    }

    #[test]
    fn the_text_of_a_value_is_read_back((ty, value) in typed_value()) {
        let text = value.to_wave();
        let read = Value::from_wave(&text, &ty);
        prop_assert_eq!(read.as_ref(), Ok(&value), "{} as {}", text, ty);
    }

    #[test]
    fn the_text_of_arguments_is_read_back(typed in prop::collection::vec(typed_value(), 0..4)) {
        let (types, values): (Vec<Type>, Vec<Value>) = typed.into_iter().unzip();
        let text = values.iter().map(Value::to_wave).collect::<Vec<_>>().join(", ");
        prop_assert_eq!(function(types).arguments_from_wave(&format!("({text})")), Ok(values));
    }

    #[test]
    fn no_text_makes_the_parser_panic(
        ty in any_type(),
        text in prop_oneof![any::<String>(), r#"[\[\](){}<>"'%,:a-z0-9 .\\-]{0,24}"#],
    ) {
        if let Ok(value) = Value::from_wave(&text, &ty) {
            prop_assert_eq!(value.fits(&ty), Ok(()));
        }
        if let Ok(values) = function(vec![ty.clone()]).arguments_from_wave(&text) {
            prop_assert_eq!(values.len(), 1);
            prop_assert_eq!(values[0].fits(&ty), Ok(()));
        }
    }

    /// There is one NaN in the Component Model.
    #[test]
    fn not_a_number_is_read_back(bits in any::<u64>()) {
        let nan = f64::from_bits(bits | f64::NAN.to_bits());
        let read = Value::from_wave(&Value::F64(nan).to_wave(), &Type::F64);
        prop_assert!(matches!(read, Ok(Value::F64(number)) if number.is_nan()));
    }
}

fn function(types: Vec<Type>) -> Function {
    let param = |(at, ty)| Param { name: format!("p{at}"), ty };
    Function {
        name: "f".parse::<FunctionName>().expect("a name"),
        params: types.into_iter().enumerate().map(param).collect(),
        result: None,
        async_func: false,
    }
}
