//! Parses the arguments of `#[component(...)]`.
//!
//! `package` supplies defaults for missing arguments.
//! Tests: in this file.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use airssys_wasm_core::ComponentMetadata;
use airssys_wasm_core::suggest::nearest;
use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprAssign, Token};

use super::instancing;
use super::world::WorldLocation;
use crate::errors::MacroErrors;
use crate::literal;

/// The valid arguments.
#[derive(Default)]
pub(super) struct ComponentArguments {
    /// The metadata to embed.
    pub(super) metadata: ComponentMetadata,
    /// The location of the world.
    pub(super) world: WorldLocation,
    given_names: BTreeSet<&'static str>,
}

const KNOWN_ARGUMENTS: [&str; 7] = [
    "description",
    "instancing",
    "name",
    "version",
    "wit",
    "wit_inline",
    "world",
];

impl ComponentArguments {
    /// Parses all arguments and adds their errors to `errors`.
    pub(super) fn read(tokens: TokenStream, errors: &mut MacroErrors) -> Self {
        let mut arguments = Self::default();
        match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens) {
            Ok(list) => list
                .iter()
                .for_each(|argument| arguments.read_one(argument, errors)),
            Err(error) => errors.push(error),
        }
        arguments
    }

    /// Returns `true` if the argument was given, valid or not.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given_names.contains(name)
    }

    fn read_one(&mut self, argument: &Expr, errors: &mut MacroErrors) {
        let Expr::Assign(ExprAssign { left, right, .. }) = argument else {
            return errors.push_at(argument, advice_for(argument));
        };
        let written = literal::identifier(left).unwrap_or_default();
        let Some(name) = KNOWN_ARGUMENTS.into_iter().find(|known| *known == written) else {
            return errors.push_at(left, unknown_argument(&written));
        };
        if !self.given_names.insert(name) {
            return errors.push_at(left, format!("`{name}` is given twice; remove one of them"));
        }
        match name {
            "name" => self.metadata.name = parse(name, "greeter", right, errors),
            "version" => self.metadata.version = parse(name, "1.0.0", right, errors),
            "description" => {
                self.metadata.description = parse(name, "Greets people.", right, errors)
            }
            "instancing" => self.metadata.instancing = instancing::read(right, errors),
            "wit" => self.world.read_paths(right, errors),
            "wit_inline" => self.world.read_inline(right, errors),
            _ => self.world.read_name(right, errors),
        }
    }
}

fn parse<T>(name: &str, example: &str, value: &Expr, errors: &mut MacroErrors) -> Option<T>
where
    T: FromStr<Err: Display>,
{
    let Some(text) = literal::string_literal(value) else {
        errors.push_at(
            value,
            format!("`{name}` is a string; write `{name} = \"{example}\"`"),
        );
        return None;
    };
    match text.value().parse() {
        Ok(parsed) => Some(parsed),
        Err(error) if name == "version" => {
            let advice = "write three numbers, for example `1.0.0`";
            errors.push_at(
                text,
                format!("`{}` is not a version: {error}; {advice}", text.value()),
            );
            None
        }
        Err(error) => {
            errors.push_at(text, error);
            None
        }
    }
}

/// Returns the message for something that is not `argument = value`.
fn advice_for(argument: &Expr) -> String {
    match (argument, literal::identifier(argument).as_deref()) {
        (_, Some(way)) if instancing::MODES.contains(&way) => {
            format!("write `instancing = {way}`")
        }
        (_, Some(name)) if KNOWN_ARGUMENTS.contains(&name) => {
            format!("`{name}` has no value; write `{name} = ...`")
        }
        (Expr::Lit(_), _) => {
            "a value without a name; write for example `name = \"greeter\"`".into()
        }
        (_, Some(name)) => unknown_argument(name),
        _ => format!("arguments are written `name = value`; {}", argument_list()),
    }
}

fn unknown_argument(name: &str) -> String {
    match nearest(name, KNOWN_ARGUMENTS) {
        Some(known) => format!("`#[component]` has no argument `{name}`; did you mean `{known}`?"),
        None => format!(
            "`#[component]` has no argument `{name}`; {}",
            argument_list()
        ),
    }
}

fn argument_list() -> String {
    format!(
        "the arguments are {}",
        KNOWN_ARGUMENTS.map(|known| format!("`{known}`")).join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn messages(tokens: TokenStream) -> Vec<String> {
        let mut errors = MacroErrors::default();
        ComponentArguments::read(tokens, &mut errors);
        errors.messages()
    }

    #[test]
    fn reads_what_is_embedded() {
        let mut errors = MacroErrors::default();
        let tokens = quote!(
            name = "demo:greeter",
            version = "1.2.3",
            description = "Greets.",
        );
        let about = ComponentArguments::read(tokens, &mut errors).metadata;
        assert_eq!(errors.messages(), [""; 0]);
        assert_eq!(
            about.to_section(),
            "airssys:component 1\nname demo:greeter\nversion 1.2.3\ndescription Greets.\n"
        );
    }

    #[test]
    fn errors_contain_advice() {
        for (tokens, expected) in [
            (quote!(nmae = "x"), "did you mean `name`?"),
            (quote!(colour = "red"), "the arguments are `description`"),
            (quote!(name = greeter), "write `name = \"greeter\"`"),
            (quote!(name = "Greeter"), "'G' at column 1"),
            (quote!(version = 1.0), "write `version = \"1.0.0\"`"),
            (quote!(version = "1.0"), "write three numbers"),
            (quote!(stateful), "write `instancing = stateful`"),
            (quote!(world), "write `world = ...`"),
            (quote!("greeter"), "write for example `name = \"greeter\"`"),
            (quote!(f(x)), "are written `name = value`"),
            (quote!(greeter), "no argument `greeter`"),
            (quote!(a::b = "x"), "no argument"),
            (quote!(name = "a", name = "b"), "given twice"),
        ] {
            let messages = messages(tokens.clone());
            assert!(
                messages.len() == 1 && messages[0].contains(expected),
                "{tokens}: {messages:?}"
            );
        }
    }

    #[test]
    fn reports_all_at_once() {
        let tokens = quote!(
            name = "A",
            version = "b",
            instancing = c,
            wit = 1,
            wit_inline = 2,
            world = 3
        );
        assert_eq!(messages(tokens).len(), 6);
    }
}
