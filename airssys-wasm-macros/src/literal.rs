//! Reads string literals and identifiers from expressions.
//!
//! Tests: `airssys-wasm-macros/src/component`, `airssys-wasm-macros/src/component_capabilities`.

use syn::{Expr, ExprLit, ExprPath, Lit, LitStr};

/// Returns the string literal that `expression` is, if it is one.
pub(crate) fn string_literal(expression: &Expr) -> Option<&LitStr> {
    match expression {
        Expr::Lit(ExprLit {
            lit: Lit::Str(literal),
            ..
        }) => Some(literal),
        Expr::Group(group) => string_literal(&group.expr),
        _ => None,
    }
}

/// Returns the identifier that `expression` is, if it is one.
pub(crate) fn identifier(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(ExprPath { path, .. }) => path.get_ident().map(ToString::to_string),
        _ => None,
    }
}
