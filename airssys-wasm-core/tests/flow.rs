//! Properties of types that flow into others: flowing is reflexive and transitive, and every value
//! of the source type converts to the target type.
//!
//! Single cases are in `airssys-wasm-core/src/world/flow.rs`.

mod arbitrary;

use airssys_wasm_core::world::{Case, Field, Type};
use arbitrary::{any_type, value_of};
use proptest::prelude::*;

/// Returns a type into which `ty` flows: `choices` decides which fields are left out, whether cases
/// are added, and their order.
fn loosened(ty: &Type, choices: &mut dyn Iterator<Item = u8>) -> Type {
    let mut choose = || choices.next().unwrap_or_default();
    let (first, second) = (choose(), choose());
    match ty {
        Type::Record(fields) => {
            let mut left: Vec<Field> = fields
                .iter()
                .enumerate()
                .filter(|(place, _)| first >> (place % 8) & 1 == 0)
                .map(|(_, field)| Field {
                    name: field.name.clone(),
                    ty: loosened(&field.ty, choices),
                })
                .collect();
            rotate(&mut left, second);
            Type::Record(left)
        }
        Type::Variant(cases) => {
            let loose = |case: &Case| Case {
                name: case.name.clone(),
                ty: case.ty.as_ref().map(|ty| loosened(ty, choices)),
            };
            let mut more: Vec<Case> = cases.iter().map(loose).collect();
            if first.is_multiple_of(2) {
                more.push(Case {
                    name: "one-more-case".into(),
                    ty: Some(Type::U8),
                });
            }
            rotate(&mut more, second);
            Type::Variant(more)
        }
        Type::Enum(names) => Type::Enum(more_names(names, first, second)),
        Type::Flags(names) => Type::Flags(more_names(names, first, second)),
        Type::List(ty) => Type::List(Box::new(loosened(ty, choices))),
        Type::FixedLengthList(ty, length) => {
            Type::FixedLengthList(Box::new(loosened(ty, choices)), *length)
        }
        Type::Map(key, ty) => Type::Map(key.clone(), Box::new(loosened(ty, choices))),
        Type::Option(ty) => Type::Option(Box::new(loosened(ty, choices))),
        Type::Tuple(types) => Type::Tuple(types.iter().map(|ty| loosened(ty, choices)).collect()),
        Type::Result { ok, err } => {
            let mut side = |side: &Option<Box<Type>>| {
                side.as_ref()
                    .map(|ty| Box::new(loosened(ty, &mut *choices)))
            };
            Type::Result {
                ok: side(ok),
                err: side(err),
            }
        }
        plain => plain.clone(),
    }
}

fn more_names(names: &[String], first: u8, second: u8) -> Vec<String> {
    let mut more = names.to_vec();
    if first.is_multiple_of(2) {
        more.push("one-more-case".into());
    }
    more.dedup();
    rotate(&mut more, second);
    more
}

fn rotate<T>(items: &mut [T], by: u8) {
    if !items.is_empty() {
        items.rotate_left(usize::from(by) % items.len());
    }
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 16)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_type_flows_into_itself(ty in any_type()) {
        prop_assert_eq!(ty.flows_into(&ty), Ok(()));
    }

    #[test]
    fn flowing_is_transitive_for_loosened_types(ty in any_type(), first in choices(), second in choices()) {
        let looser_type = loosened(&ty, &mut first.into_iter());
        // All added cases have the same name, which an enum can contain only once.
        let loosest = loosened(&looser_type, &mut second.into_iter().map(|choice| choice | 1));
        prop_assert_eq!(ty.flows_into(&looser_type), Ok(()));
        prop_assert_eq!(looser_type.flows_into(&loosest), Ok(()));
        prop_assert_eq!(ty.flows_into(&loosest), Ok(()));
    }

    #[test]
    fn flowing_is_transitive(a in any_type(), b in any_type(), c in any_type()) {
        if a.flows_into(&b).is_ok() && b.flows_into(&c).is_ok() {
            prop_assert_eq!(a.flows_into(&c), Ok(()));
        }
    }

    #[test]
    fn values_convert_to_loosened_types(
        (ty, value) in any_type().prop_flat_map(|ty| (Just(ty.clone()), value_of(&ty))),
        choices in choices(),
    ) {
        let wanted = loosened(&ty, &mut choices.into_iter());
        let converted = value.clone().into_type(&wanted);
        prop_assert!(converted.is_ok(), "{} as {}: {:?}", ty, wanted, converted);
        prop_assert_eq!(converted.and_then(|value| value.clone().into_type(&wanted).map(|again| again == value)), Ok(true));
        prop_assert_eq!(value.clone().into_type(&ty), Ok(value), "a conversion to its own type changes nothing");
    }

    #[test]
    fn values_convert_if_their_type_flows(
        (a, value) in any_type().prop_flat_map(|ty| (Just(ty.clone()), value_of(&ty))),
        b in any_type(),
    ) {
        if a.flows_into(&b).is_ok() {
            prop_assert!(value.into_type(&b).is_ok(), "{} as {}", a, b);
        }
    }
}
