//! Parses an entry of the list: `Capability::FileRead("/data".into())`.
//!
//! The variants are the kinds of core, in Rust spelling, and `Custom`. Core validates targets.
//! Tests: in this file.

use airssys_wasm_core::suggest::did_you_mean;
use airssys_wasm_core::{Capability, CapabilityKind, Rule};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprCall, ExprMethodCall, ExprPath, Ident, LitStr, Token};

use crate::errors::MacroErrors;
use crate::literal;

/// The variant for kinds that an embedder defines.
const CUSTOM: &str = "Custom";

const EXAMPLE: &str = "write for example `Capability::FileRead(\"/data\".into())`";
const TARGET: &str =
    "a target is read at compile time; write it as a literal, for example `\"/data\".into()`";

/// Returns the request of an entry and adds errors to `errors`.
pub(super) fn read(written: &Expr, errors: &mut MacroErrors) -> Option<Rule> {
    let Some((variant, targets)) = split_entry(written) else {
        errors.push_at(
            written,
            format!("an entry is read at compile time; {EXAMPLE}"),
        );
        return None;
    };
    let kind = read_kind(variant, errors);
    let target = match targets.len() {
        1 => read_target(&targets[0], errors),
        _ => {
            errors.push_at(written, format!("a capability has one target; {EXAMPLE}"));
            None
        }
    };
    let (kind, target) = (kind?, target?);
    match kind(target.value()).to_rule() {
        Ok(rule) => Some(rule),
        Err(error) => {
            errors.push_at(target, error);
            None
        }
    }
}

/// Returns the variant and the targets of `Capability::Variant(target)`.
fn split_entry(written: &Expr) -> Option<(&Ident, &Punctuated<Expr, Token![,]>)> {
    let Expr::Call(ExprCall { func, args, .. }) = written else {
        return None;
    };
    let (of, variant) = last_two_segments(func)?;
    (of == "Capability").then_some((variant, args))
}

/// Returns the constructor of a variant such as `FileRead`.
fn read_kind(
    variant: &Ident,
    errors: &mut MacroErrors,
) -> Option<Box<dyn Fn(String) -> Capability>> {
    if variant == CUSTOM {
        return Some(Box::new(Capability::Custom));
    }
    match CapabilityKind::ALL
        .into_iter()
        .find(|kind| variant == &variant_name(*kind))
    {
        Some(kind) => Some(Box::new(move |target| Capability::from_kind(kind, target))),
        None => {
            errors.push_at(variant, unknown_variant(&variant.to_string()));
            None
        }
    }
}

fn last_two_segments(path: &Expr) -> Option<(&Ident, &Ident)> {
    let Expr::Path(ExprPath {
        qself: None, path, ..
    }) = path
    else {
        return None;
    };
    let mut names = path.segments.iter().rev().map(|segment| &segment.ident);
    let last = names.next()?;
    Some((names.next()?, last))
}

/// Returns the literal in `"/data".into()` or a similar expression.
fn read_target<'a>(written: &'a Expr, errors: &mut MacroErrors) -> Option<&'a LitStr> {
    let text = match written {
        Expr::MethodCall(ExprMethodCall {
            receiver,
            method,
            args,
            ..
        }) if args.is_empty()
            && ["into", "to_string", "to_owned"]
                .iter()
                .any(|name| method == name) =>
        {
            literal::string_literal(receiver)
        }
        Expr::Call(ExprCall { func, args, .. })
            if args.len() == 1
                && last_two_segments(func)
                    .is_some_and(|(of, name)| of == "String" && name == "from") =>
        {
            literal::string_literal(&args[0])
        }
        bare => {
            if let Some(text) = literal::string_literal(bare) {
                errors.push_at(
                    bare,
                    format!("a target is a `String`; write `{}.into()`", text.token()),
                );
                return None;
            }
            None
        }
    };
    if text.is_none() {
        errors.push_at(written, TARGET);
    }
    text
}

fn unknown_variant(variant: &str) -> String {
    let spelled: Vec<String> = CapabilityKind::ALL
        .into_iter()
        .map(variant_name)
        .chain([CUSTOM.to_owned()])
        .collect();
    match did_you_mean(variant, spelled.iter().map(String::as_str)) {
        Some(question) => format!("`Capability` has no `{variant}`; {question}"),
        None => {
            let known: Vec<String> = spelled.iter().map(|known| format!("`{known}`")).collect();
            format!(
                "`Capability` has no `{variant}`; its variants are {}",
                known.join(", ")
            )
        }
    }
}

/// Spells `file-read` as the variant `FileRead`.
fn variant_name(kind: CapabilityKind) -> String {
    let capitalise = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase())
            .into_iter()
            .chain(letters)
            .collect::<String>()
    };
    kind.as_str().split('-').map(capitalise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn run(entry: &Expr) -> Result<String, Vec<String>> {
        let mut errors = MacroErrors::default();
        match read(entry, &mut errors) {
            Some(capability) => Ok(capability.to_string()),
            None => Err(errors.messages()),
        }
    }

    #[test]
    fn reads_every_way_to_write_a_string() {
        let entries: [Expr; 6] = [
            parse_quote!(Capability::FileRead("/data".into())),
            parse_quote!(Capability::FileRead("/data".to_string())),
            parse_quote!(Capability::FileRead("/data".to_owned())),
            parse_quote!(Capability::FileRead(String::from("/data"))),
            parse_quote!(Capability::FileRead(std::string::String::from(r"/data"))),
            parse_quote!(airssys_wasm_sdk::Capability::FileRead("/data".into())),
        ];
        for entry in entries {
            assert_eq!(run(&entry), Ok("file-read /data".into()));
        }
    }

    #[test]
    fn every_kind_has_its_variant_name() {
        for kind in CapabilityKind::ALL {
            let built = Capability::from_kind(kind, "");
            assert_eq!(
                format!("{built:?}"),
                format!("{}(\"\")", variant_name(kind))
            );
        }
    }

    #[test]
    fn errors_contain_advice() {
        let cases: [(Expr, &str); 12] = [
            (
                parse_quote!(Capability::FileRaed("/a".into())),
                "did you mean `FileRead`?",
            ),
            (
                parse_quote!(Capability::Teleport("/a".into())),
                "its variants are `Call`",
            ),
            (
                parse_quote!(Capability::FileRead("/a")),
                "write `\"/a\".into()`",
            ),
            (parse_quote!(Capability::FileRead(path)), "as a literal"),
            (
                parse_quote!(Capability::FileRead(format!("/a"))),
                "as a literal",
            ),
            (
                parse_quote!(Capability::FileRead("a".into())),
                "begins with `/`",
            ),
            (
                parse_quote!(Capability::NetworkOutbound("http://a".into())),
                "without scheme",
            ),
            (parse_quote!(Capability::FileRead()), "one target"),
            (
                parse_quote!(Capability::FileRead("/a".into(), 1)),
                "one target",
            ),
            (parse_quote!(Capability::FileRead), "at compile time"),
            (parse_quote!(Cap::FileRead("/a".into())), "at compile time"),
            (parse_quote!(read("/a")), "at compile time"),
        ];
        for (entry, expected) in cases {
            let messages = run(&entry).expect_err(expected);
            assert!(messages[0].contains(expected), "{messages:?}");
        }
    }

    #[test]
    fn reports_kind_and_target_together() {
        let messages = run(&parse_quote!(Capability::FileRaed(path))).expect_err("two slips");
        assert_eq!(messages.len(), 2);
    }
}
