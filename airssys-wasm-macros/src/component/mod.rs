//! `#[component]`: turns a unit struct into the component of its crate.
//!
//! Combines the results of the other files. Does not read the WIT: `wit_bindgen::generate!`, which
//! the expansion calls, does that.
//! Tests: `airssys-wasm-macros/src/component`, `airssys-wasm-sdk/tests/ui`.

mod arguments;
mod bindings;
mod instancing;
mod package;
mod world;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Fields, ItemStruct};

use self::arguments::ComponentArguments;
pub(crate) use self::package::CargoPackage;
use crate::errors::MacroErrors;

/// Expands to the item, everything that makes it a component, and all errors.
///
/// Valid parts are expanded despite errors elsewhere, so that the compiler does not report missing
/// names as well.
pub(crate) fn expand(
    arguments: TokenStream,
    item: TokenStream,
    package: &CargoPackage,
) -> TokenStream {
    let mut errors = MacroErrors::default();
    let mut arguments = ComponentArguments::read(arguments, &mut errors);
    package.fill_in_defaults(&mut arguments, &mut errors);
    let bindings =
        read_struct(&item, &mut errors).map(|item| bindings::expand(&item.ident, &arguments));
    quote! {
        #item
        #errors
        #bindings
    }
}

fn read_struct(item: &TokenStream, errors: &mut MacroErrors) -> Option<ItemStruct> {
    const ADVICE: &str = "`#[component]` must be on a unit struct; write `struct Greeter;`";
    let Ok(item) = syn::parse2::<ItemStruct>(item.clone()) else {
        errors.push_at(item, ADVICE);
        return None;
    };
    match &item.fields {
        Fields::Unit if item.generics.params.is_empty() => return Some(item),
        Fields::Unit => errors.push_at(&item.generics, ADVICE),
        fields => errors.push_at(
            fields,
            format!(
                "{ADVICE}. A component keeps its state in statics; the struct is never instantiated"
            ),
        ),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    fn package() -> CargoPackage {
        CargoPackage {
            name: Some("greeter".into()),
            version: Some("1.0.0".into()),
            description: Some("Greets \"people\".".into()),
        }
    }

    #[test]
    fn says_what_the_package_says() {
        let expansion = expand(
            quote!(),
            quote!(
                struct Greeter;
            ),
            &package(),
        );
        insta::assert_snapshot!("component_default", golden::format(expansion));
    }

    #[test]
    fn says_what_the_arguments_say() {
        let arguments = quote! {
            name = "demo:greeter",
            version = "2.0.0-rc.1",
            description = "",
            instancing = pooled(8),
            world = "polite",
            wit = ["../shared/wit", "wit"],
            wit_inline = "package demo:greeter; world polite {}",
        };
        let item = quote! {
            /// Greets.
            pub struct Greeter;
        };
        insta::assert_snapshot!(
            "component_arguments",
            golden::format(expand(arguments, item, &package()))
        );
    }

    #[test]
    fn reports_everything_wrong_and_expands_the_rest() {
        let arguments = quote!(
            nam = "x",
            version = "one",
            instancing = stateful,
            world = "w"
        );
        insta::assert_snapshot!(
            "component_errors",
            golden::format(expand(
                arguments,
                quote!(
                    struct Greeter;
                ),
                &package()
            ))
        );
    }

    #[test]
    fn refuses_what_is_not_a_unit_struct() {
        for (item, expected) in [
            (
                quote!(
                    fn greet() {}
                ),
                "must be on a unit struct",
            ),
            (
                quote!(
                    enum Greeter {}
                ),
                "must be on a unit struct",
            ),
            (
                quote!(
                    struct Greeter<T>;
                ),
                "must be on a unit struct",
            ),
            (
                quote!(
                    struct Greeter {
                        count: u32,
                    }
                ),
                "its state in statics",
            ),
            (
                quote!(
                    struct Greeter(u32);
                ),
                "its state in statics",
            ),
        ] {
            let mut errors = MacroErrors::default();
            assert!(read_struct(&item, &mut errors).is_none());
            assert!(
                errors.messages()[0].contains(expected),
                "{item}: {:?}",
                errors.messages()
            );
        }
    }
}
