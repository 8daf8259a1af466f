//! The guest programs, built by `cargo xtask components`.

use std::path::PathBuf;

use airssys_wasm_host::Component;

/// Returns the path of a guest program.
///
/// # Panics
///
/// Panics if the guest has not been built; the message says how to build it.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    find(name)
        .unwrap_or_else(|| panic!("no guest `{name}`; build them with `cargo xtask components`"))
}

/// Returns the path of a guest program, or `None` if it does not exist.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let components = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/components");
    Some(components.join(format!("{name}.wasm"))).filter(|path| path.is_file())
}

/// Loads a guest program, named after its file if the component does not declare a name.
///
/// # Panics
///
/// Panics if the guest has not been built or is not a valid component.
#[must_use]
pub fn guest(name: &str) -> Component {
    let component = Component::from_file(path(name)).expect("a guest program is a valid component");
    if component.name().is_some() {
        return component;
    }
    component
        .with_name(name)
        .expect("the name of a guest's file is a valid component name")
}
