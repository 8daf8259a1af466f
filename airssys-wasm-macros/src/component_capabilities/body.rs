//! Parses the body of a function: one `vec![...]` with each request once.
//!
//! `entry` parses the entries.
//! Tests: in this file.

use airssys_wasm_core::{Need, Requests};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Block, Expr, ExprMacro, Macro, Stmt, StmtMacro, Token};

use super::collector::RequestCollector;
use super::entry;
use crate::errors::MacroErrors;

const ADVICE: &str = "the body is read at compile time, so it must be one \
     `vec![Capability::FileRead(\"/data\".into()), ...]` and nothing else";

/// Returns the requests in the body and adds errors to `errors`.
pub(super) fn read(body: &Block, errors: &mut MacroErrors) -> Requests {
    let Some(list) = find_list(body, errors) else {
        return Requests::default();
    };
    let entries = match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(list.tokens.clone())
    {
        Ok(entries) => entries,
        Err(_) => {
            errors.push_at(&list.tokens, ADVICE);
            return Requests::default();
        }
    };
    let mut found = RequestCollector::default();
    for written in &entries {
        if let Some(rule) = entry::read(written, errors) {
            found.add(rule, Need::Required, written, errors);
        }
    }
    found.into_requests()
}

/// Returns the `vec!` of a body that contains nothing else.
fn find_list<'a>(body: &'a Block, errors: &mut MacroErrors) -> Option<&'a Macro> {
    let found = match body.stmts.as_slice() {
        [Stmt::Expr(Expr::Macro(ExprMacro { mac, .. }), None)] => Some(mac),
        [
            Stmt::Macro(StmtMacro {
                mac,
                semi_token: None,
                ..
            }),
        ] => Some(mac),
        _ => None,
    }
    .filter(|mac| {
        mac.path
            .segments
            .last()
            .is_some_and(|name| name.ident == "vec")
    });
    if found.is_none() {
        match body.stmts.iter().find(|statement| !is_list(statement)) {
            Some(statement) => errors.push_at(statement, ADVICE),
            None => errors.push_at(body, ADVICE),
        }
    }
    found
}

fn is_list(statement: &Stmt) -> bool {
    match statement {
        Stmt::Expr(Expr::Macro(ExprMacro { mac, .. }), None) => mac.path.is_ident("vec"),
        Stmt::Macro(StmtMacro {
            mac,
            semi_token: None,
            ..
        }) => mac.path.is_ident("vec"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn run(body: &Block) -> (String, Vec<String>) {
        let mut errors = MacroErrors::default();
        let requests = read(body, &mut errors);
        (requests.to_section(), errors.messages())
    }

    #[test]
    fn reads_sorted_requests() {
        let (text, messages) = run(&parse_quote!({
            vec![
                Capability::FileWrite("/b".into()),
                Capability::FileRead("/a".to_owned()),
            ]
        }));
        assert_eq!(messages, [""; 0]);
        assert_eq!(
            text,
            "airssys:capabilities 1\nfile-read /a\nfile-write /b\n"
        );
    }

    #[test]
    fn reads_no_other_body() {
        let bodies: [Block; 7] = [
            parse_quote!({}),
            parse_quote!({ Vec::new() }),
            parse_quote!({ return vec![] }),
            parse_quote!({
                vec![];
            }),
            parse_quote!({
                let list = vec![];
                list
            }),
            parse_quote!({ list![] }),
            parse_quote!({ vec![Capability::FileRead("/a".into()); 2] }),
        ];
        for body in bodies {
            let (_, messages) = run(&body);
            assert!(
                messages.len() == 1 && messages[0].contains("nothing else"),
                "{messages:?}"
            );
        }
    }

    #[test]
    fn reports_each_repetition() {
        let (_, messages) = run(&parse_quote!({
            vec![
                Capability::FileRead("/a".into()),
                Capability::FileRead("/a".to_string()),
                Capability::FileRead("/b".into()),
                Capability::FileRead("/a".into()),
            ]
        }));
        assert_eq!(
            messages,
            ["`file-read /a` is requested twice; remove this one"; 2]
        );
    }

    #[test]
    fn reads_options_and_reports_contradictions() {
        let (text, messages) = run(&parse_quote!({
            vec![
                Capability::FileWrite("/cache max=65536KiB".into()),
                Capability::FileWrite("/cache mode=append".into()),
            ]
        }));
        assert_eq!(
            text,
            "airssys:capabilities 1\nfile-write /cache max=64MiB\n"
        );
        assert!(
            messages.len() == 1 && messages[0].contains("contradict each other"),
            "{messages:?}"
        );
    }
}
