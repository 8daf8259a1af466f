//! The path to a part of a value: names of fields joined by dots.
//!
//! Follows records and tuples only, so that a path never leads to a part that may be missing.
//! Tests: in this file.

use std::fmt;

use crate::Value;
use crate::suggest::did_you_mean;
use crate::world::Type;

/// A path of field names or tuple indices joined by dots; the empty path is the whole value.
///
/// ```
/// use airssys_wasm_core::Value;
/// use airssys_wasm_core::pipeline::FieldPath;
///
/// let order = Value::Record(vec![("lines".into(), Value::Tuple(vec![7u8.into()]))]);
/// let path: FieldPath = "lines.0".parse()?;
/// assert_eq!(path.value_in(&order), Some(&Value::U8(7)));
/// # Ok::<(), airssys_wasm_core::pipeline::FieldPathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath(Vec<String>);

/// The reason a text is not a valid path, or does not lead to a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct FieldPathError {
    problem: String,
}

impl FieldPath {
    /// Returns the type of the part at this path in values of type `ty`.
    ///
    /// # Errors
    ///
    /// Fails with [`FieldPathError`], which suggests the nearest field, if `ty` has no such part.
    pub fn type_in<'a>(&self, ty: &'a Type) -> Result<&'a Type, FieldPathError> {
        self.0
            .iter()
            .try_fold(ty, |ty, name| type_of_field(ty, name))
    }

    /// Returns `true` if the path is empty and refers to the whole value.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the part of `value` at this path, if it exists.
    #[must_use]
    pub fn value_in<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(value, |value, name| match value {
            Value::Record(fields) => fields
                .iter()
                .find(|(field, _)| field == name)
                .map(|(_, value)| value),
            Value::Tuple(items) => items.get(name.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

impl std::str::FromStr for FieldPath {
    type Err = FieldPathError;

    fn from_str(text: &str) -> Result<Self, FieldPathError> {
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let is_name = |name: &str| !name.is_empty() && name.chars().all(is_name_character);
        let names: Vec<String> = text.split('.').map(str::to_owned).collect();
        match names.iter().find(|name| !is_name(name)) {
            Some(name) => Err(path_error(format!(
                "`{name}` is not a field name; write for example `address.city`"
            ))),
            None => Ok(Self(names)),
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// Returns `true` if a field name can contain the character.
pub(super) fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

fn path_error(problem: String) -> FieldPathError {
    FieldPathError { problem }
}

fn type_of_field<'a>(ty: &'a Type, name: &str) -> Result<&'a Type, FieldPathError> {
    match ty {
        Type::Record(fields) => {
            let names = || fields.iter().map(|field| field.name.as_str());
            let found = fields
                .iter()
                .find(|field| field.name == name)
                .map(|field| &field.ty);
            found.ok_or_else(|| {
                path_error(format!(
                    "no field `{name}`; {}",
                    name_hint(name, names().collect())
                ))
            })
        }
        Type::Tuple(types) => {
            let found = name
                .parse::<usize>()
                .ok()
                .and_then(|place| types.get(place));
            found.ok_or_else(|| {
                path_error(format!("no element `{name}` in a tuple of {}", types.len()))
            })
        }
        other => Err(path_error(format!(
            "no field `{name}` in `{other}`, which is not a record"
        ))),
    }
}

/// Suggests the nearest name, or lists all names.
pub(super) fn name_hint(wanted: &str, names: Vec<&str>) -> String {
    match did_you_mean(wanted, names.iter().copied()) {
        Some(question) => question,
        None if names.is_empty() => "none exist".into(),
        None => {
            let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("expected one of {}", quoted.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Field;

    fn resolved_type(text: &str, ty: &Type) -> String {
        match text
            .parse::<FieldPath>()
            .and_then(|path| path.type_in(ty).cloned())
        {
            Ok(ty) => ty.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn leads_through_records_and_tuples() {
        let city = Type::Record(vec![Field {
            name: "city".into(),
            ty: Type::String,
        }]);
        let ty = Type::Record(vec![Field {
            name: "address".into(),
            ty: Type::Tuple(vec![Type::U8, city]),
        }]);
        assert_eq!(resolved_type("address.1.city", &ty), "string");
        assert_eq!(resolved_type("", &Type::U8), "u8");
        assert!(resolved_type("adress", &ty).contains("did you mean `address`?"));
        assert!(resolved_type("address.2", &ty).contains("tuple of 2"));
        assert!(resolved_type("address.0.x", &ty).contains("`u8`, which is not a record"));
        assert!(resolved_type("a..b", &ty).contains("is not a field name"));
    }
}
