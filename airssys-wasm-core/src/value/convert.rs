//! Converts a value of one type to a type that it flows into.
//!
//! Drops fields that the type does not have and reorders the others. `Type::flows_into` determines
//! whether this succeeds for every value of a type.
//! Tests: in this file, `airssys-wasm-core/tests/flow.rs`.

use super::{Value, ValueMismatch};
use crate::world::{Case, Field, Type};

impl Value {
    /// Converts this value to type `ty`: drops the fields that `ty` does not have, and puts fields
    /// and flags in its order.
    ///
    /// # Errors
    ///
    /// Fails with [`ValueMismatch`] if the result does not fit `ty`. Never fails for a value of a type
    /// that [flows into](Type::flows_into) `ty`.
    ///
    /// ```
    /// use airssys_wasm_core::{Value, world::{Field, Type}};
    ///
    /// let name = Type::Record(vec![Field { name: "name".into(), ty: Type::String }]);
    /// let person = Value::Record(vec![("age".into(), 36u8.into()), ("name".into(), "Ada".into())]);
    /// assert_eq!(person.into_type(&name)?, Value::Record(vec![("name".into(), "Ada".into())]));
    /// # Ok::<(), airssys_wasm_core::ValueMismatch>(())
    /// ```
    pub fn into_type(self, ty: &Type) -> Result<Self, ValueMismatch> {
        let converted = convert(self, ty);
        converted.fits(ty).map(|()| converted)
    }
}

fn convert(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Record(fields), Type::Record(wanted)) => convert_record(fields, wanted),
        (Value::List(items), Type::List(ty) | Type::FixedLengthList(ty, _)) => {
            Value::List(items.into_iter().map(|item| convert(item, ty)).collect())
        }
        (Value::Map(entries), Type::Map(key_type, ty)) => {
            let entry = |(key, value)| (convert(key, key_type), convert(value, ty));
            Value::Map(entries.into_iter().map(entry).collect())
        }
        (Value::Tuple(items), Type::Tuple(types)) if items.len() == types.len() => Value::Tuple(
            items
                .into_iter()
                .zip(types)
                .map(|(item, ty)| convert(item, ty))
                .collect(),
        ),
        (Value::Variant(name, payload), Type::Variant(cases)) => {
            convert_variant(name, payload, cases)
        }
        (Value::Option(payload), Type::Option(ty)) => {
            Value::Option(convert_boxed(payload, Some(ty)))
        }
        (Value::Result(Ok(payload)), Type::Result { ok, .. }) => {
            Value::Result(Ok(convert_boxed(payload, ok.as_deref())))
        }
        (Value::Result(Err(payload)), Type::Result { err, .. }) => {
            Value::Result(Err(convert_boxed(payload, err.as_deref())))
        }
        (Value::Flags(mut set), Type::Flags(names)) => {
            set.sort_by_key(|name| names.iter().position(|known| known == name));
            Value::Flags(set)
        }
        (other, _) => other,
    }
}

fn convert_boxed(payload: Option<Box<Value>>, ty: Option<&Type>) -> Option<Box<Value>> {
    match (payload, ty) {
        (Some(value), Some(ty)) => Some(Box::new(convert(*value, ty))),
        (payload, _) => payload,
    }
}

fn convert_record(mut fields: Vec<(String, Value)>, wanted: &[Field]) -> Value {
    let mut taken = Vec::with_capacity(wanted.len());
    for field in wanted {
        if let Some(place) = fields.iter().position(|(name, _)| *name == field.name) {
            let (name, value) = fields.swap_remove(place);
            taken.push((name, convert(value, &field.ty)));
        }
    }
    Value::Record(taken)
}

fn convert_variant(name: String, payload: Option<Box<Value>>, cases: &[Case]) -> Value {
    let ty = cases
        .iter()
        .find(|case| case.name == name)
        .and_then(|case| case.ty.as_ref());
    let payload = convert_boxed(payload, ty);
    Value::Variant(name, payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_unknown_fields_at_any_depth() {
        let narrow = Type::Record(vec![Field {
            name: "b".into(),
            ty: Type::U8,
        }]);
        let wide = Value::Record(vec![("a".into(), "x".into()), ("b".into(), 1u8.into())]);
        let left = Value::Record(vec![("b".into(), 1u8.into())]);
        let ty = Type::List(Box::new(Type::Option(Box::new(narrow))));
        let value = Value::List(vec![Value::from(Some(wide))]);
        assert_eq!(
            value.into_type(&ty),
            Ok(Value::List(vec![Value::from(Some(left))]))
        );
    }

    #[test]
    fn missing_parts_are_not_filled_in() {
        let ty = Type::Record(vec![Field {
            name: "b".into(),
            ty: Type::U8,
        }]);
        assert!(
            Value::Record(vec![("a".into(), 1u8.into())])
                .into_type(&ty)
                .is_err()
        );
        assert!(
            Value::from(1u8)
                .into_type(&Type::Option(Box::new(Type::U8)))
                .is_err()
        );
    }
}
