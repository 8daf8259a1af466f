//! Parses `instancing = per_call`, `pooled(8)` or `stateful`.
//!
//! The meaning is documented on `airssys_wasm_core::Instancing`.
//! Tests: in this file.

use std::num::NonZeroU32;

use airssys_wasm_core::Instancing;
use airssys_wasm_core::suggest::nearest;
use syn::{Expr, ExprCall, ExprLit, Lit};

use crate::errors::MacroErrors;
use crate::literal::identifier;

/// The names of the instancing modes.
pub(super) const MODES: [&str; 3] = ["per_call", "pooled", "stateful"];

const ADVICE: &str = "write `per_call`, `pooled(8)` or `stateful`, without quotes";
const POOL_ADVICE: &str = "set the maximum number of instances, at least 1: `pooled(8)`";

/// Parses the value and adds its errors to `errors`.
pub(super) fn read(value: &Expr, errors: &mut MacroErrors) -> Option<Instancing> {
    let (way, max) = match value {
        Expr::Call(ExprCall { func, args, .. }) => (func.as_ref(), Some(args)),
        way => (way, None),
    };
    match (identifier(way).as_deref(), max) {
        (Some("per_call"), None) => Some(Instancing::PerCall),
        (Some("stateful"), None) => Some(Instancing::Stateful),
        (Some("pooled"), Some(max)) if max.len() == 1 => read_pooled(&max[0], errors),
        (Some("pooled"), _) => reject(value, POOL_ADVICE, errors),
        (Some("per_call" | "stateful"), Some(_)) => reject(value, ADVICE, errors),
        (Some(unknown), _) => reject(way, &suggest(unknown), errors),
        (None, _) => reject(value, ADVICE, errors),
    }
}

fn read_pooled(max: &Expr, errors: &mut MacroErrors) -> Option<Instancing> {
    let number = match max {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => number.base10_parse::<NonZeroU32>().ok(),
        _ => None,
    };
    match number {
        Some(max) => Some(Instancing::pooled(max.get())),
        None => reject(max, POOL_ADVICE, errors),
    }
}

fn reject(value: &Expr, message: &str, errors: &mut MacroErrors) -> Option<Instancing> {
    errors.push_at(value, message);
    None
}

fn suggest(unknown: &str) -> String {
    match nearest(unknown, MODES) {
        Some(way) => format!("`{unknown}` is not an instancing mode; did you mean `{way}`?"),
        None => format!("`{unknown}` is not an instancing mode; {ADVICE}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn reads_the_three_modes() {
        let mut errors = MacroErrors::default();
        for (value, expected) in [
            (parse_quote!(per_call), Instancing::PerCall),
            (parse_quote!(stateful), Instancing::Stateful),
            (parse_quote!(pooled(8)), Instancing::pooled(8)),
        ] {
            assert_eq!(read(&value, &mut errors), Some(expected));
        }
        assert_eq!(errors.messages(), [""; 0]);
    }

    #[test]
    fn errors_contain_advice() {
        let cases: [(Expr, &str); 8] = [
            (parse_quote!(statefull), "did you mean `stateful`?"),
            (parse_quote!(zebra), "write `per_call`"),
            (parse_quote!("stateful"), "without quotes"),
            (parse_quote!(stateful(1)), "write `per_call`"),
            (parse_quote!(pooled), "at least 1"),
            (parse_quote!(pooled(0)), "at least 1"),
            (parse_quote!(pooled(many)), "at least 1"),
            (parse_quote!(pooled(1, 2)), "at least 1"),
        ];
        for (value, expected) in cases {
            let mut errors = MacroErrors::default();
            assert_eq!(read(&value, &mut errors), None);
            assert!(
                errors.messages()[0].contains(expected),
                "{:?}",
                errors.messages()
            );
        }
    }
}
