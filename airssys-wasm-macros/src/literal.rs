//! Strings and words written in the source.
//!
//! Tests: those of the rooms that use it.

use syn::{Expr, ExprLit, ExprPath, Lit, LitStr};

/// The string literal that `expression` is, if it is one.
pub(crate) fn string(expression: &Expr) -> Option<&LitStr> {
    match expression {
        Expr::Lit(ExprLit {
            lit: Lit::Str(literal),
            ..
        }) => Some(literal),
        Expr::Group(group) => string(&group.expr),
        _ => None,
    }
}

/// The one word that an expression is, if it is one.
pub(crate) fn word(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(ExprPath { path, .. }) => path.get_ident().map(ToString::to_string),
        _ => None,
    }
}
