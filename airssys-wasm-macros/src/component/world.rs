//! Parses the location of the WIT world: `wit`, `wit_inline` and `world`.
//!
//! Opens no files.
//! Tests: in this file, `airssys-wasm-macros/src/component/mod.rs`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Expr, LitStr};

use crate::errors::MacroErrors;
use crate::literal;

/// The location of the world for `generate!`.
#[derive(Default)]
pub(super) struct WorldLocation {
    paths: Vec<LitStr>,
    inline: Option<LitStr>,
    name: Option<LitStr>,
}

impl WorldLocation {
    /// Parses `wit = "path"` or `wit = ["path", "path"]`.
    pub(super) fn read_paths(&mut self, value: &Expr, errors: &mut MacroErrors) {
        let paths = match value {
            Expr::Array(list) => list
                .elems
                .iter()
                .map(literal::string_literal)
                .collect::<Option<Vec<_>>>(),
            path => literal::string_literal(path).map(|path| vec![path]),
        };
        match paths {
            Some(paths) if !paths.is_empty() => self.paths = paths.into_iter().cloned().collect(),
            _ => errors.push_at(
                value,
                "`wit` is a directory, `wit = \"wit\"`, or a list of them, `wit = [\"wit\", \"../shared\"]`",
            ),
        }
    }

    /// Parses `wit_inline = "package ..."`.
    pub(super) fn read_inline(&mut self, value: &Expr, errors: &mut MacroErrors) {
        const ADVICE: &str = "`wit_inline` is WIT in a string; write `wit_inline = \"package demo:greeter; world greeter { }\"`";
        self.inline = read_text(value, ADVICE, errors);
    }

    /// Parses `world = "name"`.
    pub(super) fn read_name(&mut self, value: &Expr, errors: &mut MacroErrors) {
        const ADVICE: &str =
            "`world` is the name of a world in the WIT; write `world = \"greeter\"`";
        self.name = read_text(value, ADVICE, errors);
    }

    /// Returns the options for `generate!`.
    pub(super) fn generate_options(&self) -> TokenStream {
        let Self {
            paths,
            inline,
            name,
        } = self;
        let name = name.iter();
        let inline = inline.iter();
        let paths = if paths.is_empty() {
            quote!()
        } else {
            quote!(path: [#(#paths),*],)
        };
        quote! {
            #(world: #name,)*
            #paths
            #(inline: #inline,)*
        }
    }

    /// Returns the span of the arguments about the world. If every token of the call has this span,
    /// `generate!` reports errors there.
    pub(super) fn span(&self) -> Span {
        let written = self
            .inline
            .as_ref()
            .or(self.paths.first())
            .or(self.name.as_ref());
        written.map_or_else(Span::call_site, |text| {
            Span::call_site().located_at(text.span())
        })
    }
}

fn read_text(value: &Expr, advice: &str, errors: &mut MacroErrors) -> Option<LitStr> {
    let text = literal::string_literal(value);
    if text.is_none() {
        errors.push_at(value, advice);
    }
    text.cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn omits_missing_options() {
        assert!(WorldLocation::default().generate_options().is_empty());
    }

    #[test]
    fn errors_contain_advice() {
        let mut errors = MacroErrors::default();
        let mut world = WorldLocation::default();
        world.read_paths(&parse_quote!([]), &mut errors);
        world.read_paths(&parse_quote!(["wit", 1]), &mut errors);
        world.read_inline(&parse_quote!(b"x"), &mut errors);
        world.read_name(&parse_quote!(greeter), &mut errors);
        let expected = [
            "or a list of them",
            "or a list of them",
            "WIT in a string",
            "name of a world",
        ];
        assert_eq!(errors.messages().len(), expected.len());
        for (message, expected) in errors.messages().iter().zip(expected) {
            assert!(message.contains(expected), "{message}");
        }
    }
}
