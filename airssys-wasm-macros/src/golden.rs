//! Formats the expansion of a macro for golden tests.
//!
//! For tests only. The golden files are in the `snapshots` directories.

use proc_macro2::TokenStream;

/// Parses and formats `expansion`.
pub(crate) fn format(expansion: TokenStream) -> String {
    let file = syn::parse2(expansion).expect("an expansion is a list of items");
    prettyplease::unparse(&file)
}
