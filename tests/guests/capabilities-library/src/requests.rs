//! The capabilities that the library needs in any component.

use airssys_wasm_sdk::prelude::*;

#[component_capabilities]
fn required_capabilities() -> Vec<Capability> {
    vec![Capability::FileRead("/library".into())]
}
