use airssys_wasm_sdk::prelude::*;

#[component_capabilities(
    optional(env("LANG")),
    optional(env("LC_ALL"), reason = ""),
    optional(env("HOME"), because = "greets in French"),
    optional(env("USER"), reason = WHY),
    optional(env("A"), env("B"), reason = "greets in French"),
    optional(optional(env("C"), reason = "greets"), reason = "greets in French"),
    optional,
)]
struct Greeter;

fn main() {}
