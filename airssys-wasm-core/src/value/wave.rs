//! Values as WAVE text, based on the `wasm-wave` crate.
//!
//! Only adapts the types of this crate to the traits of `wasm-wave`, which implements the syntax.
//! Tests: in this file, `airssys-wasm-core/tests/values.rs`, `fuzz/fuzz_targets/wave_arguments.rs`.

use std::borrow::Cow;
use std::collections::HashMap;

use thiserror::Error;
use wasm_wave::untyped::UntypedFuncCall;
use wasm_wave::wasm::{WasmType, WasmTypeKind, WasmValue, WasmValueError};

use super::Value;
use crate::bounds::VALUE_TEXT_BYTES_MAX;
use crate::capability::escape_for_message;
use crate::steps::count_steps;
use crate::world::{Function, Type};

/// The maximum nesting depth of values in text; the parser is recursive.
const DEPTH_MAX: usize = 64;

/// The reason a text is not a value, or not the arguments, of the expected type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WaveError {
    /// The text cannot be parsed, or its value has another type.
    #[error("column {column} of `{text}`: {problem}; expected {expected}")]
    Text {
        /// The text.
        text: String,
        /// The column of the error in characters, counted from 1.
        column: usize,
        /// A description of the problem.
        problem: String,
        /// The expected type, as WIT.
        expected: String,
    },
    /// The text is longer than allowed.
    #[error(
        "the text has {bytes} bytes, but at most {VALUE_TEXT_BYTES_MAX} are allowed; pass a `Value`"
    )]
    TooLong {
        /// The number of bytes of the text.
        bytes: usize,
    },
    /// The nesting in the text is too deep.
    #[error("values nested more than {DEPTH_MAX} deep cannot be written as text; pass a `Value`")]
    TooDeep,
}

impl Value {
    /// Parses a value of type `ty`.
    ///
    /// # Errors
    ///
    /// Fails with [`WaveError`], which has the column and the expected type.
    ///
    /// ```
    /// use airssys_wasm_core::{Value, world::Type};
    ///
    /// let ty = Type::Option(Box::new(Type::U32));
    /// assert_eq!(Value::from_wave("some(7)", &ty)?, Value::from(Some(7u32)));
    /// # Ok::<(), airssys_wasm_core::WaveError>(())
    /// ```
    pub fn from_wave(text: &str, ty: &Type) -> Result<Self, WaveError> {
        check(text)?;
        wasm_wave::from_str::<Self>(ty, text)
            .map_err(|error| wave_error(text, 0, &error, format!("`{ty}`")))
    }

    /// Returns the value as WAVE text, which [`from_wave`](Self::from_wave) reads back.
    #[must_use]
    pub fn to_wave(&self) -> String {
        wasm_wave::to_string(self).expect("writing to a string does not fail")
    }
}

impl Function {
    /// Parses the arguments of a call, `("Ada", 36)`.
    ///
    /// # Errors
    ///
    /// Fails with [`WaveError`], which has the column and the type of the function.
    pub fn arguments_from_wave(&self, text: &str) -> Result<Vec<Value>, WaveError> {
        check(text)?;
        const NAME: &str = "f";
        let call = format!("{NAME}{}", text.trim());
        let expected = || format!("arguments for `{}`", self.signature());
        let parsed = UntypedFuncCall::parse(&call)
            .map_err(|error| wave_error(&call, NAME.len(), &error, expected()))?;
        if parsed.name() != NAME {
            return Err(WaveError::Text {
                text: text.escape_debug().to_string(),
                column: 1,
                problem: "arguments must be in parentheses".into(),
                expected: expected(),
            });
        }
        let types: Vec<Type> = self.params.iter().map(|param| param.ty.clone()).collect();
        parsed
            .to_wasm_params(&types)
            .map_err(|error| wave_error(&call, NAME.len(), &error, expected()))
    }
}

fn wave_error(
    text: &str,
    skip: usize,
    error: &wasm_wave::parser::ParserError,
    expected: String,
) -> WaveError {
    let start = error.span().start.clamp(skip, text.len());
    let before = text.get(skip..start).unwrap_or_default();
    let problem = match (std::error::Error::source(error), error.detail()) {
        (Some(source), _) => format!("{}: {source}", error.kind()),
        (None, Some(detail)) => format!("{}: {detail}", error.kind()),
        (None, None) => error.kind().to_string(),
    };
    WaveError::Text {
        text: escape_for_message(&text[skip..]),
        column: before.chars().count() + 1,
        problem,
        expected,
    }
}

fn check(text: &str) -> Result<(), WaveError> {
    if text.len() > VALUE_TEXT_BYTES_MAX {
        return Err(WaveError::TooLong { bytes: text.len() });
    }
    check_depth(text)
}

/// Checks the nesting depth by counting brackets outside of string and character literals.
fn check_depth(text: &str) -> Result<(), WaveError> {
    let (mut depth, mut quote, mut escaped) = (0usize, None, false);
    for c in text.chars() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(WaveError::TooDeep);
        }
    }
    Ok(())
}

impl WasmType for Type {
    fn kind(&self) -> WasmTypeKind {
        match self {
            Self::Bool => WasmTypeKind::Bool,
            Self::S8 => WasmTypeKind::S8,
            Self::U8 => WasmTypeKind::U8,
            Self::S16 => WasmTypeKind::S16,
            Self::U16 => WasmTypeKind::U16,
            Self::S32 => WasmTypeKind::S32,
            Self::U32 => WasmTypeKind::U32,
            Self::S64 => WasmTypeKind::S64,
            Self::U64 => WasmTypeKind::U64,
            Self::F32 => WasmTypeKind::F32,
            Self::F64 => WasmTypeKind::F64,
            Self::Char => WasmTypeKind::Char,
            Self::String => WasmTypeKind::String,
            // The parser does not support lists of fixed length, and WAVE has no maps. Both are
            // parsed as lists, maps as lists of pairs, and `make_list` converts them.
            Self::List(_) | Self::FixedLengthList(..) | Self::Map(..) => WasmTypeKind::List,
            Self::Record(_) => WasmTypeKind::Record,
            Self::Tuple(_) => WasmTypeKind::Tuple,
            Self::Variant(_) => WasmTypeKind::Variant,
            Self::Enum(_) => WasmTypeKind::Enum,
            Self::Option(_) => WasmTypeKind::Option,
            Self::Result { .. } => WasmTypeKind::Result,
            Self::Flags(_) => WasmTypeKind::Flags,
            _ => WasmTypeKind::Unsupported,
        }
    }

    fn list_element_type(&self) -> Option<Self> {
        match self {
            Self::List(ty) | Self::FixedLengthList(ty, _) => Some((**ty).clone()),
            Self::Map(key, value) => Some(Self::Tuple(vec![(**key).clone(), (**value).clone()])),
            _ => None,
        }
    }

    fn record_fields(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Self)> + '_> {
        match self {
            Self::Record(fields) => Box::new(
                fields
                    .iter()
                    .map(|field| (Cow::Borrowed(field.name.as_str()), field.ty.clone())),
            ),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn tuple_element_types(&self) -> Box<dyn Iterator<Item = Self> + '_> {
        match self {
            Self::Tuple(types) => Box::new(types.iter().cloned()),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn variant_cases(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Option<Self>)> + '_> {
        match self {
            Self::Variant(cases) => Box::new(
                cases
                    .iter()
                    .map(|case| (Cow::Borrowed(case.name.as_str()), case.ty.clone())),
            ),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn enum_cases(&self) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        match self {
            Self::Enum(names) => Box::new(names.iter().map(|name| Cow::Borrowed(name.as_str()))),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn option_some_type(&self) -> Option<Self> {
        match self {
            Self::Option(ty) => Some((**ty).clone()),
            _ => None,
        }
    }

    fn result_types(&self) -> Option<(Option<Self>, Option<Self>)> {
        match self {
            Self::Result { ok, err } => Some((ok.as_deref().cloned(), err.as_deref().cloned())),
            _ => None,
        }
    }

    fn flags_names(&self) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        match self {
            Self::Flags(names) => Box::new(names.iter().map(|name| Cow::Borrowed(name.as_str()))),
            _ => Box::new(std::iter::empty()),
        }
    }
}

macro_rules! plain_values {
    ($($make:ident $unwrap:ident $rust:ty => $case:ident),* $(,)?) => {$(
        fn $make(value: $rust) -> Self {
            Self::$case(value)
        }

        fn $unwrap(&self) -> $rust {
            match self {
                Self::$case(value) => *value,
                other => unreachable!("a {} was accessed as another kind", other.describe()),
            }
        }
    )*};
}

/// Checks that a parsed value fits its type, and reports a mismatch as an error of the parser.
fn checked(value: Value, ty: &Type) -> Result<Value, WasmValueError> {
    match value.fits(ty) {
        Ok(()) => Ok(value),
        Err(mismatch) => Err(WasmValueError::Other(mismatch.to_string())),
    }
}

fn boxed(value: Option<Value>) -> Option<Box<Value>> {
    value.map(Box::new)
}

impl WasmValue for Value {
    type Type = Type;

    plain_values! {
        make_bool unwrap_bool bool => Bool,
        make_s8 unwrap_s8 i8 => S8,
        make_s16 unwrap_s16 i16 => S16,
        make_s32 unwrap_s32 i32 => S32,
        make_s64 unwrap_s64 i64 => S64,
        make_u8 unwrap_u8 u8 => U8,
        make_u16 unwrap_u16 u16 => U16,
        make_u32 unwrap_u32 u32 => U32,
        make_u64 unwrap_u64 u64 => U64,
        make_f32 unwrap_f32 f32 => F32,
        make_f64 unwrap_f64 f64 => F64,
        make_char unwrap_char char => Char,
    }

    fn kind(&self) -> WasmTypeKind {
        match self {
            Self::Bool(_) => WasmTypeKind::Bool,
            Self::S8(_) => WasmTypeKind::S8,
            Self::U8(_) => WasmTypeKind::U8,
            Self::S16(_) => WasmTypeKind::S16,
            Self::U16(_) => WasmTypeKind::U16,
            Self::S32(_) => WasmTypeKind::S32,
            Self::U32(_) => WasmTypeKind::U32,
            Self::S64(_) => WasmTypeKind::S64,
            Self::U64(_) => WasmTypeKind::U64,
            Self::F32(_) => WasmTypeKind::F32,
            Self::F64(_) => WasmTypeKind::F64,
            Self::Char(_) => WasmTypeKind::Char,
            Self::String(_) => WasmTypeKind::String,
            Self::List(_) | Self::Map(_) => WasmTypeKind::List,
            Self::Record(_) => WasmTypeKind::Record,
            Self::Tuple(_) => WasmTypeKind::Tuple,
            Self::Variant(..) => WasmTypeKind::Variant,
            Self::Enum(_) => WasmTypeKind::Enum,
            Self::Option(_) => WasmTypeKind::Option,
            Self::Result(_) => WasmTypeKind::Result,
            Self::Flags(_) => WasmTypeKind::Flags,
        }
    }

    fn make_string(value: Cow<'_, str>) -> Self {
        Self::String(value.into_owned())
    }

    fn make_list(
        ty: &Type,
        values: impl IntoIterator<Item = Self>,
    ) -> Result<Self, WasmValueError> {
        let items: Vec<_> = values.into_iter().collect();
        checked(
            if matches!(ty, Type::Map(..)) {
                map_of_pairs(items)
            } else {
                Self::List(items)
            },
            ty,
        )
    }

    fn make_record<'a>(
        ty: &Type,
        fields: impl IntoIterator<Item = (&'a str, Self)>,
    ) -> Result<Self, WasmValueError> {
        let given: Vec<_> = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        checked(Self::Record(sort_fields(ty, given)), ty)
    }

    fn make_tuple(
        ty: &Type,
        values: impl IntoIterator<Item = Self>,
    ) -> Result<Self, WasmValueError> {
        checked(Self::Tuple(values.into_iter().collect()), ty)
    }

    fn make_variant(ty: &Type, case: &str, value: Option<Self>) -> Result<Self, WasmValueError> {
        checked(Self::Variant(case.to_owned(), boxed(value)), ty)
    }

    fn make_enum(ty: &Type, case: &str) -> Result<Self, WasmValueError> {
        checked(Self::Enum(case.to_owned()), ty)
    }

    fn make_option(ty: &Type, value: Option<Self>) -> Result<Self, WasmValueError> {
        checked(Self::Option(boxed(value)), ty)
    }

    fn make_result(
        ty: &Type,
        value: Result<Option<Self>, Option<Self>>,
    ) -> Result<Self, WasmValueError> {
        checked(Self::Result(value.map(boxed).map_err(boxed)), ty)
    }

    fn make_flags<'a>(
        ty: &Type,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, WasmValueError> {
        let given: Vec<_> = names.into_iter().map(str::to_owned).collect();
        checked(Self::Flags(sort_flags(ty, given)), ty)
    }

    fn unwrap_string(&self) -> Cow<'_, str> {
        match self {
            Self::String(text) => Cow::Borrowed(text),
            _ => Cow::Borrowed(""),
        }
    }

    fn unwrap_list(&self) -> Box<dyn Iterator<Item = Cow<'_, Self>> + '_> {
        match self {
            Self::List(items) => Box::new(items.iter().map(Cow::Borrowed)),
            Self::Map(entries) => Box::new(
                entries
                    .iter()
                    .map(|(key, value)| Cow::Owned(Self::Tuple(vec![key.clone(), value.clone()]))),
            ),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn unwrap_record(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Cow<'_, Self>)> + '_> {
        match self {
            Self::Record(fields) => Box::new(
                fields
                    .iter()
                    .map(|(name, value)| (Cow::Borrowed(name.as_str()), Cow::Borrowed(value))),
            ),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn unwrap_tuple(&self) -> Box<dyn Iterator<Item = Cow<'_, Self>> + '_> {
        match self {
            Self::Tuple(items) => Box::new(items.iter().map(Cow::Borrowed)),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn unwrap_variant(&self) -> (Cow<'_, str>, Option<Cow<'_, Self>>) {
        match self {
            Self::Variant(name, value) => {
                (Cow::Borrowed(name), value.as_deref().map(Cow::Borrowed))
            }
            _ => (Cow::Borrowed(""), None),
        }
    }

    fn unwrap_enum(&self) -> Cow<'_, str> {
        match self {
            Self::Enum(name) => Cow::Borrowed(name),
            _ => Cow::Borrowed(""),
        }
    }

    fn unwrap_option(&self) -> Option<Cow<'_, Self>> {
        match self {
            Self::Option(value) => value.as_deref().map(Cow::Borrowed),
            _ => None,
        }
    }

    fn unwrap_result(&self) -> Result<Option<Cow<'_, Self>>, Option<Cow<'_, Self>>> {
        match self {
            Self::Result(Err(value)) => Err(value.as_deref().map(Cow::Borrowed)),
            Self::Result(Ok(value)) => Ok(value.as_deref().map(Cow::Borrowed)),
            _ => Ok(None),
        }
    }

    fn unwrap_flags(&self) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        match self {
            Self::Flags(names) => Box::new(names.iter().map(|name| Cow::Borrowed(name.as_str()))),
            _ => Box::new(std::iter::empty()),
        }
    }
}

/// Puts fields in the order of the type: WAVE allows any order, the Canonical ABI does not.
fn sort_fields(ty: &Type, mut given: Vec<(String, Value)>) -> Vec<(String, Value)> {
    if let Type::Record(fields) = ty {
        let places = name_indices(fields.iter().map(|field| field.name.as_str()));
        given.sort_by_key(|(name, _)| places.get(name.as_str()).copied());
    }
    given
}

/// Returns the index of each name.
fn name_indices<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    names
        .enumerate()
        .inspect(|_| count_steps(1))
        .map(|(place, name)| (name, place))
        .collect()
}

/// Puts flags in the order of the type, as values require; the parser sorts them by name.
fn sort_flags(ty: &Type, mut given: Vec<String>) -> Vec<String> {
    if let Type::Flags(names) = ty {
        let places = name_indices(names.iter().map(String::as_str));
        given.sort_by_key(|name| places.get(name.as_str()).copied());
    }
    given
}

/// Converts a list of pairs to a map. Any other list stays a list, and will not fit the type.
fn map_of_pairs(items: Vec<Value>) -> Value {
    let pair = |item: &Value| match item {
        Value::Tuple(pair) => <[Value; 2]>::try_from(pair.clone())
            .ok()
            .map(<(Value, Value)>::from),
        _ => None,
    };
    match items.iter().map(pair).collect() {
        Some(entries) => Value::Map(entries),
        None => Value::List(items),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FunctionName;
    use crate::world::{Field, Param};

    fn greet() -> Function {
        Function {
            name: "greet".parse::<FunctionName>().expect("a name"),
            params: vec![
                Param {
                    name: "name".into(),
                    ty: Type::String,
                },
                Param {
                    name: "age".into(),
                    ty: Type::Option(Box::new(Type::U8)),
                },
            ],
            result: None,
            is_async_func: false,
        }
    }

    #[test]
    fn reads_arguments() {
        let arguments = greet()
            .arguments_from_wave(r#"("Ada", some(36))"#)
            .expect("arguments");
        assert_eq!(arguments, [Value::from("Ada"), Value::from(Some(36u8))]);
    }

    #[test]
    fn errors_have_the_column_and_the_expected_type() {
        let message = greet()
            .arguments_from_wave("(7)")
            .expect_err("7 is not a string")
            .to_string();
        assert!(message.contains("column 2"), "{message}");
        assert!(
            message.contains("func(name: string, age: option<u8>)"),
            "{message}"
        );
        for broken in ["", "(", "Ada", "(\"Ada\"", "(\"Ada\") x"] {
            assert!(greet().arguments_from_wave(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_name_before_the_parentheses_is_rejected() {
        let none = Function {
            params: Vec::new(),
            ..greet()
        };
        assert_eq!(none.arguments_from_wave("()"), Ok(vec![]));
        for text in ["oo()", "f()", "-o()"] {
            let message = none.arguments_from_wave(text).expect_err(text).to_string();
            assert!(message.contains("must be in parentheses"), "{message}");
        }
    }

    #[test]
    fn lists_of_fixed_length_and_maps_are_read() {
        let list = Type::FixedLengthList(Box::new(Type::U8), 2);
        assert_eq!(
            Value::from_wave("[1, 2]", &list),
            Ok(Value::from(vec![1u8, 2]))
        );
        assert!(Value::from_wave("[1]", &list).is_err());
        let map = Type::Map(Box::new(Type::String), Box::new(Type::U8));
        let ages = Value::Map(vec![("Ada".into(), 36u8.into())]);
        assert_eq!(Value::from_wave(&ages.to_wave(), &map), Ok(ages));
    }

    #[test]
    fn fields_may_come_in_any_order() {
        let field = |name: &str| Field {
            name: name.into(),
            ty: Type::U8,
        };
        let ty = Type::Record(vec![field("a"), field("b")]);
        assert_eq!(
            Value::from_wave("{b: 2, a: 1}", &ty),
            Value::from_wave("{a: 1, b: 2}", &ty)
        );
        assert!(Value::from_wave("{a: 1}", &ty).is_err());
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let ty = Type::List(Box::new(Type::U8));
        assert_eq!(
            Value::from_wave(&"[".repeat(100_000), &ty),
            Err(WaveError::TooDeep)
        );
        let brackets = format!("\"{}\"", "[".repeat(1000));
        assert!(Value::from_wave(&brackets, &Type::String).is_ok());
    }
}
