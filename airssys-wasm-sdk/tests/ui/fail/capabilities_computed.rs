use airssys_wasm_sdk::prelude::*;

const DATA: &str = "/data";

#[component_capabilities]
pub fn required_capabilities() -> Vec<Capability> {
    vec![
        Capability::FileRead(DATA.into()),
        Capability::FileRead(format!("{DATA}/x")),
        read("/data"),
    ]
}

fn read(path: &str) -> Capability {
    Capability::FileRead(path.into())
}

fn main() {}
