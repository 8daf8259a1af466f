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
    find(name)
        .unwrap_or_else(|| panic!("no guest `{name}`; build them with `cargo xtask components`"))
}

/// Where a guest program lies, if there is one of this name.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let components = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/components");
    Some(components.join(format!("{name}.wasm"))).filter(|path| path.is_file())
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
    component
        .with_name(name)
        .expect("the name of a guest's file is a component's name")
}
