//! The shape that everything in the arguments has: `word(target, name = value)`.
//!
//! Does not know what the words mean. Tests: those of `request` and `optional`.

use syn::{Expr, ExprAssign, ExprCall, ExprPath, Ident};

/// `write("/cache", max = "64MiB")`, taken apart.
pub(super) struct Call<'a> {
    /// `write`
    pub(super) word: &'a Ident,
    /// `"/cache"`
    pub(super) targets: Vec<&'a Expr>,
    /// `max = "64MiB"`
    pub(super) options: Vec<&'a ExprAssign>,
}

impl<'a> Call<'a> {
    /// None if it is of another shape.
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
