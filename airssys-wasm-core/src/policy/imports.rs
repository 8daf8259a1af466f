//! The kinds of capabilities that a component's imports provide.
//!
//! Tests: in this file.

use std::collections::BTreeSet;

use super::Requested;
use crate::world::World;
use crate::{Kind, Rule};

/// Interfaces, and the kinds of capabilities they provide.
const MEANS: [(&str, &[Kind]); 14] = [
    ("airssys:secrets/store", &[Kind::Secret]),
    ("wasi:clocks/monotonic-clock", &[Kind::Clock]),
    ("wasi:clocks/system-clock", &[Kind::Clock]),
    ("wasi:clocks/wall-clock", &[Kind::Clock]),
    ("wasi:config/store", &[Kind::Config]),
    (
        "wasi:filesystem/preopens",
        &[Kind::FileRead, Kind::FileWrite],
    ),
    ("wasi:http/client", &[Kind::Http]),
    ("wasi:http/outgoing-handler", &[Kind::Http]),
    ("wasi:keyvalue/store", &[Kind::Store]),
    ("wasi:messaging/producer", &[Kind::Messaging]),
    ("wasi:sockets/ip-name-lookup", &[Kind::Dns]),
    (
        "wasi:sockets/tcp",
        &[Kind::Tcp, Kind::NetworkInbound, Kind::NetworkOutbound],
    ),
    (
        "wasi:sockets/udp",
        &[Kind::Udp, Kind::NetworkInbound, Kind::NetworkOutbound],
    ),
    ("wasi:cli/environment", &[Kind::Env]),
];

/// Returns the kinds of capabilities that a component imports interfaces for. A component without a
/// list of requests counts as requesting these.
#[must_use]
pub fn kinds(world: &World) -> BTreeSet<Kind> {
    let imports = |interface: &str| {
        world
            .imports
            .interfaces
            .iter()
            .any(|import| import.name.path() == interface)
    };
    MEANS
        .iter()
        .filter(|(interface, _)| imports(interface))
        .flat_map(|(_, kinds)| *kinds)
        .copied()
        .collect()
}

/// Returns `true` if a component imports an interface for the subject of a rule, limited to the
/// kinds that every component may use: such a deny can be enforced only by not running the
/// component.
#[must_use]
pub fn imports_means_for(world: &World, rule: &Rule) -> bool {
    // WASI 0.3 renames the wall clock.
    let interfaces: &[&str] = match (rule.known_kind(), rule.target().as_str()) {
        (Some(Kind::Clock), "wall") => &["wasi:clocks/wall-clock", "wasi:clocks/system-clock"],
        (Some(Kind::Clock), _) => &["wasi:clocks/monotonic-clock"],
        (Some(Kind::Random), "secure") => &["wasi:random/random"],
        (Some(Kind::Random), _) => &["wasi:random/insecure"],
        (Some(Kind::Stdio), "stdout") => &["wasi:cli/stdout"],
        (Some(Kind::Stdio), _) => &["wasi:cli/stderr"],
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
pub fn mismatches(requested: &Requested, world: &World) -> Vec<String> {
    let Requested::These(requests) = requested else {
        return Vec::new();
    };
    let means = kinds(world);
    let without_means = requests
        .iter()
        .filter(|(rule, _)| {
            rule.known_kind()
                .is_some_and(|kind| is_served(kind) && !means.contains(&kind))
        })
        .map(|(rule, _)| {
            format!("`{rule}` is requested, but the component imports no interface to use it with")
        });
    let sockets = means.contains(&Kind::Tcp) && requests.is_empty();
    let unasked = sockets
        .then(|| "the component imports sockets, but requests nothing to use them for".to_owned());
    without_means.chain(unasked).collect()
}

/// Returns `true` for kinds with well-known interfaces; the others are reached through imports with
/// arbitrary names.
fn is_served(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Call | Kind::Llm | Kind::Messaging | Kind::Random | Kind::Stdio | Kind::Store
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Interface, InterfaceName, Side};

    fn importing(names: &[&str]) -> World {
        let interface = |name: &&str| Interface {
            name: InterfaceName::new(name),
            functions: Vec::new(),
            resources: Vec::new(),
        };
        let imports = Side {
            interfaces: names.iter().map(interface).collect(),
            functions: Vec::new(),
        };
        World {
            imports,
            ..World::default()
        }
    }

    #[test]
    fn means_are_known_in_either_wasi() {
        for (import, kind) in [
            ("wasi:http/outgoing-handler@0.2.3", Kind::Http),
            ("wasi:http/client@0.3.0", Kind::Http),
            ("wasi:clocks/wall-clock@0.2.3", Kind::Clock),
            ("wasi:clocks/system-clock@0.3.0", Kind::Clock),
        ] {
            assert_eq!(kinds(&importing(&[import])), [kind].into(), "{import}");
        }
        assert!(
            kinds(&importing(&[
                "wasi:http/types@0.3.0",
                "acme:http/client@0.3.0"
            ]))
            .is_empty()
        );
    }

    #[test]
    fn a_deny_of_a_clock_means_it_in_either_wasi() {
        let wall: Rule = "clock wall".parse().expect("a rule");
        let monotonic: Rule = "clock monotonic".parse().expect("a rule");
        for (import, is_wall) in [
            ("wasi:clocks/wall-clock@0.2.3", true),
            ("wasi:clocks/system-clock@0.3.0", true),
            ("wasi:clocks/monotonic-clock@0.3.0", false),
        ] {
            let world = importing(&[import]);
            assert_eq!(imports_means_for(&world, &wall), is_wall, "{import}");
            assert_eq!(imports_means_for(&world, &monotonic), !is_wall, "{import}");
        }
    }
}
