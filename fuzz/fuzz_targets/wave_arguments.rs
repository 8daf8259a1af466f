//! Any text as the arguments of a function that has a parameter of every kind:
//! values that fit and whose text is read back, or an error.
#![no_main]

use std::sync::LazyLock;

use airssys_wasm_core::Value;
use airssys_wasm_core::world::{Case, Field, Function, Param, Type};
use libfuzzer_sys::fuzz_target;

static FUNCTION: LazyLock<Function> = LazyLock::new(|| Function {
    name: "f".parse().expect("a name"),
    params: types()
        .into_iter()
        .map(|ty| Param { name: "p".into(), ty: Type::Option(Box::new(ty)) })
        .collect(),
    result: None,
    async_func: false,
});

fuzz_target!(|text: &str| {
    let Ok(values) = FUNCTION.arguments_from_wave(text) else { return };
    assert_eq!(values.len(), FUNCTION.params.len());
    for (value, param) in values.iter().zip(&FUNCTION.params) {
        assert_eq!(value.fits(&param.ty), Ok(()));
    }
    let written = format!("({})", values.iter().map(Value::to_wave).collect::<Vec<_>>().join(", "));
    let read = FUNCTION.arguments_from_wave(&written).expect("what was written is read");
    // By its text: NaN is not equal to itself.
    assert!(values.iter().map(Value::to_wave).eq(read.iter().map(Value::to_wave)), "{written}");
});

/// Each parameter may be left out, so that short texts reach far.
fn types() -> Vec<Type> {
    use Type::{Bool, Char, F32, F64, S8, S64, String, U8, U32, U64};
    let boxed = |ty: &Type| Box::new(ty.clone());
    let names = || ["a".to_owned(), "true".to_owned(), "b-c".to_owned()].to_vec();
    let record =
        Type::Record(names().into_iter().zip([U8, String, Type::Option(Box::new(F64))]).map(field).collect());
    let variant =
        Type::Variant(names().into_iter().zip([None, Some(U32), Some(record.clone())]).map(case).collect());
    vec![
        Type::List(boxed(&variant)),
        record,
        Type::Tuple(vec![Bool, S8, Char, F32]),
        Type::Result { ok: Some(boxed(&variant)), err: None },
        Type::Map(Box::new(String), Box::new(S64)),
        Type::FixedLengthList(Box::new(U64), 2),
        Type::Flags(names()),
        Type::Enum(names()),
    ]
}

fn field((name, ty): (String, Type)) -> Field {
    Field { name, ty }
}

fn case((name, ty): (String, Option<Type>)) -> Case {
    Case { name, ty }
}
