use airssys_wasm_sdk::prelude::*;

#[component_capabilities(
    write("/cache", max = "64MiB"),
    write("/log"),
    write("/cache", max = "128MiB"),
    optional(write("/log", mode = append), reason = "keeps a log"),
)]
struct Greeter;

#[component_capabilities]
pub fn required_capabilities() -> Vec<Capability> {
    vec![
        Capability::FileWrite("/cache max=64MiB".into()),
        Capability::FileWrite("/cache max=128MiB".into()),
    ]
}

fn main() {}
