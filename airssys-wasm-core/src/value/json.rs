//! Values as JSON, by type.
//!
//! Tests: in this file, `airssys-wasm-core/tests/values.rs`, `fuzz/fuzz_targets/json_arguments.rs`.

use std::collections::HashSet;

use serde_json::{Map, Number, Value as Json};

use super::{Value, ValueMismatch};
use crate::steps::count_steps;
use crate::world::{Case, Field, Function, Type};

impl Value {
    /// Reads a value of type `ty` from JSON:
    ///
    /// | WIT | JSON |
    /// |---|---|
    /// | `bool`, numbers | `true`, numbers; a 64-bit number can also be a string; `"nan"`, `"inf"`, `"-inf"` |
    /// | `char`, `string`, enums | strings |
    /// | lists, tuples, flags | arrays; the names of the flags |
    /// | records | objects; a field of type `option` can be left out |
    /// | maps | objects if the keys are strings, otherwise arrays of pairs; an empty map is an empty array |
    /// | variants | `{"case": value}`, or `"case"` for a case without a payload |
    /// | `option<T>` | `null` or the value; `{"some": value}` if `T` is itself an `option` |
    /// | `result<T, E>` | `{"ok": value}` or `{"err": value}`, with `null` for no payload |
    ///
    /// ```
    /// use airssys_wasm_core::{Value, world::Type};
    ///
    /// let ty = Type::Option(Box::new(Type::U32));
    /// assert_eq!(Value::from_json(&serde_json::json!(7), &ty)?, Value::from(Some(7u32)));
    /// # Ok::<(), airssys_wasm_core::ValueMismatch>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with [`ValueMismatch`], which has the path of the first part that does not fit.
    pub fn from_json(json: &Json, ty: &Type) -> Result<Self, ValueMismatch> {
        read(json, ty)
    }

    /// Returns the value as JSON, which [`from_json`](Self::from_json) reads back.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Bool(value) => (*value).into(),
            Self::S8(value) => (*value).into(),
            Self::U8(value) => (*value).into(),
            Self::S16(value) => (*value).into(),
            Self::U16(value) => (*value).into(),
            Self::S32(value) => (*value).into(),
            Self::U32(value) => (*value).into(),
            Self::S64(value) => (*value).into(),
            Self::U64(value) => (*value).into(),
            // The shortest text of the number as `f32` is shorter than that of its conversion to
            // `f64`.
            Self::F32(value) => {
                float_to_json(value.to_string().parse().unwrap_or(f64::from(*value)))
            }
            Self::F64(value) => float_to_json(*value),
            Self::Char(value) => value.to_string().into(),
            Self::String(text) | Self::Enum(text) => text.as_str().into(),
            Self::List(items) | Self::Tuple(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => map_to_json(entries),
            Self::Record(fields) => fields
                .iter()
                .map(|(name, value)| (name.clone(), value.to_json()))
                .collect(),
            Self::Variant(case, None) => case.as_str().into(),
            Self::Variant(case, Some(value)) => single_entry_object(case, value.to_json()),
            Self::Option(None) => Json::Null,
            Self::Option(Some(value)) if matches!(**value, Self::Option(_)) => {
                single_entry_object("some", value.to_json())
            }
            Self::Option(Some(value)) => value.to_json(),
            Self::Result(Ok(value)) => single_entry_object("ok", payload_to_json(value.as_deref())),
            Self::Result(Err(value)) => {
                single_entry_object("err", payload_to_json(value.as_deref()))
            }
            Self::Flags(names) => names.iter().map(String::as_str).collect(),
        }
    }
}

impl Function {
    /// Reads the arguments of a call, one JSON value each.
    ///
    /// # Errors
    ///
    /// Fails with [`ValueMismatch`], which has the parameter and the path in it.
    pub fn arguments_from_json(&self, arguments: &[Json]) -> Result<Vec<Value>, ValueMismatch> {
        if arguments.len() != self.params.len() {
            return Err(ValueMismatch::new(
                self.signature(),
                format!("{} arguments", arguments.len()),
            ));
        }
        let typed = self.params.iter().zip(arguments);
        typed
            .map(|(param, json)| read(json, &param.ty).map_err(|m| m.nested_in(&param.name)))
            .collect()
    }
}

fn read(json: &Json, ty: &Type) -> Result<Value, ValueMismatch> {
    let value = match (ty, json) {
        (Type::Bool, Json::Bool(value)) => Some(Value::Bool(*value)),
        (Type::Char, Json::String(text)) => only_char(text).map(Value::Char),
        (Type::String, Json::String(text)) => Some(Value::String(text.clone())),
        (Type::F32, json) => read_float(json).and_then(to_f32).map(Value::F32),
        (Type::F64, json) => read_float(json).map(Value::F64),
        (Type::List(item), Json::Array(items)) => return list(items, item),
        (Type::FixedLengthList(item, length), Json::Array(items))
            if items.len() == *length as usize =>
        {
            return list(items, item);
        }
        (Type::Map(key, value), json) => return map(json, key, value, ty),
        (Type::Record(fields), Json::Object(given)) => return record(given, fields, ty),
        (Type::Tuple(types), Json::Array(items)) if items.len() == types.len() => {
            let parts = items.iter().zip(types).enumerate();
            let parts = parts
                .map(|(at, (item, ty))| read(item, ty).map_err(|m| m.nested_in(at.to_string())));
            return parts.collect::<Result<_, _>>().map(Value::Tuple);
        }
        (Type::Variant(cases), json) => return variant(json, cases, ty),
        (Type::Enum(names), Json::String(name)) if names.contains(name) => {
            Some(Value::Enum(name.clone()))
        }
        (Type::Flags(names), Json::Array(set)) => return flags(set, names, ty),
        (Type::Option(_), Json::Null) => Some(Value::Option(None)),
        (Type::Option(inner), json) => return read_some(json, inner, ty),
        (Type::Result { ok, err }, Json::Object(given)) => {
            return result(given, ok.as_deref(), err.as_deref(), ty);
        }
        (ty, json) => integer(json, ty),
    };
    value.ok_or_else(|| ValueMismatch::new(ty, abbreviated(json)))
}

fn integer(json: &Json, ty: &Type) -> Option<Value> {
    Some(match ty {
        Type::S8 => Value::S8(json.as_i64()?.try_into().ok()?),
        Type::S16 => Value::S16(json.as_i64()?.try_into().ok()?),
        Type::S32 => Value::S32(json.as_i64()?.try_into().ok()?),
        Type::U8 => Value::U8(json.as_u64()?.try_into().ok()?),
        Type::U16 => Value::U16(json.as_u64()?.try_into().ok()?),
        Type::U32 => Value::U32(json.as_u64()?.try_into().ok()?),
        // Many producers of JSON do not support 64-bit numbers.
        Type::S64 => Value::S64(json.as_i64().or_else(|| json.as_str()?.parse().ok())?),
        Type::U64 => Value::U64(json.as_u64().or_else(|| json.as_str()?.parse().ok())?),
        _ => return None,
    })
}

fn float_to_json(value: f64) -> Json {
    match Number::from_f64(value) {
        Some(number) => number.into(),
        None if value.is_nan() => "nan".into(),
        None if value > 0.0 => "inf".into(),
        None => "-inf".into(),
    }
}

fn read_float(json: &Json) -> Option<f64> {
    match json.as_str() {
        Some("nan") => Some(f64::NAN),
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => json.as_f64(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a text of a double is rounded to the nearest"
)]
fn to_f32(value: f64) -> Option<f32> {
    let rounded = value as f32;
    (rounded.is_finite() || !value.is_finite()).then_some(rounded)
}

fn only_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn list(items: &[Json], ty: &Type) -> Result<Value, ValueMismatch> {
    let items = items.iter().enumerate();
    let items = items.map(|(at, item)| read(item, ty).map_err(|m| m.nested_in(at.to_string())));
    items.collect::<Result<_, _>>().map(Value::List)
}

fn map(json: &Json, key: &Type, value: &Type, ty: &Type) -> Result<Value, ValueMismatch> {
    let entries: Vec<(Json, &Json)> = match json {
        Json::Object(given) if *key == Type::String => given
            .iter()
            .map(|(key, value)| (key.as_str().into(), value))
            .collect(),
        Json::Array(pairs) => {
            let pair = |pair: &'_ Json| pair.as_array().filter(|pair| pair.len() == 2).is_some();
            if !pairs.iter().all(pair) {
                return Err(ValueMismatch::new(
                    ty,
                    "an array of elements that are not pairs",
                ));
            }
            pairs
                .iter()
                .map(|pair| (pair[0].clone(), &pair[1]))
                .collect()
        }
        other => return Err(ValueMismatch::new(ty, abbreviated(other))),
    };
    let entry = |(at, (k, v)): (usize, (Json, &Json))| {
        let both = read(&k, key).and_then(|k| Ok((k, read(v, value)?)));
        both.map_err(|m| m.nested_in(at.to_string()))
    };
    entries
        .into_iter()
        .enumerate()
        .map(entry)
        .collect::<Result<_, _>>()
        .map(Value::Map)
}

fn map_to_json(entries: &[(Value, Value)]) -> Json {
    let text = |(key, value): &(Value, Value)| match key {
        Value::String(key) => Some((key.clone(), value.to_json())),
        _ => None,
    };
    let named: Option<Map<String, Json>> = entries.iter().map(text).collect();
    match named {
        // An object cannot repeat a key, and an empty object does not show that the keys are
        // strings.
        Some(named) if named.len() == entries.len() && !named.is_empty() => named.into(),
        _ => entries
            .iter()
            .map(|(key, value)| Json::from(vec![key.to_json(), value.to_json()]))
            .collect(),
    }
}

fn record(given: &Map<String, Json>, fields: &[Field], ty: &Type) -> Result<Value, ValueMismatch> {
    let known: HashSet<&str> = fields
        .iter()
        .inspect(|_| count_steps(1))
        .map(|field| field.name.as_str())
        .collect();
    if let Some(unknown) = given.keys().find(|name| !known.contains(name.as_str())) {
        return Err(ValueMismatch::new(
            ty,
            format!("a field `{}`", unknown.escape_debug()),
        ));
    }
    let field = |field: &Field| {
        let value = match given.get(&field.name) {
            Some(json) => read(json, &field.ty).map_err(|m| m.nested_in(&field.name))?,
            None if matches!(field.ty, Type::Option(_)) => Value::Option(None),
            None => return Err(ValueMismatch::new(ty, format!("no field `{}`", field.name))),
        };
        Ok((field.name.clone(), value))
    };
    fields
        .iter()
        .map(field)
        .collect::<Result<_, _>>()
        .map(Value::Record)
}

fn variant(json: &Json, cases: &[Case], ty: &Type) -> Result<Value, ValueMismatch> {
    let (name, payload) = match json {
        Json::String(name) => (name, None),
        Json::Object(given) if given.len() == 1 => {
            let (name, payload) = given
                .iter()
                .next()
                .ok_or_else(|| ValueMismatch::new(ty, abbreviated(json)))?;
            (name, Some(payload))
        }
        other => return Err(ValueMismatch::new(ty, abbreviated(other))),
    };
    let case = cases.iter().find(|case| case.name == *name);
    match (case.map(|case| &case.ty), payload) {
        (Some(None), None) => Ok(Value::Variant(name.clone(), None)),
        (Some(Some(ty)), Some(payload)) => {
            let payload = read(payload, ty).map_err(|m| m.nested_in(name))?;
            Ok(Value::Variant(name.clone(), Some(Box::new(payload))))
        }
        (Some(None), Some(_)) => Err(ValueMismatch::new(ty, format!("`{name}` with a value"))),
        (Some(Some(_)), None) => Err(ValueMismatch::new(ty, format!("`{name}` without a value"))),
        (None, _) => Err(ValueMismatch::new(
            ty,
            format!("a case `{}`", name.escape_debug()),
        )),
    }
}

fn flags(set: &[Json], names: &[String], ty: &Type) -> Result<Value, ValueMismatch> {
    let is_known = |name: &Json| {
        name.as_str()
            .is_some_and(|name| names.iter().any(|known| known == name))
    };
    if let Some(unknown) = set.iter().find(|name| !is_known(name)) {
        return Err(ValueMismatch::new(ty, abbreviated(unknown)));
    }
    let is_set = |name: &&String| set.iter().any(|set| set.as_str() == Some(name));
    Ok(Value::Flags(names.iter().filter(is_set).cloned().collect()))
}

fn read_some(json: &Json, inner: &Type, ty: &Type) -> Result<Value, ValueMismatch> {
    let json = match (inner, json) {
        (Type::Option(_), Json::Object(given))
            if given.len() == 1 && given.contains_key("some") =>
        {
            &given["some"]
        }
        (Type::Option(_), other) => return Err(ValueMismatch::new(ty, abbreviated(other))),
        (_, json) => json,
    };
    read(json, inner).map(|value| Value::Option(Some(Box::new(value))))
}

fn result(
    given: &Map<String, Json>,
    ok: Option<&Type>,
    err: Option<&Type>,
    ty: &Type,
) -> Result<Value, ValueMismatch> {
    let side = match (given.len(), given.get("ok"), given.get("err")) {
        (1, Some(json), None) => Ok((json, ok)),
        (1, None, Some(json)) => Err((json, err)),
        _ => {
            return Err(ValueMismatch::new(
                ty,
                "an object without exactly one of `ok` and `err`",
            ));
        }
    };
    let payload = |(json, side): (&Json, Option<&Type>), word: &str| match side {
        Some(side) => read(json, side)
            .map(|value| Some(Box::new(value)))
            .map_err(|m| m.nested_in(word)),
        None if json.is_null() => Ok(None),
        None => Err(ValueMismatch::new(ty, format!("`{word}` with a value"))),
    };
    Ok(Value::Result(match side {
        Ok(side) => Ok(payload(side, "ok")?),
        Err(side) => Err(payload(side, "err")?),
    }))
}

fn payload_to_json(value: Option<&Value>) -> Json {
    value.map_or(Json::Null, Value::to_json)
}

fn single_entry_object(name: &str, value: Json) -> Json {
    Json::Object(std::iter::once((name.to_owned(), value)).collect())
}

/// Returns the JSON that was found, abbreviated.
fn abbreviated(json: &Json) -> String {
    const SHOWN: usize = 40;
    let text = json.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn option(ty: Type) -> Type {
        Type::Option(Box::new(ty))
    }

    fn record_type() -> Type {
        Type::Record(vec![
            Field {
                name: "name".into(),
                ty: Type::String,
            },
            Field {
                name: "age".into(),
                ty: option(Type::U8),
            },
        ])
    }

    #[test]
    fn a_field_that_is_an_option_may_be_left_out() {
        let read = Value::from_json(&json!({ "name": "Ada" }), &record_type()).expect("a record");
        assert_eq!(read.to_json(), json!({ "name": "Ada", "age": null }));
    }

    #[test]
    fn nested_options_are_distinguishable() {
        let ty = option(option(Type::U8));
        let some = |value: Value| Value::Option(Some(Box::new(value)));
        for (json, value) in [
            (json!(null), Value::Option(None)),
            (json!({ "some": null }), some(Value::Option(None))),
            (json!({ "some": 7 }), some(some(Value::U8(7)))),
        ] {
            assert_eq!(Value::from_json(&json, &ty).as_ref(), Ok(&value));
            assert_eq!(value.to_json(), json);
        }
        assert!(Value::from_json(&json!(7), &ty).is_err());
    }

    #[test]
    fn numbers_keep_their_value() {
        let read = |json: Json, ty| Value::from_json(&json, &ty);
        assert_eq!(read(json!(u64::MAX), Type::U64), Ok(Value::U64(u64::MAX)));
        assert_eq!(
            read(json!("18446744073709551615"), Type::U64),
            Ok(Value::U64(u64::MAX))
        );
        assert_eq!(read(json!(i64::MIN), Type::S64), Ok(Value::S64(i64::MIN)));
        assert_eq!(Value::F32(0.1).to_json(), json!(0.1));
        assert_eq!(
            read(json!("-inf"), Type::F64),
            Ok(Value::F64(f64::NEG_INFINITY))
        );
        for (json, ty) in [
            (json!(256), Type::U8),
            (json!("7"), Type::U8),
            (json!(-1), Type::U64),
            (json!(1.5), Type::S32),
            (json!(1e39), Type::F32),
        ] {
            assert!(Value::from_json(&json, &ty).is_err(), "{json} as {ty}");
        }
    }

    #[test]
    fn errors_have_a_path() {
        let list = Type::List(Box::new(record_type()));
        for (json, expected) in [
            (
                json!([{ "name": "Ada", "age": 300 }]),
                "at `0.age`: expected `u8`, found `300`",
            ),
            (json!([{ "age": 3 }]), "no field `name`"),
            (json!([{ "name": "Ada", "agee": 3 }]), "a field `agee`"),
            (json!({}), "found `{}`"),
        ] {
            let error = Value::from_json(&json, &list)
                .expect_err("it does not fit")
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn cases_have_their_payload() {
        let ty = Type::Variant(vec![
            Case {
                name: "none".into(),
                ty: None,
            },
            Case {
                name: "some-of".into(),
                ty: Some(Type::U8),
            },
        ]);
        for json in [json!("none"), json!({ "some-of": 3 })] {
            assert_eq!(
                Value::from_json(&json, &ty).expect("a case").to_json(),
                json
            );
        }
        for json in [
            json!("some-of"),
            json!({ "none": 1 }),
            json!("other"),
            json!({}),
            json!({ "a": 1, "b": 2 }),
        ] {
            assert!(Value::from_json(&json, &ty).is_err(), "{json}");
        }
    }
}
