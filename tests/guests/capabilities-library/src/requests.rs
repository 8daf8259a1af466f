//! What the library needs, whoever uses it.

use airssys_wasm_sdk::prelude::*;

#[component_capabilities]
fn required_capabilities() -> Vec<Capability> {
    vec![Capability::FileRead("/library".into())]
}
