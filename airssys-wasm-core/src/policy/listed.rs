//! Rules in their order, and a quick no for most of them.
//!
//! Each rule stands behind its anchor: a name that every path, and a label that every
//! host, that it can speak of has at a certain place. Most rules are told apart by
//! that; the others are looked at in full. Names are compared by a number made of
//! them: two that share one cost time and nothing else.
//! Tests: `tests/reference`, which would find a rule that is passed over.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fit::{Reading, name_of};
use super::operation::{FileAccess, Operation, SocketAccess};
use crate::Rule;
use crate::capability::{Scope, names_of_url};

/// Rules, and the anchor of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    anchors: Vec<Anchor>,
    rules: Vec<Arc<Rule>>,
}

/// What a rule asks of an operation, at the least.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    host: Option<Fixed>,
    path: Option<Fixed>,
}

/// A name at a place.
#[derive(Clone, Copy, Debug)]
struct Fixed {
    place: usize,
    mark: u32,
}

/// What an operation has at each place.
pub(super) struct Marks {
    /// Of each name that it goes to, from its end. None: a rule may fit whatever host it
    /// names.
    hosts: Option<Vec<Vec<u32>>>,
    /// None: the same for names of paths.
    path: Option<Vec<u32>>,
    /// Whether what leads on from the path may fit.
    leads_on: bool,
    /// Whether a deny may fit though it has other names: the path has other spellings.
    is_url: bool,
}

impl Listed {
    pub(super) fn of(rules: &BTreeSet<Rule>) -> Self {
        rules.iter().collect()
    }

    /// The rules that may fit.
    pub(super) fn near<'a>(
        &'a self,
        marks: &'a Marks,
        reading: Reading,
    ) -> impl Iterator<Item = &'a Arc<Rule>> {
        let anchors = self.anchors.iter().zip(&self.rules);
        anchors.filter(move |(anchor, _)| marks.have(anchor, reading)).map(|(_, rule)| rule)
    }
}

impl<'a> FromIterator<&'a Rule> for Listed {
    fn from_iter<I: IntoIterator<Item = &'a Rule>>(rules: I) -> Self {
        let rules: Vec<Arc<Rule>> = rules.into_iter().cloned().map(Arc::new).collect();
        Self { anchors: rules.iter().map(|rule| Anchor::of(rule)).collect(), rules }
    }
}

impl Anchor {
    fn of(rule: &Rule) -> Self {
        let (host, path) = match &rule.scope {
            Scope::File { path, .. } => (None, path.fixed_name()),
            Scope::Http(pattern) => (pattern.host.fixed_label(), pattern.fixed_name()),
            Scope::Network { hosts, .. } => (hosts.host.fixed_label(), None),
            Scope::Named { pattern, .. } if !pattern.contains('*') => (None, Some((0, pattern.as_str()))),
            Scope::Named { .. } | Scope::Custom { .. } => (None, None),
        };
        let fixed = |(place, name): (usize, &str)| Fixed { place, mark: mark(name) };
        Self { host: host.map(fixed), path: path.map(fixed) }
    }
}

impl Marks {
    pub(super) fn of(operation: &Operation) -> Self {
        let host = |name: &str| name.rsplit('.').map(mark).collect();
        let none = Self { hosts: None, path: None, leads_on: false, is_url: false };
        match operation {
            Operation::File { access, path } | Operation::SpecialFile { access, path, .. } => Self {
                path: Some(path.split('/').filter(|name| !name.is_empty()).map(mark).collect()),
                leads_on: *access == FileAccess::Walk,
                ..none
            },
            Operation::Http { target, .. } => Self {
                hosts: Some(name_of(target).into_iter().map(host).collect()),
                path: Some(names_of_url(&target.path).into_iter().map(mark).collect()),
                is_url: true,
                ..none
            },
            // Whoever may connect to some host may have a socket with a local address.
            Operation::Socket {
                access:
                    SocketAccess::TcpOpen | SocketAccess::TcpBind | SocketAccess::UdpOpen | SocketAccess::UdpBind,
                ..
            }
            | Operation::Custom { .. } => none,
            Operation::Socket { names, .. } => {
                Self { hosts: Some(names.iter().map(|name| host(name)).collect()), ..none }
            }
            Operation::Lookup { name } => Self { hosts: Some(vec![host(name)]), ..none },
            Operation::Named { name, .. } => Self { path: Some(vec![mark(name)]), ..none },
        }
    }

    fn have(&self, anchor: &Anchor, reading: Reading) -> bool {
        let has_host = |fixed: Fixed, hosts: &[Vec<u32>]| {
            hosts.iter().any(|labels| labels.get(fixed.place) == Some(&fixed.mark))
        };
        let has_name = |fixed: Fixed, path: &[u32]| {
            path.get(fixed.place).map_or(self.leads_on, |mark| *mark == fixed.mark)
        };
        let host = match (anchor.host, &self.hosts) {
            (Some(fixed), Some(hosts)) => has_host(fixed, hosts),
            _ => true,
        };
        host && match (anchor.path, &self.path) {
            (Some(fixed), Some(path)) => has_name(fixed, path) || (self.is_url && reading == Reading::Deny),
            _ => true,
        }
    }
}

/// A number made of a name: FNV-1a.
fn mark(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |mark, byte| (mark ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
