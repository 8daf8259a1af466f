//! The attribute macros of airssys-wasm-sdk.
//!
//! Reached and documented through airssys-wasm-sdk, never named by a guest crate:
//! what they expand to refers to the SDK. They decide nothing themselves;
//! airssys-wasm-core says what a name, a version or a capability may be, and
//! writes the text that is embedded.
//!
//! | room | what it does |
//! |---|---|
//! | `component` | `#[component]`: identity, bindings, exports |
//! | `component_capabilities` | `#[component_capabilities]`: requests, read from its arguments or a function's body |
//! | `embed` | the static that becomes a custom section |
//! | `errors` | everything wrong with one use, reported at once |
//!
//! Tests: beside each file; golden expansions in the `snapshots` beside each room;
//! what users see when they slip, in `airssys-wasm-sdk/tests/ui`.
#![forbid(unsafe_code)]

mod component;
mod component_capabilities;
mod embed;
mod errors;
#[cfg(test)]
mod golden;
mod literal;

use proc_macro::TokenStream;

/// Makes a unit struct the component that this crate builds.
///
/// `airssys_wasm_sdk::component` is the same macro, with examples.
#[proc_macro_attribute]
pub fn component(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let package = component::Package::from_environment();
    component::expand(arguments.into(), item.into(), &package).into()
}

/// Embeds the capabilities that a component requests.
///
/// `airssys_wasm_sdk::component_capabilities` is the same macro, with examples.
#[proc_macro_attribute]
pub fn component_capabilities(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let origin = component_capabilities::Origin::from_environment();
    component_capabilities::expand(arguments.into(), item.into(), &origin).into()
}
