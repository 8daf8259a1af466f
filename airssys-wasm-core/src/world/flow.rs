//! Checks whether a value of one type can be used where another type is expected, changed only by
//! leaving parts out.
//!
//! The edges of a pipeline need this. Handles need stricter compatibility: `replacement`.
//! Tests: in this file, `airssys-wasm-core/tests/flow.rs`.

use std::fmt;

use super::{Case, Field, Type};

/// The place where one type does not flow into another, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowMismatch {
    path: Vec<String>,
    from: Type,
    to: Type,
    reason: FlowReason,
}

/// The reason one type does not flow into another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlowReason {
    /// The types are of different kinds, or numbers of different widths.
    DifferentTypes,
    /// A field that the target requires is missing.
    MissingField(String),
    /// The target does not know a case or flag of the source.
    UnknownCase(String),
    /// A case has a payload on one side only.
    PayloadMismatch,
    /// Tuples or lists differ in length.
    LengthMismatch,
    /// An `option` would flow into a required value.
    OptionalIntoRequired,
    /// A required value would flow into an `option`.
    RequiredIntoOptional,
    /// A `result` would flow into a plain value.
    ResultIntoValue,
}

impl Type {
    /// Checks that a value of this type can be used where `to` is expected.
    ///
    /// Equal types flow. A record flows into a record with fewer fields, in any order; a variant,
    /// an enum or flags flow into a type with more cases. Lists, options, tuples, results and the
    /// values of maps flow if their contents do. Nothing else flows: numbers keep their width, and
    /// a `T` is not an `option<T>`.
    ///
    /// # Errors
    ///
    /// Fails with [`FlowMismatch`], which has the first place where the types differ.
    ///
    /// ```
    /// use airssys_wasm_core::world::Type;
    ///
    /// let (few, many) = (Type::Enum(vec!["ok".into()]), Type::Enum(vec!["bad".into(), "ok".into()]));
    /// assert!(few.flows_into(&many).is_ok());
    /// let error = Type::List(Box::new(many)).flows_into(&Type::List(Box::new(few))).unwrap_err();
    /// assert!(error.to_string().starts_with("at `[]`: `enum { bad, ok }` into `enum { ok }`"));
    /// ```
    pub fn flows_into(&self, to: &Self) -> Result<(), FlowMismatch> {
        match (self, to) {
            _ if self == to => Ok(()),
            (Self::Record(from), Self::Record(wanted)) => record_flows(self, to, from, wanted),
            (Self::Variant(from), Self::Variant(known)) => variant_flows(self, to, from, known),
            (Self::Enum(from), Self::Enum(known)) | (Self::Flags(from), Self::Flags(known)) => {
                match from.iter().find(|name| !known.contains(name)) {
                    Some(name) => Err(FlowMismatch::new(
                        self,
                        to,
                        FlowReason::UnknownCase(name.clone()),
                    )),
                    None => Ok(()),
                }
            }
            (Self::List(from), Self::List(to)) => nested_flow(from, to, "[]"),
            (Self::FixedLengthList(from, a), Self::FixedLengthList(to, b)) if a == b => {
                nested_flow(from, to, "[]")
            }
            (Self::FixedLengthList(..), Self::FixedLengthList(..)) => {
                Err(FlowMismatch::new(self, to, FlowReason::LengthMismatch))
            }
            (Self::Map(from_key, from), Self::Map(to_key, to)) if from_key == to_key => {
                nested_flow(from, to, "[]")
            }
            (Self::Option(from), Self::Option(to)) => nested_flow(from, to, "some"),
            (Self::Tuple(from), Self::Tuple(wanted)) => tuple_flows(self, to, from, wanted),
            (
                Self::Result {
                    ok: from_ok,
                    err: from_err,
                },
                Self::Result {
                    ok: to_ok,
                    err: to_err,
                },
            ) => {
                payload_flows(self, to, from_ok.as_deref(), to_ok.as_deref(), "ok").and_then(|()| {
                    payload_flows(self, to, from_err.as_deref(), to_err.as_deref(), "err")
                })
            }
            _ => Err(FlowMismatch::new(self, to, difference_reason(self, to))),
        }
    }
}

impl FlowMismatch {
    fn new(from: &Type, to: &Type, reason: FlowReason) -> Self {
        Self {
            path: Vec::new(),
            from: from.clone(),
            to: to.clone(),
            reason,
        }
    }

    fn nested_in(mut self, step: &str) -> Self {
        self.path.insert(0, step.to_owned());
        self
    }

    /// The path to the place: fields, cases, `some`, `ok`, `err`, indices of tuples, and `[]` for
    /// the elements of a list.
    #[must_use]
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// The source type at that place.
    #[must_use]
    pub fn from_type(&self) -> &Type {
        &self.from
    }

    /// The target type at that place.
    #[must_use]
    pub fn to_type(&self) -> &Type {
        &self.to
    }

    /// The reason the types do not match.
    #[must_use]
    pub fn reason(&self) -> &FlowReason {
        &self.reason
    }
}

impl std::error::Error for FlowMismatch {}

impl fmt::Display for FlowMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "at `{}`: ", self.path.join("."))?;
        }
        write!(f, "`{}` into `{}`: {}", self.from, self.to, self.reason)
    }
}

impl fmt::Display for FlowReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DifferentTypes => f.write_str("the types differ"),
            Self::MissingField(name) => write!(f, "the field `{name}` is missing"),
            Self::UnknownCase(name) => {
                write!(f, "the target does not know the case `{name}`")
            }
            Self::PayloadMismatch => f.write_str("one has a payload and the other has none"),
            Self::LengthMismatch => f.write_str("the lengths differ"),
            Self::OptionalIntoRequired => {
                f.write_str("the value is optional, but the target requires it")
            }
            Self::RequiredIntoOptional => {
                f.write_str("a value does not become optional implicitly")
            }
            Self::ResultIntoValue => f.write_str("a result is not unwrapped implicitly"),
        }
    }
}

fn nested_flow(from: &Type, to: &Type, step: &str) -> Result<(), FlowMismatch> {
    from.flows_into(to)
        .map_err(|mismatch| mismatch.nested_in(step))
}

fn record_flows(
    whole: &Type,
    to: &Type,
    from: &[Field],
    wanted: &[Field],
) -> Result<(), FlowMismatch> {
    wanted.iter().try_for_each(
        |field| match from.iter().find(|known| known.name == field.name) {
            Some(known) => nested_flow(&known.ty, &field.ty, &field.name),
            None => Err(FlowMismatch::new(
                whole,
                to,
                FlowReason::MissingField(field.name.clone()),
            )),
        },
    )
}

fn variant_flows(
    whole: &Type,
    to: &Type,
    from: &[Case],
    known: &[Case],
) -> Result<(), FlowMismatch> {
    from.iter().try_for_each(
        |case| match known.iter().find(|other| other.name == case.name) {
            Some(other) => {
                payload_flows(whole, to, case.ty.as_ref(), other.ty.as_ref(), &case.name)
            }
            None => Err(FlowMismatch::new(
                whole,
                to,
                FlowReason::UnknownCase(case.name.clone()),
            )),
        },
    )
}

fn tuple_flows(
    whole: &Type,
    to: &Type,
    from: &[Type],
    wanted: &[Type],
) -> Result<(), FlowMismatch> {
    if from.len() != wanted.len() {
        return Err(FlowMismatch::new(whole, to, FlowReason::LengthMismatch));
    }
    let pairs = from.iter().zip(wanted).enumerate();
    pairs
        .into_iter()
        .try_for_each(|(place, (from, to))| nested_flow(from, to, &place.to_string()))
}

/// Compares the payload of a case, or of a side of a result.
fn payload_flows(
    whole: &Type,
    whole_to: &Type,
    from: Option<&Type>,
    to: Option<&Type>,
    step: &str,
) -> Result<(), FlowMismatch> {
    match (from, to) {
        (None, None) => Ok(()),
        (Some(from), Some(to)) => nested_flow(from, to, step),
        _ => Err(FlowMismatch::new(whole, whole_to, FlowReason::PayloadMismatch).nested_in(step)),
    }
}

fn difference_reason(from: &Type, to: &Type) -> FlowReason {
    match (from, to) {
        (Type::Option(inner), to) if inner.flows_into(to).is_ok() => {
            FlowReason::OptionalIntoRequired
        }
        (from, Type::Option(inner)) if from.flows_into(inner).is_ok() => {
            FlowReason::RequiredIntoOptional
        }
        (Type::Result { ok: Some(ok), .. }, to) if ok.flows_into(to).is_ok() => {
            FlowReason::ResultIntoValue
        }
        _ => FlowReason::DifferentTypes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, ty: Type) -> Field {
        Field {
            name: name.into(),
            ty,
        }
    }

    fn case(name: &str, ty: Option<Type>) -> Case {
        Case {
            name: name.into(),
            ty,
        }
    }

    fn list(ty: Type) -> Type {
        Type::List(Box::new(ty))
    }

    fn option(ty: Type) -> Type {
        Type::Option(Box::new(ty))
    }

    fn flow_text(from: &Type, to: &Type) -> String {
        from.flows_into(to)
            .map_or_else(|mismatch| mismatch.to_string(), |()| "flows".into())
    }

    #[test]
    fn fields_may_be_left_out_and_cases_added() {
        let wide = Type::Record(vec![field("a", Type::U8), field("b", Type::String)]);
        let narrow = Type::Record(vec![field("b", Type::String)]);
        assert_eq!(
            flow_text(&list(wide.clone()), &list(narrow.clone())),
            "flows"
        );
        assert!(flow_text(&narrow, &wide).ends_with("the field `a` is missing"));
        let one = Type::Variant(vec![case("x", Some(Type::U8))]);
        let two = Type::Variant(vec![case("y", None), case("x", Some(Type::U8))]);
        assert_eq!(
            flow_text(&option(one.clone()), &option(two.clone())),
            "flows"
        );
        assert!(flow_text(&two, &one).ends_with("the target does not know the case `y`"));
    }

    #[test]
    fn names_the_place_three_levels_down() {
        let person = |city: Type| {
            let address = Type::Record(vec![field("city", city)]);
            Type::Record(vec![field("addresses", list(address))])
        };
        assert_eq!(
            flow_text(&person(Type::String), &person(option(Type::String))),
            "at `addresses.[].city`: `string` into `option<string>`: a value does not become optional implicitly"
        );
        assert!(
            flow_text(&person(option(Type::String)), &person(Type::String))
                .ends_with("the target requires it")
        );
        assert!(flow_text(&person(Type::U8), &person(Type::U16)).ends_with("the types differ"));
    }

    #[test]
    fn both_sides_of_a_result_count() {
        let result = |ok: Option<Type>, err: Option<Type>| Type::Result {
            ok: ok.map(Box::new),
            err: err.map(Box::new),
        };
        let from = result(Some(Type::U8), None);
        assert_eq!(flow_text(&from, &from), "flows");
        assert!(flow_text(&from, &result(Some(Type::U16), None)).starts_with("at `ok`"));
        assert!(
            flow_text(&from, &result(Some(Type::U8), Some(Type::String)))
                .contains("one has a payload")
        );
        assert!(flow_text(&from, &Type::U8).ends_with("a result is not unwrapped implicitly"));
    }
}
