//! Collects all errors of one use of a macro.
//!
//! Tests: `airssys-wasm-macros/src/component/mod.rs`,
//! `airssys-wasm-macros/src/component_capabilities/mod.rs`.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The errors found so far; as tokens, one `compile_error!` each.
#[derive(Default)]
pub(crate) struct MacroErrors(Option<syn::Error>);

impl MacroErrors {
    /// Adds an error that has a span.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Adds an error about `tokens`.
    pub(crate) fn push_at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Returns `true` if there are no errors so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the messages, for tests.
    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0
            .iter()
            .flatten()
            .map(|error| error.to_string())
            .collect()
    }
}

impl ToTokens for MacroErrors {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        if let Some(error) = &self.0 {
            tokens.extend(error.to_compile_error());
        }
    }
}
