use airssys_wasm_sdk::prelude::*;

#[component_capabilities(
    write("/cache", mxa = "64MiB"),
    write("/other", max = 64MiB),
    write("/third", max = "64MB"),
    write("/log", mode = "overwrite"),
    write("/fifth", max = "1MiB", max = "2MiB"),
    read("/data", max = "1MiB"),
    env("LANG", colour = "red"),
    http("https://api.example.com", method = "GET"),
    http("https://example.com", methods = GET),
    tcp("db.internal:5432", methods = [GET]),
    dns("*.internal", reason = "finds peers"),
)]
struct Greeter;

fn main() {}
