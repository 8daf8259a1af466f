//! The length of functions, and parameters of type `bool`.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::report::Report;
use crate::source::{Crate, is_of_tests};

/// Lines of a function, its signature included.
const LINES_MAX: usize = 70;

/// Checks the functions of a crate, without its tests.
pub(crate) fn check(sources: &Crate, report: &mut Report) {
    for source in &sources.files {
        let mut functions = Functions {
            path: &source.path,
            report,
            in_trait_impl: false,
        };
        functions.visit_file(&source.syntax);
    }
}

struct Functions<'a> {
    path: &'a str,
    report: &'a mut Report,
    /// `true` inside `impl Trait for Type`, whose signatures are those of the trait.
    in_trait_impl: bool,
}

impl Functions<'_> {
    fn length(&mut self, signature: &syn::Signature, end: usize) {
        self.report.count("functions");
        let line = signature.ident.span().start().line;
        let lines = end + 1 - signature.span().start().line;
        if lines > LINES_MAX {
            let message = format!(
                "`{}` has {lines} lines; {LINES_MAX} are allowed",
                signature.ident
            );
            self.report.add(self.path, line, message);
        }
    }

    /// A call with `true` says nothing. A setter of one switch may take it: `.write(true)`.
    fn booleans(&mut self, signature: &syn::Signature) {
        let is_setter = signature.receiver().is_some() && signature.inputs.len() == 2;
        for input in &signature.inputs {
            let syn::FnArg::Typed(parameter) = input else {
                continue;
            };
            let is_bool =
                matches!(&*parameter.ty, syn::Type::Path(path) if path.path.is_ident("bool"));
            if is_bool && !is_setter {
                let message = format!(
                    "`{}` takes a `bool`; take an enum of two words",
                    signature.ident
                );
                let line = parameter.span().start().line;
                self.report.add(self.path, line, message);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_of_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_of_tests(&item.attrs) {
            self.length(&item.sig, item.block.span().end().line);
            self.booleans(&item.sig);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outer = std::mem::replace(&mut self.in_trait_impl, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.in_trait_impl = outer;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.length(&item.sig, item.block.span().end().line);
        if !self.in_trait_impl {
            self.booleans(&item.sig);
        }
        visit::visit_impl_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        let mut report = Report::default();
        check(&Crate::from_texts(&[("a.rs", text)]), &mut report);
        report.findings().len()
    }

    #[test]
    fn a_long_function_is_found() {
        let long = format!("fn a() {{\n{}}}\n", "b();\n".repeat(69));
        assert_eq!(findings(&long), 1);
        assert_eq!(findings(&long.replacen("b();\n", "", 1)), 0);
    }

    #[test]
    fn a_bool_is_found_and_that_of_a_setter_not() {
        assert_eq!(findings("fn a(b: bool) {}"), 1);
        assert_eq!(findings("impl A { fn b(&self, c: bool, d: u8) {} }"), 1);
        assert_eq!(findings("impl A { fn b(self, c: bool) {} }"), 0);
    }

    #[test]
    fn a_bool_in_the_signature_of_a_trait_is_not_found() {
        assert_eq!(findings("impl A for B { fn c(d: bool, e: u8) {} }"), 0);
        assert_eq!(findings("impl A for B { fn c() { fn d(e: bool) {} } }"), 1);
        assert_eq!(
            findings("impl A for B { fn c() { impl D { fn e(f: bool) {} } } }"),
            1
        );
        assert_eq!(
            findings("impl A for B { fn c() { impl D for E {} } fn f(g: bool) {} }"),
            0
        );
    }
}
