//! The common form of all arguments: `word(target, name = value)`.
//!
//! Does not interpret the words.
//! Tests: `airssys-wasm-macros/src/component_capabilities/declared/request.rs`,
//! `airssys-wasm-macros/src/component_capabilities/declared/optional.rs`.

use syn::{Expr, ExprAssign, ExprCall, ExprPath, Ident};

/// The parts of `write("/cache", max = "64MiB")`.
pub(super) struct CallExpression<'a> {
    /// `write`
    pub(super) word: &'a Ident,
    /// `"/cache"`
    pub(super) targets: Vec<&'a Expr>,
    /// `max = "64MiB"`
    pub(super) options: Vec<&'a ExprAssign>,
}

impl<'a> CallExpression<'a> {
    /// Returns `None` if the expression has another form.
    pub(super) fn read(written: &'a Expr) -> Option<Self> {
        let Expr::Call(ExprCall { func, args, .. }) = written else {
            return None;
        };
        let Expr::Path(ExprPath { path, .. }) = &**func else {
            return None;
        };
        let mut call = Self {
            word: path.get_ident()?,
            targets: Vec::new(),
            options: Vec::new(),
        };
        for argument in args {
            match argument {
                Expr::Assign(option) => call.options.push(option),
                target => call.targets.push(target),
            }
        }
        Some(call)
    }
}
