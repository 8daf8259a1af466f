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
use super::fit::{Fit, Sought};
use super::fit::{Reading, name_of};
use super::operation::{FileAccess, Operation, SocketAccess};
use crate::Rule;
use crate::capability::{Scope, names_of_url};
use crate::steps::step;

/// A list of rules with their anchors.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    anchors: Vec<Anchor>,
    rules: Vec<Arc<Rule>>,
    /// Rule positions by anchor, if there are more than [`SCANNED_MAX`] rules.
    index: Option<HashMap<Anchor, Vec<usize>>>,
}

/// The number of rules up to which a scan is faster than an index.
const SCANNED_MAX: usize = 64;

/// The fixed names that an operation must contain for a rule to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Anchor {
    host: Option<Fixed>,
    path: Option<Fixed>,
}

/// A fixed name at a position, or all names up to that position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Fixed {
    place: usize,
    /// `true` if all names up to the position are fixed; `mark` is the hash of all of them then.
    is_whole: bool,
    mark: u32,
}

/// The hashes of an operation at one position.
#[derive(Clone, Copy, Debug)]
struct Mark {
    name: u32,
    /// The hash of all names up to this position.
    whole: u32,
}

/// The hashes of an operation at each position.
pub(super) struct Marks {
    /// The labels of each host name, counted from the end. `None` if a rule may match whatever its
    /// host.
    hosts: Option<Vec<Vec<Mark>>>,
    /// The names of the path. `None` if a rule may match whatever its path.
    path: Option<Vec<Mark>>,
    /// `true` if rules for longer paths may match as well.
    leads_on: bool,
    /// `true` for a URL: a deny may match although its names differ, because the path has other
    /// spellings.
    is_url: bool,
}

impl Listed {
    pub(super) fn of(rules: &BTreeSet<Rule>) -> Self {
        rules.iter().collect()
    }

    /// Returns the rules that may match.
    pub(super) fn near<'a>(
        &'a self,
        marks: &'a Marks,
        reading: Reading,
    ) -> impl Iterator<Item = &'a Arc<Rule>> {
        let found = self
            .index
            .as_ref()
            .and_then(|index| marks.look_up(index, reading, self.rules.len()));
        let scanned = found.is_none().then(|| {
            let anchors = self.anchors.iter().zip(&self.rules).inspect(|_| step(1));
            anchors
                .filter(move |(anchor, _)| marks.have(anchor, reading))
                .map(|(_, rule)| rule)
        });
        let found = found.into_iter().flatten().map(|place| &self.rules[place]);
        found.chain(scanned.into_iter().flatten())
    }
}

impl<'a> FromIterator<&'a Rule> for Listed {
    fn from_iter<I: IntoIterator<Item = &'a Rule>>(rules: I) -> Self {
        let rules: Vec<Arc<Rule>> = rules.into_iter().cloned().map(Arc::new).collect();
        let anchors: Vec<Anchor> = rules.iter().map(|rule| Anchor::of(rule)).collect();
        let index = (rules.len() > SCANNED_MAX).then(|| {
            let mut index: HashMap<Anchor, Vec<usize>> = HashMap::new();
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

impl Anchor {
    fn of(rule: &Rule) -> Self {
        let (host, path) = match &rule.scope {
            Scope::File { path, .. } => (None, fixed(path.fixed_names())),
            Scope::Http(pattern) => (
                fixed(pattern.host.fixed_labels()),
                fixed(pattern.fixed_names()),
            ),
            Scope::Network { hosts, .. } => (fixed(hosts.host.fixed_labels()), None),
            Scope::Named { pattern, .. } if !pattern.contains('*') => {
                (None, fixed(std::iter::once((0, pattern.as_str()))))
            }
            Scope::Named { .. } | Scope::Custom { .. } => (None, None),
        };
        Self { host, path }
    }
}

/// Returns the last fixed name, combined with all names before it if those are fixed as well.
fn fixed<'a>(names: impl Iterator<Item = (usize, &'a str)>) -> Option<Fixed> {
    let (mut last, mut whole, mut count) = (None, MARK_OF_NOTHING, 0);
    for (place, name) in names {
        whole = mark_after(whole, name);
        count += 1;
        last = Some((place, name));
    }
    let (place, name) = last?;
    let is_whole = place + 1 == count;
    Some(Fixed {
        place,
        is_whole,
        mark: if is_whole { whole } else { mark(name) },
    })
}

impl Marks {
    pub(super) fn of(operation: &Operation) -> Self {
        let host = |name: &str| marks(name.rsplit('.'));
        let none = Self {
            hosts: None,
            path: None,
            leads_on: false,
            is_url: false,
        };
        match operation {
            Operation::File { access, path } | Operation::SpecialFile { access, path, .. } => {
                Self {
                    path: Some(marks(path.split('/').filter(|name| !name.is_empty()))),
                    leads_on: *access == FileAccess::Walk,
                    ..none
                }
            }
            Operation::Http { target, .. } => Self {
                hosts: Some(name_of(target).into_iter().map(host).collect()),
                path: Some(marks(names_of_url(&target.path).into_iter())),
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
                path: Some(marks(std::iter::once(name.as_str()))),
                ..none
            },
        }
    }

    /// Returns the positions of the rules that may match, in order. Returns `None` if the index
    /// cannot exclude rules for this operation, or if a scan is faster.
    fn look_up(
        &self,
        index: &HashMap<Anchor, Vec<usize>>,
        reading: Reading,
        rules: usize,
    ) -> Option<Vec<usize>> {
        let says_all = self.hosts.is_some() || self.path.is_some();
        if !says_all || self.leads_on || (self.is_url && reading == Reading::Deny) {
            return None;
        }
        let hosts = with_none(self.hosts.iter().flatten());
        let path = with_none(self.path.iter());
        if hosts.len() * path.len() > rules {
            return None;
        }
        let anchors = hosts.iter().flat_map(|host| {
            path.iter().map(|path| Anchor {
                host: *host,
                path: *path,
            })
        });
        let found = anchors
            .inspect(|_| step(1))
            .filter_map(|anchor| index.get(&anchor));
        let mut places: Vec<usize> = found.flatten().copied().collect();
        places.sort_unstable();
        // Two names of a host may share a label.
        places.dedup();
        Some(places)
    }

    fn have(&self, anchor: &Anchor, reading: Reading) -> bool {
        let has_host = |fixed: Fixed, hosts: &[Vec<Mark>]| {
            hosts
                .iter()
                .any(|labels| labels.get(fixed.place).is_some_and(|mark| mark.is(fixed)))
        };
        let has_name = |fixed: Fixed, path: &[Mark]| {
            path.get(fixed.place)
                .map_or(self.leads_on, |mark| mark.is(fixed))
        };
        let host = match (anchor.host, &self.hosts) {
            (Some(fixed), Some(hosts)) => has_host(fixed, hosts),
            _ => true,
        };
        host && match (anchor.path, &self.path) {
            (Some(fixed), Some(path)) => {
                has_name(fixed, path) || (self.is_url && reading == Reading::Deny)
            }
            _ => true,
        }
    }
}

impl Mark {
    fn is(self, fixed: Fixed) -> bool {
        fixed.mark
            == if fixed.is_whole {
                self.whole
            } else {
                self.name
            }
    }
}

/// Returns all anchor parts that a rule matching these names can have, including none.
fn with_none<'a>(all: impl Iterator<Item = &'a Vec<Mark>>) -> Vec<Option<Fixed>> {
    let fixed = |(place, mark): (usize, &Mark)| {
        let name = Fixed {
            place,
            is_whole: false,
            mark: mark.name,
        };
        [
            Some(name),
            Some(Fixed {
                is_whole: true,
                mark: mark.whole,
                ..name
            }),
        ]
    };
    all.flat_map(|marks| marks.iter().enumerate().flat_map(fixed))
        .chain([None])
        .collect()
}

fn marks<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Mark> {
    let mut whole = MARK_OF_NOTHING;
    let mark = |name: &str| {
        whole = mark_after(whole, name);
        Mark {
            name: mark(name),
            whole,
        }
    };
    names.map(mark).collect()
}

const MARK_OF_NOTHING: u32 = 0x811c_9dc5;

/// Hashes a name with FNV-1a.
fn mark(name: &str) -> u32 {
    mark_after(MARK_OF_NOTHING, name)
}

/// Extends a hash by one name.
fn mark_after(before: u32, name: &str) -> u32 {
    let add = |mark: u32, byte: u8| (mark ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    // Marks the end of a name: this byte occurs in no name.
    add(name.bytes().fold(before, add), 0xff)
}

#[cfg(all(test, feature = "url"))]
mod tests {
    use super::*;
    use crate::Kind;
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
            file(FileAccess::Walk, "/"),
            http("https://h9.b.c/v1/p9"),
            http("https://a.b.c/v10/x"),
            socket(SocketAccess::TcpConnect, &["h1.b.c", "h2.b.c"]),
            socket(SocketAccess::TcpConnect, &[]),
            socket(SocketAccess::TcpOpen, &[]),
            Operation::Lookup {
                name: "h3.b.c".into(),
            },
            Operation::Named {
                kind: Kind::Config,
                name: "k4".into(),
            },
        ]
    }

    #[test]
    fn an_index_passes_over_no_rule_that_fits_and_keeps_their_order() {
        let rules = rules();
        let listed: Listed = rules.iter().collect();
        for operation in operations() {
            let (marks, sought) = (Marks::of(&operation), Sought::new(&operation));
            for reading in [Reading::Request, Reading::Grant, Reading::Deny] {
                let fits = |rule: &&Rule| sought.fit(rule, reading) != Fit::No;
                let near: Vec<&Rule> = listed
                    .near(&marks, reading)
                    .map(|rule| &**rule)
                    .filter(fits)
                    .collect();
                let all: Vec<&Rule> = rules.iter().filter(fits).collect();
                assert_eq!(near, all, "{operation:?} {reading:?}");
            }
        }
    }
}
