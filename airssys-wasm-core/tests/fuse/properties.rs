//! Chains with stages of arbitrary types.

use airssys_wasm_core::world::{Case, Field, Type};
use proptest::prelude::*;
use proptest::sample::select;

use crate::stages::{fused, stage};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("n{number}")).collect()
}

fn plain_type() -> impl Strategy<Value = Type> {
    use Type::{Bool, Char, F32, F64, S8, S16, S32, S64, String, U8, U16, U32, U64};
    prop_oneof![
        6 => select(vec![Bool, S8, U8, S16, U16, S32, U32, S64, U64, F32, F64, Char, String]),
        1 => prop_oneof![Just(1), Just(256), Just(257)].prop_map(|count| Type::Enum(names(count))),
        1 => (1..33usize).prop_map(|count| Type::Flags(names(count))),
    ]
}

/// Every kind of type that can be passed between stages.
pub(crate) fn any_type() -> impl Strategy<Value = Type> {
    plain_type().prop_recursive(3, 24, 5, |part| {
        let boxed = part.clone().prop_map(Box::new);
        let side = prop::option::of(boxed.clone());
        let parts = prop::collection::vec(part.clone(), 1..6);
        let payloads = prop::collection::vec(prop::option::of(part), 1..5);
        prop_oneof![
            boxed.clone().prop_map(Type::List),
            boxed.prop_map(Type::Option),
            (side.clone(), side).prop_map(|(ok, err)| Type::Result { ok, err }),
            parts.clone().prop_map(Type::Tuple),
            parts.prop_map(|types| {
                let fields = names(types.len()).into_iter().zip(types);
                Type::Record(fields.map(|(name, ty)| Field { name, ty }).collect())
            }),
            payloads.prop_map(|types| {
                let cases = names(types.len()).into_iter().zip(types);
                Type::Variant(cases.map(|(name, ty)| Case { name, ty }).collect())
            }),
        ]
    })
}

fn result(ok: Option<Type>, err: Option<Type>) -> Type {
    Type::Result {
        ok: ok.map(Box::new),
        err: err.map(Box::new),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn fused_components_are_valid_and_have_the_expected_type(
        params in prop::collection::vec(any_type(), 0..3),
        middle in any_type(),
        last in prop::option::of(any_type()),
    ) {
        let new = fused(&[stage(&params, Some(&middle)), stage(&[middle], last.as_ref())]);
        prop_assert_eq!(new.params.into_iter().map(|param| param.ty).collect::<Vec<_>>(), params);
        prop_assert_eq!(new.result, last);
    }

    #[test]
    fn a_chain_that_may_fail_is_valid(
        first in any_type(),
        second in any_type(),
        error in prop::option::of(any_type()),
        last in prop::option::of(any_type()),
        last_fails in any::<bool>(),
    ) {
        prop_assume!(!matches!(first, Type::Result { .. }) && !matches!(last, Some(Type::Result { .. })));
        let expected = result(last.clone(), error.clone());
        let returned = if last_fails { Some(expected.clone()) } else { last };
        let new = fused(&[
            stage(&[], Some(&result(Some(first.clone()), error))),
            stage(&[first], Some(&second)),
            stage(&[second], returned.as_ref()),
        ]);
        prop_assert_eq!(new.result, Some(expected));
    }
}
