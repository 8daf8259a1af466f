use airssys_wasm_sdk::prelude::*;

#[component_capabilities(
    read("/data"),
    http("https://api.example.com"),
    read("/data/**"),
    optional(http("https://api.example.com:443/**"), reason = "usage metrics"),
)]
struct Greeter;

fn main() {}
