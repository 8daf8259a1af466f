//! A function with a parameter of every kind of type.

use std::sync::LazyLock;

use airssys_wasm_core::world::{Case, Field, Function, Param, Type};

pub static FUNCTION: LazyLock<Function> = LazyLock::new(|| Function {
    name: "f".parse().expect("a name"),
    params: types()
        .into_iter()
        .map(|ty| Param { name: "p".into(), ty: Type::Option(Box::new(ty)) })
        .collect(),
    result: None,
    is_async_func: false,
});

/// Every parameter is optional, so that short inputs get far.
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
