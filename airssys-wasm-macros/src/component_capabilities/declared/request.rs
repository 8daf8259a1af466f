//! Parses a request: `write("/cache", max = "64MiB")`.
//!
//! Combines the results of the other files.
//! Tests: in this file.

use airssys_wasm_core::{CapabilityError, Rule};
use syn::{BinOp, Expr, ExprBinary, LitStr};

use super::call::CallExpression;
use super::kinds::{self, RequestKind};
use super::{options, target};
use crate::errors::MacroErrors;
use crate::literal;

const ADVICE: &str =
    "requests are written as `read(\"/data\")` or `write(\"/cache\", max = \"64MiB\")`";

/// Returns the rule of a request and adds errors to `errors`.
pub(super) fn read(written: &Expr, errors: &mut MacroErrors) -> Option<Rule> {
    let Some(call) = CallExpression::read(written) else {
        errors.push_at(written, advice_for(written));
        return None;
    };
    let named = RequestKind::read(call.word, errors);
    let target = target::read(written, &call, errors);
    let (named, target) = (named?, target?);
    let bare = named.capability(&target.value());
    let checked = target::check(named, target, errors)
        .and_then(|()| check_target(named, bare.to_rule(), target, errors));
    let whole = options::add_options(bare, &call.options, errors);
    checked
        .and(whole)?
        .to_rule()
        .map_err(|error| errors.push_at(written, error))
        .ok()
}

/// Reports a target that does not fit its kind.
fn check_target(
    named: RequestKind,
    rule: Result<Rule, CapabilityError>,
    target: &LitStr,
    errors: &mut MacroErrors,
) -> Option<()> {
    let advice = match (named, rule) {
        (RequestKind::Custom, Err(CapabilityError::UnknownKind { .. })) => {
            "an embedder's kind has a namespace: `custom(\"acme:gpu/compute device=0\")`".into()
        }
        (RequestKind::Custom, Ok(rule)) => match rule.known_kind() {
            None => return Some(()),
            Some(kind) => {
                format!(
                    "`{}` is not an embedder's kind; write `{}(\"...\")`",
                    kind.as_str(),
                    kinds::argument_name(kind)
                )
            }
        },
        (RequestKind::Known(_), Ok(_)) => return Some(()),
        (_, Err(error)) => error.to_string(),
    };
    errors.push_at(target, advice);
    None
}

/// Returns the message for something that is not `word(...)`.
fn advice_for(written: &Expr) -> String {
    match (written, literal::identifier(written)) {
        (_, Some(word)) if RequestKind::find(&word).is_some() => target::missing_target(&word),
        (_, Some(word)) => kinds::unknown_kind(&word),
        // `network-outbound("a.com")`, which is the text form.
        (
            Expr::Binary(ExprBinary {
                left,
                op: BinOp::Sub(_),
                right,
                ..
            }),
            _,
        ) => {
            let word = |call: CallExpression<'_>| {
                format!(
                    "{}-{}",
                    literal::identifier(left).unwrap_or_default(),
                    call.word
                )
            };
            CallExpression::read(right)
                .map_or_else(|| ADVICE.into(), |call| kinds::unknown_kind(&word(call)))
        }
        _ => ADVICE.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn run(written: &Expr) -> Result<String, Vec<String>> {
        let mut errors = MacroErrors::default();
        match read(written, &mut errors) {
            Some(rule) => Ok(rule.to_string()),
            None => Err(errors.messages()),
        }
    }

    #[test]
    fn reads_every_kind() {
        let cases: [(Expr, &str); 20] = [
            (parse_quote!(call("acme:store/kv")), "call acme:store/kv"),
            (parse_quote!(clock("wall")), "clock wall"),
            (parse_quote!(config("app.*")), "config app.*"),
            (
                parse_quote!(custom("acme:gpu/compute device=0")),
                "acme:gpu/compute device=0",
            ),
            (parse_quote!(dns("*.internal")), "dns *.internal"),
            (parse_quote!(env("LANG")), "env LANG"),
            (
                parse_quote!(http("https://a.com/v1/**", methods = [POST, GET])),
                "http GET,POST https://a.com/v1/**",
            ),
            (parse_quote!(llm("smollm2")), "llm smollm2"),
            (parse_quote!(messaging("orders.*")), "messaging orders.*"),
            (
                parse_quote!(network_inbound("127.0.0.1:8080")),
                "network-inbound 127.0.0.1:8080",
            ),
            (
                parse_quote!(network_outbound("a.com:443")),
                "network-outbound a.com:443",
            ),
            (parse_quote!(random("secure")), "random secure"),
            (parse_quote!(read("/my files")), "file-read \"/my files\""),
            (parse_quote!(secret("db-password")), "secret db-password"),
            (parse_quote!(stdio("stdout")), "stdio stdout"),
            (parse_quote!(store("orders")), "store orders"),
            (
                parse_quote!(tcp("db.internal:5432")),
                "tcp db.internal:5432",
            ),
            (parse_quote!(udp("dns.internal:53")), "udp dns.internal:53"),
            (
                parse_quote!(write("/log", mode = append)),
                "file-write /log mode=append",
            ),
            (
                parse_quote!(write("/c", mode = append, max = "1024KiB")),
                "file-write /c max=1MiB mode=append",
            ),
        ];
        for (written, expected) in cases {
            assert_eq!(run(&written), Ok(expected.into()));
        }
    }

    #[test]
    fn errors_contain_advice() {
        let cases: [(Expr, &str); 15] = [
            (parse_quote!(read), "`read(\"...\")`"),
            (parse_quote!(raed), "did you mean `read`?"),
            (parse_quote!(optional), "wraps a single request"),
            (parse_quote!("/data"), "written as `read(\"/data\")`"),
            (
                parse_quote!(Capability::FileRead("/data".into())),
                "written as `read(\"/data\")`",
            ),
            (parse_quote!(read = "/data"), "written as `read(\"/data\")`"),
            (parse_quote!(file - read("/data")), "did you mean `read`?"),
            (
                parse_quote!(network - outbound("a.com")),
                "did you mean `network_outbound`?",
            ),
            (parse_quote!(a - b), "written as"),
            (parse_quote!(read("data")), "begins with `/`"),
            (parse_quote!(tcp("db.internal")), "write the port"),
            (parse_quote!(http("ftp://a.com")), "the scheme is"),
            (parse_quote!(custom("gpu")), "has a namespace"),
            (
                parse_quote!(custom("file-read /data")),
                "write `read(\"...\")`",
            ),
            (parse_quote!(env("A", value = "b")), "set by the operator"),
        ];
        for (written, expected) in cases {
            let messages = run(&written).expect_err(expected);
            assert!(
                messages.len() == 1 && messages[0].contains(expected),
                "{messages:?}"
            );
        }
    }

    #[test]
    fn reports_target_and_options_together() {
        let messages =
            run(&parse_quote!(write("data", mxa = "1MiB", mode = x))).expect_err("three slips");
        assert_eq!(messages.len(), 3, "{messages:?}");
        let messages = run(&parse_quote!(wirte(DATA))).expect_err("two slips");
        assert_eq!(messages.len(), 2, "{messages:?}");
    }
}
