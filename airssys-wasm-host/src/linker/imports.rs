//! Checks which imports have a provider, and describes those that have none.
//!
//! Tests: in this file, `tests/suite/bad_input.rs`.

use airssys_wasm_core::interfaces::{
    INTERFACES, InterfaceVersions, WASI_02_VERSION, known_interface,
};
use airssys_wasm_core::suggest::nearest;
use airssys_wasm_core::world::{Interface, InterfaceName, World};

use semver::Version;

use crate::capability::{LinkedProvider, Providers, links_interface, provides, provides_function};

/// Returns the imported interfaces that neither the host nor the embedder provides.
pub(crate) fn unprovided<'a>(world: &'a World, providers: &Providers) -> Vec<&'a Interface> {
    let interfaces = world.imports.interfaces.iter();
    interfaces
        .filter(|import| needs_provider(import))
        .filter(|import| !provides(providers.iter(), &import.name) && !is_built_in(&import.name))
        .collect()
}

/// Returns `true` if the host itself provides an interface in a version that serves this name.
pub(crate) fn is_built_in(name: &InterfaceName) -> bool {
    import_problem(name, &[]).is_none()
}

/// Returns `true` if an import needs a provider. An interface with types alone needs none, unless
/// it claims to be part of WASI.
fn needs_provider(import: &Interface) -> bool {
    !import.functions.is_empty()
        || !import.resources.is_empty()
        || import.name.path().starts_with("wasi:")
}

/// Returns messages for functions that are imported at world level and that no provider links:
/// other deployments are linked by interface.
pub(crate) fn world_level_problems(world: &World, providers: &Providers) -> Vec<String> {
    let missing = world
        .imports
        .functions
        .iter()
        .filter(|function| !provides_function(providers.iter(), function));
    let describe = |name| {
        format!(
            "`{name}` is imported at world level, but this host does not provide it: only the \
             program that embeds the host can provide it, because other components are linked by \
             interface"
        )
    };
    missing.map(|function| describe(&function.name)).collect()
}

/// Returns the message for an interface without a provider.
pub(crate) fn missing_import_message(name: &InterfaceName, providers: &Providers) -> String {
    let embedded: Vec<&InterfaceName> =
        providers.iter().flat_map(LinkedProvider::imports).collect();
    import_problem(name, &embedded).unwrap_or_default()
}

/// Returns the imports that are served by a provider in a different version, as messages.
pub(crate) fn version_differences(world: &World, providers: &Providers) -> Vec<String> {
    let served = |import: &Interface| {
        let mut imports = providers.iter().flat_map(LinkedProvider::imports);
        let provided = imports.find(|provided| provided.is_compatible(&import.name))?;
        (*provided != import.name).then(|| format!("`{}` is served by `{provided}`", import.name))
    };
    world.imports.interfaces.iter().filter_map(served).collect()
}

/// Returns the problem with an import, if there is one. `embedded` lists what the embedder
/// provides.
fn import_problem(name: &InterfaceName, embedded: &[&InterfaceName]) -> Option<String> {
    if embedded.iter().any(|provided| provided.is_compatible(name)) || is_provided(name) {
        return None;
    }
    let versions: Vec<String> = embedded
        .iter()
        .filter(|provided| provided.path() == name.path())
        .map(|provided| format!("`{provided}`"))
        .collect();
    if !versions.is_empty() {
        return Some(format!(
            "`{name}`: this host provides {}, which is not compatible",
            versions.join(" and ")
        ));
    }
    if let Some(InterfaceVersions::Exactly(version)) = provided_versions(name.path()) {
        let path = name.path();
        return Some(format!("`{name}`: this host provides `{path}@{version}`"));
    }
    let is_wasi_02 = |version: &Version| (version.major, version.minor) == (0, 2);
    if name.path().starts_with("wasi:") && !name.version().is_some_and(is_wasi_02) {
        return Some(format!(
            "`{name}`: unsupported WASI version; this host provides WASI 0.2 up to \
             {WASI_02_VERSION}, and of 0.3 the imports of the world `wasi:http/service`"
        ));
    }
    Some(format!("`{name}`: {}", nearest_provided(name, embedded)))
}

/// Returns `true` if the host provides an interface in this version.
fn is_provided(name: &InterfaceName) -> bool {
    let Some((versions, version)) = provided_versions(name.path()).zip(name.version()) else {
        return false;
    };
    match versions {
        InterfaceVersions::Exactly(exact) => version.to_string() == exact,
        versions => {
            let is_linked = version.minor != 3 || cfg!(feature = "http");
            is_linked && versions.include_wasi(version.major, version.minor)
        }
    }
}

/// Returns the versions of an interface that a capability of the host links.
fn provided_versions(path: &str) -> Option<InterfaceVersions> {
    let known = known_interface(path).filter(|known| links_interface(known.path));
    known.map(|known| known.versions)
}

/// Names the nearest interface that is provided, or all that are not WASI's.
fn nearest_provided(name: &InterfaceName, embedded: &[&InterfaceName]) -> String {
    let stable = INTERFACES
        .iter()
        .filter(|known| known.versions.include_wasi(0, 2));
    match nearest(name.path(), stable.map(|known| known.path)) {
        Some(near) => format!("the nearest provided interface is `{near}@{WASI_02_VERSION}`"),
        None if embedded.is_empty() => {
            format!("this host provides WASI {WASI_02_VERSION} and nothing else")
        }
        None => {
            let names: Vec<String> = embedded.iter().map(|name| format!("`{name}`")).collect();
            let names = names.join(", ");
            format!("this host provides WASI {WASI_02_VERSION}, {names}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_each_import_and_the_nearest_provider() {
        for (name, expected) in [
            ("wasi:cli/environment@0.2.3", None),
            (
                "wasi:cli/enviroment@0.2.3",
                Some("the nearest provided interface is `wasi:cli/environment@0.2.12`"),
            ),
            (
                "wasi:cli/environment@0.3.0",
                Some("unsupported WASI version"),
            ),
            ("wasi:cli/stdout@0.4.0", Some("unsupported WASI version")),
            ("acme:store/kv@1.0.0", Some("and nothing else")),
            ("wasi:config/store@0.2.0-rc.1", None),
            (
                "wasi:config/store@0.2.0-draft",
                Some("provides `wasi:config/store@0.2.0-rc.1`"),
            ),
        ] {
            let problem = import_problem(&InterfaceName::new(name), &[]);
            assert_eq!(problem.is_some(), expected.is_some(), "{name}");
            assert!(
                problem
                    .unwrap_or_default()
                    .contains(expected.unwrap_or_default()),
                "{name}"
            );
        }
    }
}
