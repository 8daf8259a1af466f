use airssys_wasm_sdk::prelude::*;

#[component_capabilities(
    read("/data", from = "/srv/data"),
    http("https://api.example.com", at = "10.0.0.0/8"),
    env("LANG", value = "fr"),
    custom("acme:gpu/compute device=0 until=2030-01-01T00:00:00Z"),
    store("orders", until = "2030-01-01T00:00:00Z"),
)]
struct Greeter;

fn main() {}
