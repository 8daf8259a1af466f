//! The guest programs, built by `cargo xtask components`.

use std::path::PathBuf;

use airssys_wasm_host::Component;

/// Where a guest program lies.
///
/// # Panics
///
/// If it has not been built; says how to.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/components").join(format!("{name}.wasm"));
    assert!(path.exists(), "no {}; build the guest programs with `cargo xtask components`", path.display());
    path
}

/// A guest program, under the name of its file if it says no other.
///
/// # Panics
///
/// If it has not been built or is no component.
#[must_use]
pub fn guest(name: &str) -> Component {
    let component = Component::from_file(path(name)).expect("a guest program is a component");
    if component.name().is_some() {
        return component;
    }
    component.with_name(name).expect("the name of a guest's file is a component's name")
}
