//! Checks whether a value fits a type, and reports where it does not.
//!
//! Tests: in this file.

use std::collections::HashMap;
use std::fmt;

use super::Value;
use crate::steps::count_steps;
use crate::world::{Case, Field, Type};

/// The place where a value does not fit the expected type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueMismatch {
    path: Vec<String>,
    expected: String,
    found: String,
}

impl ValueMismatch {
    pub(super) fn new(expected: impl fmt::Display, found: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            expected: expected.to_string(),
            found: found.into(),
        }
    }

    /// The path to the part that does not fit; empty for the value itself.
    #[must_use]
    pub fn path(&self) -> &[String] {
        &self.path
    }

    pub(super) fn nested_in(mut self, step: impl Into<String>) -> Self {
        self.path.insert(0, step.into());
        self
    }
}

impl std::error::Error for ValueMismatch {}

impl fmt::Display for ValueMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "at `{}`: ", self.path.join("."))?;
        }
        write!(f, "expected `{}`, found `{}`", self.expected, self.found)
    }
}

impl Value {
    /// Checks that this is a value of type `ty`.
    ///
    /// # Errors
    ///
    /// Fails with [`ValueMismatch`], which has the path of the first part that does not fit and both
    /// types.
    ///
    /// ```
    /// use airssys_wasm_core::{Value, world::Type};
    ///
    /// let ty = Type::List(Box::new(Type::U32));
    /// assert!(Value::from(vec![1u32, 2]).fits(&ty).is_ok());
    /// let error = Value::from(vec!["one"]).fits(&ty).unwrap_err();
    /// assert_eq!(error.to_string(), "at `0`: expected `u32`, found `string`");
    /// ```
    pub fn fits(&self, ty: &Type) -> Result<(), ValueMismatch> {
        match (self, ty) {
            (Self::List(items), Type::List(ty)) => check_each(items, |item| item.fits(ty)),
            (Self::List(items), Type::FixedLengthList(item_ty, length)) => {
                if items.len() != *length as usize {
                    return Err(ValueMismatch::new(ty, format!("a list of {}", items.len())));
                }
                check_each(items, |item| item.fits(item_ty))
            }
            (Self::Map(entries), Type::Map(key, value)) => check_each(entries, |entry| {
                entry.0.fits(key).and_then(|()| entry.1.fits(value))
            }),
            (Self::Record(fields), Type::Record(types)) => record_fits(fields, types, ty),
            (Self::Tuple(items), Type::Tuple(types)) if items.len() == types.len() => items
                .iter()
                .zip(types)
                .enumerate()
                .try_for_each(|(at, (item, ty))| {
                    item.fits(ty).map_err(|m| m.nested_in(at.to_string()))
                }),
            (Self::Variant(name, payload), Type::Variant(cases)) => {
                case_fits(name, payload.as_deref(), cases, ty)
            }
            (Self::Enum(name), Type::Enum(names)) => check_known(name, names, ty),
            (Self::Flags(set), Type::Flags(names)) => {
                set.iter().try_for_each(|name| check_known(name, names, ty))
            }
            (Self::Option(value), Type::Option(ty)) => {
                value.as_ref().map_or(Ok(()), |value| value.fits(ty))
            }
            (Self::Result(Ok(value)), Type::Result { ok: side, .. })
            | (Self::Result(Err(value)), Type::Result { err: side, .. }) => {
                payload_fits(value.as_deref(), side.as_deref(), ty)
            }
            _ if self.primitive_name() == Some(&ty.to_string()) => Ok(()),
            _ => Err(ValueMismatch::new(ty, self.describe())),
        }
    }

    /// Returns the WIT type of this value, as far as it can be inferred from the value.
    #[must_use]
    pub fn describe(&self) -> String {
        let inner =
            |value: &Option<Box<Self>>| value.as_ref().map_or("_".into(), |value| value.describe());
        match self {
            Self::List(items) => {
                format!("list<{}>", items.first().map_or("_".into(), Self::describe))
            }
            Self::Map(entries) => match entries.first() {
                Some((key, value)) => format!("map<{}, {}>", key.describe(), value.describe()),
                None => "map<_, _>".into(),
            },
            Self::Record(fields) => {
                format!(
                    "record {{ {} }}",
                    join(fields, |(name, value)| format!(
                        "{name}: {}",
                        value.describe()
                    ))
                )
            }
            Self::Tuple(items) => format!("tuple<{}>", join(items, Self::describe)),
            Self::Variant(name, Some(value)) => {
                format!("variant {{ {name}({}) }}", value.describe())
            }
            Self::Variant(name, None) => format!("variant {{ {name} }}"),
            Self::Enum(name) => format!("enum {{ {name} }}"),
            Self::Flags(names) => format!("flags {{ {} }}", names.join(", ")),
            Self::Option(value) => format!("option<{}>", inner(value)),
            Self::Result(Ok(value)) => format!("result<{}, _>", inner(value)),
            Self::Result(Err(value)) => format!("result<_, {}>", inner(value)),
            plain => plain.primitive_name().unwrap_or("value").into(),
        }
    }

    fn primitive_name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Bool(_) => "bool",
            Self::S8(_) => "s8",
            Self::U8(_) => "u8",
            Self::S16(_) => "s16",
            Self::U16(_) => "u16",
            Self::S32(_) => "s32",
            Self::U32(_) => "u32",
            Self::S64(_) => "s64",
            Self::U64(_) => "u64",
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
            Self::Char(_) => "char",
            Self::String(_) => "string",
            _ => return None,
        })
    }
}

fn check_each<T>(
    items: &[T],
    check: impl Fn(&T) -> Result<(), ValueMismatch>,
) -> Result<(), ValueMismatch> {
    items
        .iter()
        .enumerate()
        .try_for_each(|(at, item)| check(item).map_err(|m| m.nested_in(at.to_string())))
}

fn join<T>(items: &[T], each: impl Fn(&T) -> String) -> String {
    items.iter().map(each).collect::<Vec<_>>().join(", ")
}

fn record_fits(
    fields: &[(String, Value)],
    types: &[Field],
    ty: &Type,
) -> Result<(), ValueMismatch> {
    let described = || Value::Record(fields.to_vec()).describe();
    if fields.len() != types.len() {
        return Err(ValueMismatch::new(ty, described()));
    }
    // Most records have their fields in the order of the type.
    let is_in_order = fields
        .iter()
        .zip(types)
        .all(|((name, _), wanted)| *name == wanted.name);
    if is_in_order {
        return fields
            .iter()
            .zip(types)
            .try_for_each(|((name, value), wanted)| {
                value.fits(&wanted.ty).map_err(|m| m.nested_in(name))
            });
    }
    let given: HashMap<&str, &Value> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    types
        .iter()
        .inspect(|_| count_steps(1))
        .try_for_each(|wanted| match given.get(wanted.name.as_str()) {
            Some(value) => value
                .fits(&wanted.ty)
                .map_err(|m| m.nested_in(&wanted.name)),
            None => Err(ValueMismatch::new(ty, described())),
        })
}

fn case_fits(
    name: &str,
    payload: Option<&Value>,
    cases: &[Case],
    ty: &Type,
) -> Result<(), ValueMismatch> {
    match cases.iter().find(|case| case.name == name) {
        Some(case) => payload_fits(payload, case.ty.as_ref(), ty).map_err(|m| m.nested_in(name)),
        None => Err(ValueMismatch::new(ty, format!("variant {{ {name} }}"))),
    }
}

fn payload_fits(
    payload: Option<&Value>,
    wanted: Option<&Type>,
    whole: &Type,
) -> Result<(), ValueMismatch> {
    match (payload, wanted) {
        (Some(value), Some(ty)) => value.fits(ty),
        (None, None) => Ok(()),
        (Some(value), None) => Err(ValueMismatch::new(
            whole,
            format!("a case with payload {}", value.describe()),
        )),
        (None, Some(_)) => Err(ValueMismatch::new(whole, "a case without a payload")),
    }
}

fn check_known(name: &String, names: &[String], ty: &Type) -> Result<(), ValueMismatch> {
    if names.contains(name) {
        Ok(())
    } else {
        Err(ValueMismatch::new(ty, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(ty: Type) -> Box<Type> {
        Box::new(ty)
    }

    #[test]
    fn errors_have_a_nested_path() {
        let ty = Type::Record(vec![Field {
            name: "people".into(),
            ty: Type::List(boxed(Type::Option(boxed(Type::U8)))),
        }]);
        let value = |age: Value| {
            Value::Record(vec![(
                "people".into(),
                Value::List(vec![Value::from(Some(age))]),
            )])
        };
        assert_eq!(value(Value::U8(3)).fits(&ty), Ok(()));
        let error = value(Value::from("three"))
            .fits(&ty)
            .expect_err("a string is not a u8");
        assert_eq!(
            error.to_string(),
            "at `people.0`: expected `u8`, found `string`"
        );
    }

    #[test]
    fn refuses_unknown_cases_and_missing_payloads() {
        let cases = vec![
            Case {
                name: "a".into(),
                ty: Some(Type::U8),
            },
            Case {
                name: "b".into(),
                ty: None,
            },
        ];
        let ty = Type::Variant(cases);
        let variant = |name: &str, value: Option<u8>| {
            Value::Variant(name.into(), value.map(|v| Box::new(v.into())))
        };
        assert_eq!(variant("a", Some(1)).fits(&ty), Ok(()));
        assert_eq!(variant("b", None).fits(&ty), Ok(()));
        for wrong in [
            variant("a", None),
            variant("b", Some(1)),
            variant("c", None),
        ] {
            assert!(wrong.fits(&ty).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn numbers_of_another_width_do_not_fit() {
        assert!(Value::U32(1).fits(&Type::U64).is_err());
        assert!(
            Value::List(vec![])
                .fits(&Type::FixedLengthList(boxed(Type::U8), 1))
                .is_err()
        );
        assert!(Value::from("x").fits(&Type::Own("a.b".into())).is_err());
    }
}
