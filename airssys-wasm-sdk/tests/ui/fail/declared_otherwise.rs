use airssys_wasm_sdk::prelude::*;

const DATA: &str = "/data";

#[component_capabilities(
    "/data",
    read,
    read(),
    read(DATA),
    read("/a", "/b"),
    read = "/data",
    Capability::FileRead("/data".into()),
    network-outbound("api.example.com"),
    write("/cache max=64MiB"),
    http("GET https://api.example.com"),
    custom("file-read /data"),
)]
struct Greeter;

#[component_capabilities(read("/data") write("/cache"))]
struct Other;

fn main() {}
