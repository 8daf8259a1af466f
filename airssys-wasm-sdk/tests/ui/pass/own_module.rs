//! The component in one module, its implementation in another.

mod greeter {
    use airssys_wasm_sdk::component;

    #[component(wit_inline = "
        package demo:greeter;
        interface api { greet: func(name: string) -> string; }
        world greeter { export api; }
    ")]
    pub struct Greeter;
}

mod implementation {
    use super::greeter::{Greeter, exports::demo::greeter::api::Guest};

    impl Guest for Greeter {
        fn greet(name: String) -> String {
            name
        }
    }
}

fn main() {}
