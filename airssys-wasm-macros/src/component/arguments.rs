//! Parses the arguments of `#[component(...)]`.
//!
//! `package` supplies defaults for missing arguments.
//! Tests: in this file.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use airssys_wasm_core::About;
use airssys_wasm_core::suggest::nearest;
use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprAssign, Token};

use super::instancing;
use super::world::World;
use crate::errors::Errors;
use crate::literal;

/// The valid arguments.
#[derive(Default)]
pub(super) struct Arguments {
    /// The metadata to embed.
    pub(super) about: About,
    /// The location of the world.
    pub(super) world: World,
    given: BTreeSet<&'static str>,
}

const KNOWN: [&str; 7] = [
    "description",
    "instancing",
    "name",
    "version",
    "wit",
    "wit_inline",
    "world",
];

impl Arguments {
    /// Parses all arguments and adds their errors to `errors`.
    pub(super) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut arguments = Self::default();
        match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens) {
            Ok(list) => list
                .iter()
                .for_each(|argument| arguments.read_one(argument, errors)),
            Err(error) => errors.add(error),
        }
        arguments
    }

    /// Returns `true` if the argument was given, valid or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.contains(name)
    }

    fn read_one(&mut self, argument: &Expr, errors: &mut Errors) {
        let Expr::Assign(ExprAssign { left, right, .. }) = argument else {
            return errors.at(argument, advise(argument));
        };
        let written = literal::word(left).unwrap_or_default();
        let Some(name) = KNOWN.into_iter().find(|known| *known == written) else {
            return errors.at(left, unknown(&written));
        };
        if !self.given.insert(name) {
            return errors.at(left, format!("`{name}` is given twice; remove one of them"));
        }
        match name {
            "name" => self.about.name = parse(name, "greeter", right, errors),
            "version" => self.about.version = parse(name, "1.0.0", right, errors),
            "description" => self.about.description = parse(name, "Greets people.", right, errors),
            "instancing" => self.about.instancing = instancing::read(right, errors),
            "wit" => self.world.read_paths(right, errors),
            "wit_inline" => self.world.read_inline(right, errors),
            _ => self.world.read_name(right, errors),
        }
    }
}

fn parse<T>(name: &str, example: &str, value: &Expr, errors: &mut Errors) -> Option<T>
where
    T: FromStr<Err: Display>,
{
    let Some(text) = literal::string(value) else {
        errors.at(
            value,
            format!("`{name}` is a string; write `{name} = \"{example}\"`"),
        );
        return None;
    };
    match text.value().parse() {
        Ok(parsed) => Some(parsed),
        Err(error) if name == "version" => {
            let advice = "write three numbers, for example `1.0.0`";
            errors.at(
                text,
                format!("`{}` is not a version: {error}; {advice}", text.value()),
            );
            None
        }
        Err(error) => {
            errors.at(text, error);
            None
        }
    }
}

/// Returns the message for something that is not `argument = value`.
fn advise(argument: &Expr) -> String {
    match (argument, literal::word(argument).as_deref()) {
        (_, Some(way)) if instancing::WAYS.contains(&way) => {
            format!("write `instancing = {way}`")
        }
        (_, Some(name)) if KNOWN.contains(&name) => {
            format!("`{name}` has no value; write `{name} = ...`")
        }
        (Expr::Lit(_), _) => {
            "a value without a name; write for example `name = \"greeter\"`".into()
        }
        (_, Some(name)) => unknown(name),
        _ => format!("arguments are written `name = value`; {}", list()),
    }
}

fn unknown(name: &str) -> String {
    match nearest(name, KNOWN) {
        Some(known) => format!("`#[component]` has no argument `{name}`; did you mean `{known}`?"),
        None => format!("`#[component]` has no argument `{name}`; {}", list()),
    }
}

fn list() -> String {
    format!(
        "the arguments are {}",
        KNOWN.map(|known| format!("`{known}`")).join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn messages(tokens: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        Arguments::read(tokens, &mut errors);
        errors.messages()
    }

    #[test]
    fn reads_what_is_embedded() {
        let mut errors = Errors::default();
        let tokens = quote!(
            name = "demo:greeter",
            version = "1.2.3",
            description = "Greets.",
        );
        let about = Arguments::read(tokens, &mut errors).about;
        assert_eq!(errors.messages(), [""; 0]);
        assert_eq!(
            about.to_section(),
            "airssys:component 1\nname demo:greeter\nversion 1.2.3\ndescription Greets.\n"
        );
    }

    #[test]
    fn says_what_to_write() {
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
