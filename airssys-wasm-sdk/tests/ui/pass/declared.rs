#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub, unused, warnings)]
//! Every kind of capability, on every kind of item, with lints that a guest can deny.

use airssys_wasm_sdk::component_capabilities;

#[component_capabilities(
    http("https://api.example.com/v1/**", methods = [GET, "M-SEARCH"]),
    http("*://localhost:8000-8099"),
    tcp("db.internal:5432"),
    udp("dns.internal:53"),
    dns("*.internal"),
    network_outbound("api.example.com:443"),
    network_inbound("127.0.0.1:8080"),
    read("/data"),
    read("/my files/*.csv"),
    write("/cache", max = "64MiB"),
    write("/log", mode = append),
    write("/both", mode = append, max = "1GiB"),
)]
const _: () = ();

/// Does nothing.
#[component_capabilities(
    env("LANG"),
    secret("db-password"),
    config("app.*"),
    store("orders"),
    call("acme:store/kv"),
    messaging("orders.*"),
    llm("smollm2"),
    stdio("stdout"),
    clock("wall"),
    random("secure"),
    custom("acme:gpu/compute device=0"),
    optional(http("https://telemetry.example.com/**"), reason = "usage metrics"),
    optional(reason = "says \"hello\"", custom("acme:gpu/compute", model = "a b")),
)]
pub struct Greeter;

#[component_capabilities(read("/data"))]
impl Greeter {
    /// Greets. Items in functions can have requests too.
    pub fn greet(&self) {
        #[component_capabilities(read("/data"))]
        const _: () = ();
    }
}

#[component_capabilities(read("/data"))]
fn main() {
    Greeter.greet();
}
