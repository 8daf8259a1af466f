//! The kinds of capabilities that a component's imports provide.
//!
//! Tests: in this file.

use std::collections::BTreeSet;

use super::RequestedCapabilities;
use crate::interfaces::known_interface;
use crate::world::World;
use crate::{CapabilityKind, Rule};

/// Returns the kinds of capabilities that a component imports interfaces for. A component without a
/// list of requests counts as requesting these.
#[must_use]
pub fn imported_kinds(world: &World) -> BTreeSet<CapabilityKind> {
    let imports = world.imports.interfaces.iter();
    let known = imports.filter_map(|import| known_interface(import.name.path()));
    known
        .flat_map(|interface| interface.kinds)
        .copied()
        .collect()
}

/// Returns `true` if a component imports an interface for the subject of a rule, limited to the
/// kinds that every component may use: such a deny can be enforced only by not running the
/// component.
#[must_use]
pub fn imports_interface_for(world: &World, rule: &Rule) -> bool {
    // WASI 0.3 renames the wall clock.
    let interfaces: &[&str] = match (rule.known_kind(), rule.target().as_str()) {
        (Some(CapabilityKind::Clock), "wall") => {
            &["wasi:clocks/wall-clock", "wasi:clocks/system-clock"]
        }
        (Some(CapabilityKind::Clock), _) => &["wasi:clocks/monotonic-clock"],
        (Some(CapabilityKind::Random), "secure") => &["wasi:random/random"],
        (Some(CapabilityKind::Random), _) => &["wasi:random/insecure"],
        (Some(CapabilityKind::Stdio), "stdout") => &["wasi:cli/stdout"],
        (Some(CapabilityKind::Stdio), _) => &["wasi:cli/stderr"],
        _ => return false,
    };
    let mut imports = world.imports.interfaces.iter();
    imports.any(|import| {
        interfaces
            .iter()
            .any(|interface| import.name.path().starts_with(interface))
    })
}

/// Returns warnings about mismatches between requests and imports: sockets imported without any
/// request, and requests without an interface to use them with.
#[must_use]
pub fn import_mismatches(requested: &RequestedCapabilities, world: &World) -> Vec<String> {
    let RequestedCapabilities::Listed(requests) = requested else {
        return Vec::new();
    };
    let means = imported_kinds(world);
    let without_means = requests
        .iter()
        .filter(|(rule, _)| {
            rule.known_kind()
                .is_some_and(|kind| has_known_interface(kind) && !means.contains(&kind))
        })
        .map(|(rule, _)| {
            format!("`{rule}` is requested, but the component imports no interface to use it with")
        });
    let sockets = means.contains(&CapabilityKind::Tcp) && requests.is_empty();
    let unasked = sockets
        .then(|| "the component imports sockets, but requests nothing to use them for".to_owned());
    without_means.chain(unasked).collect()
}

/// Returns `true` for kinds with well-known interfaces; the others are reached through imports with
/// arbitrary names.
fn has_known_interface(kind: CapabilityKind) -> bool {
    !matches!(
        kind,
        CapabilityKind::Call
            | CapabilityKind::Llm
            | CapabilityKind::Messaging
            | CapabilityKind::Random
            | CapabilityKind::Stdio
            | CapabilityKind::Store
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Interface, InterfaceName, WorldSide};

    fn importing(names: &[&str]) -> World {
        let interface = |name: &&str| Interface {
            name: InterfaceName::new(name),
            functions: Vec::new(),
            resources: Vec::new(),
        };
        let imports = WorldSide {
            interfaces: names.iter().map(interface).collect(),
            functions: Vec::new(),
        };
        World {
            imports,
            ..World::default()
        }
    }

    #[test]
    fn interfaces_of_both_wasi_versions_are_known() {
        for (import, kind) in [
            ("wasi:http/outgoing-handler@0.2.3", CapabilityKind::Http),
            ("wasi:http/client@0.3.0", CapabilityKind::Http),
            ("wasi:clocks/wall-clock@0.2.3", CapabilityKind::Clock),
            ("wasi:clocks/system-clock@0.3.0", CapabilityKind::Clock),
        ] {
            assert_eq!(
                imported_kinds(&importing(&[import])),
                [kind].into(),
                "{import}"
            );
        }
        assert!(
            imported_kinds(&importing(&[
                "wasi:http/types@0.3.0",
                "acme:http/client@0.3.0"
            ]))
            .is_empty()
        );
    }

    #[test]
    fn a_clock_deny_applies_in_both_wasi_versions() {
        let wall: Rule = "clock wall".parse().expect("a rule");
        let monotonic: Rule = "clock monotonic".parse().expect("a rule");
        for (import, is_wall) in [
            ("wasi:clocks/wall-clock@0.2.3", true),
            ("wasi:clocks/system-clock@0.3.0", true),
            ("wasi:clocks/monotonic-clock@0.3.0", false),
        ] {
            let world = importing(&[import]);
            assert_eq!(imports_interface_for(&world, &wall), is_wall, "{import}");
            assert_eq!(
                imports_interface_for(&world, &monotonic),
                !is_wall,
                "{import}"
            );
        }
    }
}
