use airssys_wasm_sdk::prelude::*;

#[component_capabilities(
    raed("/data"),
    file_write("/cache"),
    network_outbond("api.example.com"),
    optinal(env("LANG"), reason = "greets in French"),
    teleport("moon"),
)]
struct Greeter;

fn main() {}
