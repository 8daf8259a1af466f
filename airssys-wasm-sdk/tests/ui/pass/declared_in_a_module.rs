//! A library whose modules each list the capabilities that they need.

#[airssys_wasm_sdk::component_capabilities(read("/data"))]
pub mod data {
    pub const PATH: &str = "/data";
}

pub mod cache {
    use airssys_wasm_sdk::prelude::*;

    #[component_capabilities(write("/cache", max = "64MiB"))]
    #[derive(Default)]
    pub struct Cache {
        pub entries: Vec<String>,
    }

    #[component_capabilities]
    pub fn required_capabilities() -> Vec<Capability> {
        vec![Capability::FileWrite("/cache max=64MiB".into())]
    }
}

fn main() {
    assert_eq!(data::PATH, "/data");
    assert!(cache::Cache::default().entries.is_empty());
    assert_eq!(cache::required_capabilities().len(), 1);
}
