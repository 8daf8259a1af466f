//! Checks which imports have a provider, and describes those that have none.
//!
//! Tests: in this file, `tests/suite/bad_input.rs`.

use airssys_wasm_core::suggest::nearest;
use airssys_wasm_core::world::{Interface, InterfaceName, World};

use crate::capability::{LinkedProvider, Providers, provides, provides_function};

/// The WASI version whose interfaces are provided.
const WASI_VERSION: &str = "0.2.12";

/// The provided interfaces of WASI 0.3: those that HTTP services may import.
#[cfg(feature = "http")]
const PROVIDED_0_3: [&str; 12] = [
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/types",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/system-clock",
    "wasi:clocks/types",
    "wasi:http/client",
    "wasi:http/types",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];
#[cfg(not(feature = "http"))]
const PROVIDED_0_3: [&str; 0] = [];

/// Interfaces that are provided in exactly one version, because their standards are not final.
const PROVIDED_DRAFTS: [&str; 3] = [
    "airssys:secrets/store@0.1.0",
    "wasi:config/store@0.2.0-rc.1",
    "wasi:logging/logging@0.1.0-draft",
];

/// The provided interfaces of WASI 0.2.
const PROVIDED: [&str; 29] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

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
    let told = |name| {
        format!(
            "`{name}` is imported at world level, but this host does not provide it: only the \
             program that embeds the host can provide it, because other components are linked by \
             interface"
        )
    };
    missing.map(|function| told(&function.name)).collect()
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
    if embedded.iter().any(|provided| provided.is_compatible(name))
        || PROVIDED_DRAFTS.contains(&name.to_string().as_str())
    {
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
    if let Some(draft) = PROVIDED_DRAFTS
        .iter()
        .find(|draft| draft.split('@').next() == Some(name.path()))
    {
        return Some(format!("`{name}`: this host provides `{draft}`"));
    }
    let provided = PROVIDED.contains(&name.path());
    match name.version() {
        Some(version) if provided && (version.major, version.minor) == (0, 2) => None,
        Some(version)
            if PROVIDED_0_3.contains(&name.path()) && (version.major, version.minor) == (0, 3) =>
        {
            None
        }
        version
            if name.path().starts_with("wasi:")
                && version.is_none_or(|v| (v.major, v.minor) != (0, 2)) =>
        {
            Some(format!(
                "`{name}`: unsupported WASI version; this host provides WASI 0.2 up to {WASI_VERSION}, and of 0.3 \
                 the imports of the world `wasi:http/service`"
            ))
        }
        _ => Some(match nearest(name.path(), PROVIDED) {
            Some(near) => {
                format!("`{name}`: the nearest provided interface is `{near}@{WASI_VERSION}`")
            }
            None if embedded.is_empty() => {
                format!("`{name}`: this host provides WASI {WASI_VERSION} and nothing else")
            }
            None => {
                let names: Vec<String> = embedded.iter().map(|name| format!("`{name}`")).collect();
                format!(
                    "`{name}`: this host provides WASI {WASI_VERSION}, {}",
                    names.join(", ")
                )
            }
        }),
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
