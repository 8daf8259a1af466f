use airssys_wasm_sdk::prelude::*;

#[component_capabilities(
    read("data"),
    write("/data/../etc"),
    http("api.example.com"),
    http("https://API.example.com", methods = [get]),
    tcp("db.internal"),
    udp("dns.internal:99999"),
    dns("dns.internal:53"),
    network_inbound("example.com:80"),
    network_outbound("https://api.example.com"),
    env("LC_*"),
    store(""),
    clock("moon"),
    custom("gpu device=0"),
    optional(read("data/"), reason = "usage metrics"),
)]
struct Greeter;

fn main() {}
