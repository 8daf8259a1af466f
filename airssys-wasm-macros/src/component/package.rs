//! Defaults from the Cargo package for missing arguments.
//!
//! Tests: in this file.

use airssys_wasm_core::ComponentName;
use proc_macro2::{Span, TokenStream};
use quote::quote;

use super::arguments::Arguments;
use crate::errors::Errors;

/// The metadata of the package that is being compiled.
#[derive(Default)]
pub(crate) struct Package {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) description: Option<String>,
}

impl Package {
    /// Reads the metadata that Cargo passes to the compiler.
    pub(crate) fn from_environment() -> Self {
        let read = |name| std::env::var(name).ok();
        Self {
            name: read("CARGO_PKG_NAME"),
            version: read("CARGO_PKG_VERSION"),
            description: read("CARGO_PKG_DESCRIPTION"),
        }
    }

    /// Generates code that makes Cargo rebuild when the description changes. Cargo does this for
    /// name and version, but does not track the variables that a macro reads.
    pub(super) fn watch() -> TokenStream {
        quote! {
            const _: ::core::option::Option<&str> = ::core::option_env!("CARGO_PKG_DESCRIPTION");
        }
    }

    /// Fills in missing arguments, and drops an empty description.
    pub(super) fn complete(&self, arguments: &mut Arguments, errors: &mut Errors) {
        if !arguments.has("name") {
            arguments.about.name = self.component_name(errors);
        }
        if !arguments.has("version") {
            arguments.about.version = self
                .version
                .as_ref()
                .and_then(|version| version.parse().ok());
        }
        if !arguments.has("description") {
            arguments.about.description = self.description.clone();
        }
        arguments
            .about
            .description
            .take_if(|description| description.is_empty());
    }

    fn component_name(&self, errors: &mut Errors) -> Option<ComponentName> {
        let name = self.name.as_ref()?;
        let parsed = name.parse();
        if let Err(error) = &parsed {
            let message = format!(
                "the package name is not a valid component name: {error}; write `#[component(name = \"...\")]`"
            );
            errors.add(syn::Error::new(Span::call_site(), message));
        }
        parsed.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package() -> Package {
        Package {
            name: Some("a".into()),
            version: Some("1.0.0".into()),
            description: Some(String::new()),
        }
    }

    #[test]
    fn fills_in_only_what_is_missing() {
        let mut errors = Errors::default();
        let mut arguments = Arguments::read(quote!(version = "2.0.0"), &mut errors);
        package().complete(&mut arguments, &mut errors);
        assert_eq!(
            arguments.about.to_section(),
            "airssys:component 1\nname a\nversion 2.0.0\n"
        );
    }

    #[test]
    fn does_not_replace_what_is_wrong() {
        let mut errors = Errors::default();
        let mut arguments = Arguments::read(quote!(name = "A"), &mut errors);
        package().complete(&mut arguments, &mut errors);
        assert_eq!(arguments.about.name, None);
        assert_eq!(errors.messages().len(), 1);
    }

    #[test]
    fn a_package_may_have_a_name_that_a_component_may_not() {
        let mut errors = Errors::default();
        let package = Package {
            name: Some("My-Crate".into()),
            ..package()
        };
        package.complete(&mut Arguments::default(), &mut errors);
        assert!(
            errors.messages()[0].contains("write `#[component(name"),
            "{:?}",
            errors.messages()
        );
    }
}
