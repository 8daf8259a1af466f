//! The Rust types that a function can be called with, as source text.
//!
//! Tests: `tests/suite/calls.rs`.

use airssys_wasm_core::world::{Function, Type};

/// Suggests what to write for a function, in place of Rust types that do not match.
pub(super) fn advice(function: &Function) -> String {
    match lookup_line(function) {
        Some(line) => format!("write `{line}`"),
        None => "a record, variant, enum or flags has no Rust type of its own: use `bindings` with what \
                 `bindgen!` generates, or `dynamic_function`"
            .into(),
    }
}

/// Returns the line that looks the function up, if each of its types has a Rust type.
fn lookup_line(function: &Function) -> Option<String> {
    let params = function.params.iter().map(|param| rust_type(&param.ty));
    let results = function.result.iter().map(rust_type);
    let (params, results) = (tuple(params)?, tuple(results)?);
    Some(format!(
        "function::<{params}, {results}>(\"{}\")",
        function.name
    ))
}

fn tuple(types: impl Iterator<Item = Option<String>>) -> Option<String> {
    let types: Vec<String> = types.collect::<Option<_>>()?;
    Some(match &types[..] {
        [one] => format!("({one},)"),
        types => format!("({})", types.join(", ")),
    })
}

/// Returns the Rust type of a WIT type. A resource is `Resource` of the type that the host gave it.
fn rust_type(ty: &Type) -> Option<String> {
    let unit = || Some("()".to_owned());
    Some(match ty {
        Type::Bool => "bool".into(),
        Type::S8 => "i8".into(),
        Type::U8 => "u8".into(),
        Type::S16 => "i16".into(),
        Type::U16 => "u16".into(),
        Type::S32 => "i32".into(),
        Type::U32 => "u32".into(),
        Type::S64 => "i64".into(),
        Type::U64 => "u64".into(),
        Type::F32 => "f32".into(),
        Type::F64 => "f64".into(),
        Type::Char => "char".into(),
        Type::String => "String".into(),
        Type::List(item) => format!("Vec<{}>", rust_type(item)?),
        Type::Option(some) => format!("Option<{}>", rust_type(some)?),
        Type::Tuple(types) => tuple(types.iter().map(rust_type))?,
        Type::Result { ok, err } => {
            let case = |case: &Option<Box<Type>>| case.as_deref().map_or_else(unit, rust_type);
            format!("Result<{}, {}>", case(ok)?, case(err)?)
        }
        Type::Own(name) | Type::Borrow(name) => format!("Resource<{}>", type_name(name)),
        _ => return None,
    })
}

/// Returns the Rust name of a resource: `TextBuffer` for `acme:editor/documents.text-buffer`.
fn type_name(resource: &str) -> String {
    let name = resource.rsplit(['.', '/']).next().unwrap_or(resource);
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase())
            .into_iter()
            .chain(letters)
            .collect::<String>()
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use airssys_wasm_core::world::Param;

    use super::*;

    fn function(params: Vec<Type>, result: Option<Type>) -> Function {
        let params = params
            .into_iter()
            .map(|ty| Param {
                name: "p".into(),
                ty,
            })
            .collect();
        Function {
            name: "f".parse().expect("a name"),
            params,
            result,
            is_async_func: false,
        }
    }

    #[test]
    fn names_the_rust_types_of_a_function() {
        let buffer = Type::Borrow("acme:editor/documents.text-buffer".into());
        let pairs = Type::List(Box::new(Type::Tuple(vec![Type::U8, Type::String])));
        let result = Type::Result {
            ok: Some(Box::new(pairs)),
            err: None,
        };
        assert_eq!(
            lookup_line(&function(vec![buffer, Type::F64], Some(result))).as_deref(),
            Some(
                "function::<(Resource<TextBuffer>, f64), (Result<Vec<(u8, String)>, ()>,)>(\"f\")"
            )
        );
        assert_eq!(
            lookup_line(&function(vec![], None)).as_deref(),
            Some("function::<(), ()>(\"f\")")
        );
    }

    #[test]
    fn suggests_alternatives_for_types_without_a_rust_name() {
        let point = Type::Record(Vec::new());
        assert_eq!(lookup_line(&function(vec![point.clone()], None)), None);
        assert!(advice(&function(vec![point], None)).contains("bindgen!"));
    }
}
