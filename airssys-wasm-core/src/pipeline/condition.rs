//! Conditions on items that take an edge: `kind == bad`, `count > 3`, `ok`.
//!
//! A condition is parsed against a type, so that it cannot fail on an item. It compares one field
//! with a literal; anything more complex needs a stage.
//! Tests: in this file.

use std::cmp::Ordering;
use std::fmt;

use super::field::{FieldPath, is_name_character, name_hint};
use crate::capability::escape_for_message;
use crate::world::Type;
use crate::{Value, WaveError};

/// A condition on items of one type.
///
/// The text is a field, with dots for nested fields, followed by an operator (`==`, `!=`, `<`,
/// `<=`, `>`, `>=`) and a WAVE literal. A field alone must be a `bool`; without a field, the
/// condition applies to the item itself. For an enum, a variant, an option or a result, the name of
/// a case alone compares the case. The name may be quoted.
///
/// ```
/// use airssys_wasm_core::Value;
/// use airssys_wasm_core::pipeline::Condition;
/// use airssys_wasm_core::world::{Field, Type};
///
/// let ty = Type::Record(vec![Field { name: "count".into(), ty: Type::U32 }]);
/// let many = Condition::new("count > 3", &ty)?;
/// assert!(many.matches(&Value::Record(vec![("count".into(), 4u32.into())])));
/// assert!(Condition::new("cuont > 3", &ty).is_err());
/// # Ok::<(), airssys_wasm_core::pipeline::ConditionError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    text: String,
    path: FieldPath,
    test: Predicate,
}

/// The reason a text is not a valid condition on items of a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column} of `{text}`: {problem}")]
pub struct ConditionError {
    /// The text of the condition.
    pub text: String,
    /// The column of the error in characters, counted from 1.
    pub column: usize,
    /// A description of the problem.
    pub problem: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Predicate {
    IsTrue,
    Case {
        name: String,
        operator: ComparisonOperator,
    },
    Compare {
        operator: ComparisonOperator,
        literal: Value,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ComparisonOperator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A condition split at its operator. Offsets are in bytes.
struct ConditionParts<'a> {
    path: &'a str,
    path_offset: usize,
    comparison: Option<(ComparisonOperator, usize, &'a str, usize)>,
}

impl Condition {
    /// Parses a condition on items of type `ty`.
    ///
    /// # Errors
    ///
    /// Fails with [`ConditionError`], which has the column, if the text cannot be parsed, the type
    /// has no such field, or the literal does not fit the type of the field.
    pub fn new(text: &str, ty: &Type) -> Result<Self, ConditionError> {
        let failed = |at: usize, problem: String| condition_error(text, at, problem);
        let parts = split_condition(text)?;
        let path: FieldPath = parts
            .path
            .parse()
            .map_err(|error: super::FieldPathError| failed(parts.path_offset, error.to_string()))?;
        let ty = path
            .type_in(ty)
            .map_err(|error| failed(parts.path_offset, error.to_string()))?;
        let test = match parts.comparison {
            Some((operator, at, literal, literal_at)) => {
                check_operator(operator, ty).map_err(|problem| failed(at, problem))?;
                parse_comparison(operator, literal, ty)
                    .map_err(|(at, problem)| failed(literal_at + at, problem))?
            }
            None if *ty == Type::Bool => Predicate::IsTrue,
            None => {
                let problem = format!("`{ty}` is not a `bool`; compare it, for example with `==`");
                return Err(failed(parts.path_offset, problem));
            }
        };
        Ok(Self {
            text: text.trim().to_owned(),
            path,
            test,
        })
    }

    /// The text of the condition, without surrounding whitespace.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns `true` if an item of the type given to [`new`](Self::new) satisfies the condition.
    /// Returns `false` if the item lacks the field.
    #[must_use]
    pub fn matches(&self, item: &Value) -> bool {
        let Some(value) = self.path.value_in(item) else {
            return false;
        };
        match &self.test {
            Predicate::IsTrue => *value == Value::Bool(true),
            Predicate::Case { name, operator } => case_name(value)
                .is_some_and(|case| (case == name) == (*operator == ComparisonOperator::Equal)),
            Predicate::Compare {
                operator: ComparisonOperator::Equal,
                literal,
            } => value == literal,
            Predicate::Compare {
                operator: ComparisonOperator::NotEqual,
                literal,
            } => value != literal,
            Predicate::Compare { operator, literal } => {
                compare(value, literal).is_some_and(|ordering| operator.accepts(ordering))
            }
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ComparisonOperator {
    /// Longer operators come first because shorter ones are prefixes of them.
    const ALL: [(&str, Self); 6] = [
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }

    fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }
}

fn condition_error(text: &str, at: usize, problem: String) -> ConditionError {
    let before = text.get(..at).unwrap_or(text);
    ConditionError {
        text: escape_for_message(text),
        column: before.chars().count() + 1,
        problem: escape_for_message(&problem),
    }
}

fn split_condition(text: &str) -> Result<ConditionParts<'_>, ConditionError> {
    let path_at = text.len() - text.trim_start().len();
    let path_end = text[path_at..]
        .find(|c| !is_name_character(c) && c != '.')
        .map_or(text.len(), |end| path_at + end);
    let path = &text[path_at..path_end];
    let at = text.len() - text[path_end..].trim_start().len();
    let rest = &text[at..];
    if rest.is_empty() && !path.is_empty() {
        return Ok(ConditionParts {
            path,
            path_offset: path_at,
            comparison: None,
        });
    }
    let found = ComparisonOperator::ALL
        .iter()
        .find_map(|(word, operator)| Some((rest.strip_prefix(word)?, *operator)));
    let Some((after, operator)) = found else {
        return Err(condition_error(
            text,
            at,
            "expected one of `==`, `!=`, `<`, `<=`, `>`, `>=`".into(),
        ));
    };
    let literal = after.trim();
    let literal_at = text.len() - after.trim_start().len();
    if literal.is_empty() {
        return Err(condition_error(
            text,
            literal_at,
            "expected a value to compare with".into(),
        ));
    }
    Ok(ConditionParts {
        path,
        path_offset: path_at,
        comparison: Some((operator, at, literal, literal_at)),
    })
}

fn check_operator(operator: ComparisonOperator, ty: &Type) -> Result<(), String> {
    if operator.is_equality() || is_ordered(ty) {
        Ok(())
    } else {
        Err(format!("`{ty}` is not ordered; use `==` or `!=`"))
    }
}

fn is_ordered(ty: &Type) -> bool {
    use Type::{Char, F32, F64, S8, S16, S32, S64, String, U8, U16, U32, U64};
    matches!(
        ty,
        S8 | U8 | S16 | U16 | S32 | U32 | S64 | U64 | F32 | F64 | Char | String
    )
}

/// Returns the test, or the byte offset in the literal and a description of the problem.
fn parse_comparison(
    operator: ComparisonOperator,
    literal: &str,
    ty: &Type,
) -> Result<Predicate, (usize, String)> {
    let bare = literal
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(literal);
    if let Some(names) =
        case_names(ty).filter(|_| !bare.is_empty() && bare.chars().all(is_name_character))
    {
        return match names.contains(&bare) {
            true => Ok(Predicate::Case {
                name: bare.to_owned(),
                operator,
            }),
            false => Err((0, format!("no case `{bare}`; {}", name_hint(bare, names)))),
        };
    }
    match Value::from_wave(literal, ty) {
        Ok(literal) => Ok(Predicate::Compare { operator, literal }),
        Err(WaveError::Text {
            column,
            problem,
            expected,
            ..
        }) => {
            let at = literal
                .char_indices()
                .nth(column - 1)
                .map_or(literal.len(), |(at, _)| at);
            Err((at, format!("{problem}; expected {expected}")))
        }
        Err(error) => Err((0, error.to_string())),
    }
}

/// The names of the cases of a type, if it has cases.
fn case_names(ty: &Type) -> Option<Vec<&str>> {
    match ty {
        Type::Enum(names) => Some(names.iter().map(String::as_str).collect()),
        Type::Variant(cases) => Some(cases.iter().map(|case| case.name.as_str()).collect()),
        Type::Option(_) => Some(vec!["none", "some"]),
        Type::Result { .. } => Some(vec!["err", "ok"]),
        _ => None,
    }
}

fn case_name(value: &Value) -> Option<&str> {
    match value {
        Value::Enum(name) | Value::Variant(name, _) => Some(name),
        Value::Option(value) => Some(if value.is_some() { "some" } else { "none" }),
        Value::Result(value) => Some(if value.is_ok() { "ok" } else { "err" }),
        _ => None,
    }
}

fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::S8(a), Value::S8(b)) => a.partial_cmp(b),
        (Value::U8(a), Value::U8(b)) => a.partial_cmp(b),
        (Value::S16(a), Value::S16(b)) => a.partial_cmp(b),
        (Value::U16(a), Value::U16(b)) => a.partial_cmp(b),
        (Value::S32(a), Value::S32(b)) => a.partial_cmp(b),
        (Value::U32(a), Value::U32(b)) => a.partial_cmp(b),
        (Value::S64(a), Value::S64(b)) => a.partial_cmp(b),
        (Value::U64(a), Value::U64(b)) => a.partial_cmp(b),
        (Value::F32(a), Value::F32(b)) => a.partial_cmp(b),
        (Value::F64(a), Value::F64(b)) => a.partial_cmp(b),
        (Value::Char(a), Value::Char(b)) => a.partial_cmp(b),
        (Value::String(a), Value::String(b)) => a.partial_cmp(b),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Case, Field};

    fn ty() -> Type {
        let field = |name: &str, ty: Type| Field {
            name: name.into(),
            ty,
        };
        let kinds = Type::Variant(vec![
            Case {
                name: "good".into(),
                ty: None,
            },
            Case {
                name: "bad".into(),
                ty: Some(Type::String),
            },
        ]);
        Type::Record(vec![
            field("kind", kinds),
            field("level", Type::Enum(vec!["low".into(), "high".into()])),
            field("count", Type::S32),
            field("ok", Type::Bool),
            field("name", Type::String),
            field("note", Type::Option(Box::new(Type::U8))),
            field("at", Type::Tuple(vec![Type::F64])),
        ])
    }

    fn item() -> Value {
        Value::Record(vec![
            (
                "kind".into(),
                Value::Variant("bad".into(), Some(Box::new("x".into()))),
            ),
            ("level".into(), Value::Enum("high".into())),
            ("count".into(), (-3i32).into()),
            ("ok".into(), true.into()),
            ("name".into(), "Ada".into()),
            ("note".into(), Value::from(Some(7u8))),
            ("at".into(), Value::Tuple(vec![1.5f64.into()])),
        ])
    }

    #[test]
    fn matches_as_specified() {
        let cases = [
            ("kind == \"bad\"", true),
            ("kind==bad", true),
            ("kind != bad", false),
            ("level == high", true),
            ("level != \"low\"", true),
            ("count >= -3", true),
            ("count>-3", false),
            ("count < 0", true),
            ("ok", true),
            ("ok == false", false),
            ("name == \"Ada\"", true),
            ("name < \"Bob\"", true),
            ("note == some(7)", true),
            ("note == none", false),
            (" at.0 <= 1.5 ", true),
        ];
        for (text, expected) in cases {
            let condition = Condition::new(text, &ty()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(condition.matches(&item()), expected, "{text}");
        }
        let whole = Condition::new("> 3", &Type::U8).expect("the item itself");
        assert!(whole.matches(&Value::U8(4)) && !whole.matches(&Value::U8(3)));
    }

    #[test]
    fn errors_have_a_column() {
        let cases = [
            ("", 1, "expected one of"),
            ("cuont > 3", 1, "did you mean `count`?"),
            ("count", 1, "is not a `bool`"),
            ("count = 3", 7, "expected one of"),
            ("count >", 8, "a value to compare with"),
            ("count > three", 9, "expected `s32`"),
            ("kind > bad", 6, "is not ordered"),
            ("kind == bda", 9, "did you mean `bad`?"),
            ("name == Ada", 9, "expected `string`"),
            ("note.x == 1", 1, "which is not a record"),
            ("note == some(x)", 14, ""),
        ];
        for (text, column, expected) in cases {
            let error = Condition::new(text, &ty()).expect_err(text);
            assert!(error.problem.contains(expected), "{text}: {error}");
            assert_eq!(error.column, column, "{text}: {error}");
        }
    }

    #[test]
    fn nan_is_neither_more_nor_less() {
        let nan = Value::F64(f64::NAN);
        for text in ["> 0.0", "<= 0.0", "== 0.0"] {
            assert!(
                !Condition::new(text, &Type::F64).expect(text).matches(&nan),
                "{text}"
            );
        }
    }
}
