//! The item to which the macro is attached.
//!
//! A list in the arguments may be on any item, so only the name is read.
//! Tests: in this file.

use proc_macro2::TokenStream;
use syn::Item;

/// Returns the name of the item; empty for items without a name, such as an `impl`.
pub(super) fn name(item: &TokenStream) -> String {
    let name = match syn::parse2(item.clone()) {
        Ok(Item::Const(item)) => Some(item.ident),
        Ok(Item::Enum(item)) => Some(item.ident),
        Ok(Item::Fn(item)) => Some(item.sig.ident),
        Ok(Item::Mod(item)) => Some(item.ident),
        Ok(Item::Static(item)) => Some(item.ident),
        Ok(Item::Struct(item)) => Some(item.ident),
        Ok(Item::Trait(item)) => Some(item.ident),
        Ok(Item::Type(item)) => Some(item.ident),
        Ok(Item::Union(item)) => Some(item.ident),
        _ => None,
    };
    name.map(|name| name.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn knows_the_names_of_items() {
        for (item, expected) in [
            (
                quote!(
                    pub struct Greeter;
                ),
                "Greeter",
            ),
            (
                quote!(
                    mod net {
                        fn f() {}
                    }
                ),
                "net",
            ),
            (
                quote!(
                    fn main() {}
                ),
                "main",
            ),
            (
                quote!(
                    const _: () = ();
                ),
                "_",
            ),
            (quote!(impl Greeter {}), ""),
            (
                quote!(
                    use a::b;
                ),
                "",
            ),
            (quote!(let no = item;), ""),
        ] {
            assert_eq!(name(&item), expected);
        }
    }
}
