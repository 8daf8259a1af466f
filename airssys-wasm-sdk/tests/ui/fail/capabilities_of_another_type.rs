use airssys_wasm_sdk::component_capabilities;

pub enum Capability {
    FileRead(String),
}

#[component_capabilities]
pub fn required_capabilities() -> Vec<Capability> {
    vec![Capability::FileRead("/data".into())]
}

fn main() {}
