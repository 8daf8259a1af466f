//! Imports an interface that hosts do not provide by default.

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package demo:import-missing;

    world import-missing {
        import acme:store/kv;
        export look-up: func(key: string) -> option<string>;
    }

    package acme:store {
        interface kv {
            get: func(key: string) -> option<string>;
        }
    }
")]
struct ImportMissing;

impl Guest for ImportMissing {
    fn look_up(key: String) -> Option<String> {
        acme::store::kv::get(&key)
    }
}
