//! Rules in order, with an index that excludes most of those that cannot match.
//!
//! Each rule has an anchor: a name at a fixed position in every path, and a label at a fixed
//! position in every host, that it can match. Most rules are excluded by their anchor; the others
//! are matched in full. Names are compared by hash; a collision costs time but never changes the
//! result. Large sets are indexed by anchor, so that the cost of an operation does not grow with
//! the number of rules about other names. The reference tests would detect a rule that is skipped
//! wrongly.
//! Tests: in this file, `airssys-wasm-core/tests/reference`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

#[cfg(all(test, feature = "url"))]
use super::matching::{MatchQuery, RuleMatch};
use super::matching::{RuleRole, host_name};
use super::operation::{FileAccess, Operation, SocketAccess};
use crate::Rule;
use crate::capability::{Scope, names_of_url};
use crate::steps::count_steps;

/// A list of rules with their anchors.
#[derive(Clone, Debug, Default)]
pub(super) struct RuleIndex {
    anchors: Vec<RuleAnchor>,
    rules: Vec<Arc<Rule>>,
    /// Rule positions by anchor, if there are more than [`SCANNED_RULES_MAX`] rules.
    index: Option<HashMap<RuleAnchor, Vec<usize>>>,
}

/// The number of rules up to which a scan is faster than an index.
const SCANNED_RULES_MAX: usize = 64;

/// The fixed names that an operation must contain for a rule to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct RuleAnchor {
    host: Option<FixedName>,
    path: Option<FixedName>,
}

/// A fixed name at a position, or all names up to that position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct FixedName {
    place: usize,
    /// `true` if all names up to the position are fixed; `hash` is that of all of them then.
    is_prefix: bool,
    hash: u32,
}

/// The hashes of an operation at one position.
#[derive(Clone, Copy, Debug)]
struct NameHash {
    name: u32,
    /// The hash of all names up to this position.
    prefix: u32,
}

/// The hashes of an operation at each position.
pub(super) struct OperationHashes {
    /// The labels of each host name, counted from the end. `None` if a rule may match whatever its
    /// host.
    hosts: Option<Vec<Vec<NameHash>>>,
    /// The names of the path. `None` if a rule may match whatever its path.
    path: Option<Vec<NameHash>>,
    /// `true` if rules for longer paths may match as well.
    matches_longer_paths: bool,
    /// `true` for a URL: a deny may match although its names differ, because the path has other
    /// spellings.
    is_url: bool,
}

impl RuleIndex {
    pub(super) fn new(rules: &BTreeSet<Rule>) -> Self {
        rules.iter().collect()
    }

    /// Returns the rules that may match.
    pub(super) fn candidates<'a>(
        &'a self,
        marks: &'a OperationHashes,
        reading: RuleRole,
    ) -> impl Iterator<Item = &'a Arc<Rule>> {
        let found = self
            .index
            .as_ref()
            .and_then(|index| marks.look_up(index, reading, self.rules.len()));
        let scanned = found.is_none().then(|| {
            let anchors = self
                .anchors
                .iter()
                .zip(&self.rules)
                .inspect(|_| count_steps(1));
            anchors
                .filter(move |(anchor, _)| marks.may_match(anchor, reading))
                .map(|(_, rule)| rule)
        });
        let found = found.into_iter().flatten().map(|place| &self.rules[place]);
        found.chain(scanned.into_iter().flatten())
    }
}

impl<'a> FromIterator<&'a Rule> for RuleIndex {
    fn from_iter<I: IntoIterator<Item = &'a Rule>>(rules: I) -> Self {
        let rules: Vec<Arc<Rule>> = rules.into_iter().cloned().map(Arc::new).collect();
        let anchors: Vec<RuleAnchor> = rules
            .iter()
            .map(|rule| RuleAnchor::from_rule(rule))
            .collect();
        let index = (rules.len() > SCANNED_RULES_MAX).then(|| {
            let mut index: HashMap<RuleAnchor, Vec<usize>> = HashMap::new();
            for (place, anchor) in anchors.iter().enumerate() {
                index.entry(*anchor).or_default().push(place);
            }
            index
        });
        Self {
            anchors,
            rules,
            index,
        }
    }
}

impl RuleAnchor {
    fn from_rule(rule: &Rule) -> Self {
        let (host, path) = match &rule.scope {
            Scope::File { path, .. } => (None, last_fixed_name(path.literal_names())),
            Scope::Http(pattern) => (
                last_fixed_name(pattern.host.literal_labels()),
                last_fixed_name(pattern.fixed_names()),
            ),
            Scope::Network { hosts, .. } => (last_fixed_name(hosts.host.literal_labels()), None),
            Scope::Named { pattern, .. } if !pattern.contains('*') => (
                None,
                last_fixed_name(std::iter::once((0, pattern.as_str()))),
            ),
            Scope::Named { .. } | Scope::Custom { .. } => (None, None),
        };
        Self { host, path }
    }
}

/// Returns the last fixed name, combined with all names before it if those are fixed as well.
fn last_fixed_name<'a>(names: impl Iterator<Item = (usize, &'a str)>) -> Option<FixedName> {
    let (mut last, mut whole, mut count) = (None, EMPTY_HASH, 0);
    for (place, name) in names {
        whole = extend_hash(whole, name);
        count += 1;
        last = Some((place, name));
    }
    let (place, name) = last?;
    let is_whole = place + 1 == count;
    Some(FixedName {
        place,
        is_prefix: is_whole,
        hash: if is_whole { whole } else { hash_name(name) },
    })
}

impl OperationHashes {
    pub(super) fn from_operation(operation: &Operation) -> Self {
        let host = |name: &str| hash_names(name.rsplit('.'));
        let none = Self {
            hosts: None,
            path: None,
            matches_longer_paths: false,
            is_url: false,
        };
        match operation {
            Operation::File { access, path } | Operation::SpecialFile { access, path, .. } => {
                Self {
                    path: Some(hash_names(path.split('/').filter(|name| !name.is_empty()))),
                    matches_longer_paths: *access == FileAccess::Traverse,
                    ..none
                }
            }
            Operation::Http { target, .. } => Self {
                hosts: Some(host_name(target).into_iter().map(host).collect()),
                path: Some(hash_names(names_of_url(&target.path).into_iter())),
                is_url: true,
                ..none
            },
            // Permission to connect to any host includes a socket with a local address.
            Operation::Socket {
                access:
                    SocketAccess::TcpOpen
                    | SocketAccess::TcpBind
                    | SocketAccess::UdpOpen
                    | SocketAccess::UdpBind,
                ..
            }
            | Operation::Custom { .. } => none,
            Operation::Socket { names, .. } => Self {
                hosts: Some(names.iter().map(|name| host(name)).collect()),
                ..none
            },
            Operation::Lookup { name } => Self {
                hosts: Some(vec![host(name)]),
                ..none
            },
            Operation::Named { name, .. } => Self {
                path: Some(hash_names(std::iter::once(name.as_str()))),
                ..none
            },
        }
    }

    /// Returns the positions of the rules that may match, in order. Returns `None` if the index
    /// cannot exclude rules for this operation, or if a scan is faster.
    fn look_up(
        &self,
        index: &HashMap<RuleAnchor, Vec<usize>>,
        reading: RuleRole,
        rules: usize,
    ) -> Option<Vec<usize>> {
        let says_all = self.hosts.is_some() || self.path.is_some();
        if !says_all || self.matches_longer_paths || (self.is_url && reading == RuleRole::Deny) {
            return None;
        }
        let hosts = possible_fixed_names(self.hosts.iter().flatten());
        let path = possible_fixed_names(self.path.iter());
        if hosts.len() * path.len() > rules {
            return None;
        }
        let anchors = hosts.iter().flat_map(|host| {
            path.iter().map(|path| RuleAnchor {
                host: *host,
                path: *path,
            })
        });
        let found = anchors
            .inspect(|_| count_steps(1))
            .filter_map(|anchor| index.get(&anchor));
        let mut places: Vec<usize> = found.flatten().copied().collect();
        places.sort_unstable();
        // Two names of a host may share a label.
        places.dedup();
        Some(places)
    }

    fn may_match(&self, anchor: &RuleAnchor, reading: RuleRole) -> bool {
        let has_host = |fixed: FixedName, hosts: &[Vec<NameHash>]| {
            hosts.iter().any(|labels| {
                labels
                    .get(fixed.place)
                    .is_some_and(|mark| mark.matches(fixed))
            })
        };
        let has_name = |fixed: FixedName, path: &[NameHash]| {
            path.get(fixed.place)
                .map_or(self.matches_longer_paths, |mark| mark.matches(fixed))
        };
        let host = match (anchor.host, &self.hosts) {
            (Some(fixed), Some(hosts)) => has_host(fixed, hosts),
            _ => true,
        };
        host && match (anchor.path, &self.path) {
            (Some(fixed), Some(path)) => {
                has_name(fixed, path) || (self.is_url && reading == RuleRole::Deny)
            }
            _ => true,
        }
    }
}

impl NameHash {
    fn matches(self, fixed: FixedName) -> bool {
        fixed.hash
            == if fixed.is_prefix {
                self.prefix
            } else {
                self.name
            }
    }
}

/// Returns all anchor parts that a rule matching these names can have, including none.
fn possible_fixed_names<'a>(
    all: impl Iterator<Item = &'a Vec<NameHash>>,
) -> Vec<Option<FixedName>> {
    let fixed = |(place, mark): (usize, &NameHash)| {
        let name = FixedName {
            place,
            is_prefix: false,
            hash: mark.name,
        };
        [
            Some(name),
            Some(FixedName {
                is_prefix: true,
                hash: mark.prefix,
                ..name
            }),
        ]
    };
    all.flat_map(|marks| marks.iter().enumerate().flat_map(fixed))
        .chain([None])
        .collect()
}

fn hash_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<NameHash> {
    let mut whole = EMPTY_HASH;
    let mark = |name: &str| {
        whole = extend_hash(whole, name);
        NameHash {
            name: hash_name(name),
            prefix: whole,
        }
    };
    names.map(mark).collect()
}

const EMPTY_HASH: u32 = 0x811c_9dc5;

/// Hashes a name with FNV-1a.
fn hash_name(name: &str) -> u32 {
    extend_hash(EMPTY_HASH, name)
}

/// Extends a hash by one name.
fn extend_hash(before: u32, name: &str) -> u32 {
    let add = |mark: u32, byte: u8| (mark ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    // Marks the end of a name: this byte occurs in no name.
    add(name.bytes().fold(before, add), 0xff)
}

#[cfg(all(test, feature = "url"))]
mod tests {
    use super::*;
    use crate::CapabilityKind;
    use crate::policy::HttpTarget;

    /// Rules of many kinds, some of them without an anchor.
    fn rules() -> Vec<Rule> {
        let patterns = [
            "file-read /**/x",
            "http https://**",
            "config *",
            "tcp **:*",
            "env A",
            "dns **.b.c",
        ];
        let many = (0..100).flat_map(|n| {
            [
                format!("file-read /d{n}"),
                format!("file-read /*/e{n}/f"),
                format!("http https://h{n}.b.c/v1/p{n}"),
                format!("http https://a.b.c/v{n}/**"),
                format!("tcp h{n}.b.c:80"),
                format!("config k{n}"),
            ]
        });
        let texts = patterns.map(str::to_owned).into_iter().chain(many);
        texts
            .map(|text| text.parse().unwrap_or_else(|error| panic!("{error}")))
            .collect()
    }

    fn operations() -> Vec<Operation> {
        let file = |access, path: &str| Operation::File {
            access,
            path: path.into(),
        };
        let http = |url: &str| Operation::Http {
            target: HttpTarget::parse("GET", url).expect(url),
            addresses: Vec::new(),
        };
        let socket = |access, names: &[&str]| Operation::Socket {
            access,
            address: ([10, 0, 0, 1], 80).into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        vec![
            file(FileAccess::Read, "/d7/a"),
            file(FileAccess::Read, "/q/e8/f"),
            file(FileAccess::Traverse, "/"),
            http("https://h9.b.c/v1/p9"),
            http("https://a.b.c/v10/x"),
            socket(SocketAccess::TcpConnect, &["h1.b.c", "h2.b.c"]),
            socket(SocketAccess::TcpConnect, &[]),
            socket(SocketAccess::TcpOpen, &[]),
            Operation::Lookup {
                name: "h3.b.c".into(),
            },
            Operation::Named {
                kind: CapabilityKind::Config,
                name: "k4".into(),
            },
        ]
    }

    #[test]
    fn the_index_returns_all_matching_rules_in_order() {
        let rules = rules();
        let listed: RuleIndex = rules.iter().collect();
        for operation in operations() {
            let (marks, sought) = (
                OperationHashes::from_operation(&operation),
                MatchQuery::new(&operation),
            );
            for reading in [RuleRole::Request, RuleRole::Grant, RuleRole::Deny] {
                let fits = |rule: &&Rule| sought.match_rule(rule, reading) != RuleMatch::No;
                let near: Vec<&Rule> = listed
                    .candidates(&marks, reading)
                    .map(|rule| &**rule)
                    .filter(fits)
                    .collect();
                let all: Vec<&Rule> = rules.iter().filter(fits).collect();
                assert_eq!(near, all, "{operation:?} {reading:?}");
            }
        }
    }
}
