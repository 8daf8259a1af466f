//! The attribute macros of airssys-wasm-sdk.
//!
//! Guest crates use and see them through airssys-wasm-sdk, to which the expansions refer. The
//! macros decide nothing themselves: airssys-wasm-core defines valid names, versions and
//! capabilities, and writes the embedded text.
//!
//! | module | purpose |
//! |---|---|
//! | `component` | `#[component]`: identity, bindings, exports |
//! | `component_capabilities` | `#[component_capabilities]`: requests from its arguments or a function's body |
//! | `embed` | the static that becomes a custom section |
//! | `errors` | collects all errors of one use |
//!
//! Tests: `airssys-wasm-macros/src`, `airssys-wasm-sdk/tests/ui`.
#![forbid(unsafe_code)]

mod component;
mod component_capabilities;
mod embed;
mod errors;
#[cfg(test)]
mod golden;
mod literal;

use proc_macro::TokenStream;

/// Turns a unit struct into the component that the crate builds.
///
/// `airssys_wasm_sdk::component` is the same macro, with examples.
#[proc_macro_attribute]
pub fn component(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let package = component::CargoPackage::from_environment();
    component::expand(arguments.into(), item.into(), &package).into()
}

/// Embeds the capabilities that a component requests.
///
/// `airssys_wasm_sdk::component_capabilities` is the same macro, with examples.
#[proc_macro_attribute]
pub fn component_capabilities(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let origin = component_capabilities::MacroOrigin::from_environment();
    component_capabilities::expand(arguments.into(), item.into(), &origin).into()
}
