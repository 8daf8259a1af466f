//! Golden expansions: what a macro generates, as a person would format it.
//!
//! For tests only; the reports are in `snapshots` beside each room.

use proc_macro2::TokenStream;

/// Parses and formats `expansion`.
pub(crate) fn format(expansion: TokenStream) -> String {
    let file = syn::parse2(expansion).expect("an expansion is a list of items");
    prettyplease::unparse(&file)
}
