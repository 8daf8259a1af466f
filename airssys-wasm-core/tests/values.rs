//! Properties of values of arbitrary types: values fit their type, their text can be read back, and
//! they no longer fit once a part has another type.
//!
//! Single cases are in `airssys-wasm-core/src/value`.
#![cfg(feature = "wave")]

mod arbitrary;

use airssys_wasm_core::world::{Function, Param, Type};
use airssys_wasm_core::{FunctionName, Value};
use arbitrary::{any_type, value_of};
use proptest::prelude::*;
use proptest::sample::Index;

fn typed_value() -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(|ty| (Just(ty.clone()), value_of(&ty)))
}

/// The direct parts of a value.
fn parts(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::List(items) | Value::Tuple(items) => items.iter_mut().collect(),
        Value::Map(entries) => entries
            .iter_mut()
            .flat_map(|(key, value)| [key, value])
            .collect(),
        Value::Record(fields) => fields.iter_mut().map(|(_, value)| value).collect(),
        Value::Variant(_, payload)
        | Value::Option(payload)
        | Value::Result(Ok(payload))
        | Value::Result(Err(payload)) => payload.iter_mut().map(|value| &mut **value).collect(),
        _ => Vec::new(),
    }
}

/// Replaces a part of `value`, selected by `way`, with a value of another kind.
fn corrupt(value: &mut Value, way: &[Index]) {
    if let Some((step, rest)) = way.split_first() {
        let parts = parts(value);
        if !parts.is_empty() {
            let place = step.index(parts.len());
            return parts
                .into_iter()
                .skip(place)
                .take(1)
                .for_each(|part| corrupt(part, rest));
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
        corrupt(&mut spoilt, &way);
        prop_assert!(spoilt.fits(&ty).is_err(), "{} as {}", spoilt.describe(), ty);
    }

    #[test]
    fn the_text_of_a_value_is_read_back((ty, value) in typed_value()) {
        let text = value.to_wave();
        let read = Value::from_wave(&text, &ty);
        prop_assert_eq!(read.as_ref(), Ok(&value), "{} as {}", text, ty);
    }

    #[cfg(feature = "json")]
    #[test]
    fn the_json_of_a_value_is_read_back((ty, value) in typed_value()) {
        let text = value.to_json().to_string();
        let json: serde_json::Value = serde_json::from_str(&text).expect("json");
        let read = Value::from_json(&json, &ty);
        let is_map = |ty: &Type| matches!(ty, Type::Map(..));
        // The keys of an object are not ordered.
        if !ty.any_part(&is_map) {
            prop_assert_eq!(read.as_ref(), Ok(&value), "{} as {}", text, ty);
        }
        prop_assert_eq!(read.map(|value| value.to_json()), Ok(json), "{} as {}", text, ty);
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

    /// The Component Model has a single NaN.
    #[test]
    fn not_a_number_is_read_back(bits in any::<u64>()) {
        let nan = f64::from_bits(bits | f64::NAN.to_bits());
        let read = Value::from_wave(&Value::F64(nan).to_wave(), &Type::F64);
        prop_assert!(matches!(read, Ok(Value::F64(number)) if number.is_nan()));
    }
}

fn function(types: Vec<Type>) -> Function {
    let param = |(at, ty)| Param {
        name: format!("p{at}"),
        ty,
    };
    Function {
        name: "f".parse::<FunctionName>().expect("a name"),
        params: types.into_iter().enumerate().map(param).collect(),
        result: None,
        is_async_func: false,
    }
}
