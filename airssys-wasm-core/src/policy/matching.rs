//! Matches a rule against an operation.
//!
//! Grants and denies treat uncertainty about the target differently: a grant must match for
//! certain, whereas a deny applies if it might match.
//! Tests: in this file, `airssys-wasm-core/src/policy/decide.rs`,
//! `airssys-wasm-core/tests/reference`.

use core::net::IpAddr;

use ipnet::IpNet;

use super::address::embedded_ipv4;
use super::operation::{FileAccess, Operation, SocketAccess};
use super::{HttpHost, HttpTarget, is_public};
use crate::capability::{
    HostPattern, HostPorts, HttpPattern, PathPattern, RequestParts, RuleOptions, Scope, WriteMode,
    fits_name, names_of_url, readings_of_url, unmap_ipv4,
};
use crate::{CapabilityKind, Rule};

/// The result of matching a rule against an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleMatch {
    No,
    Yes,
    /// The rule matches, except that this address is not public and the rule does not name its
    /// network.
    Blocked(IpAddr),
    /// The rule matches, except that the file is special and the rule does not name that.
    Special,
}

/// The role in which a rule is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleRole {
    /// As a request: addresses are not checked, they are the operator's concern.
    Request,
    Grant,
    Deny,
}

/// An operation, with derived values that matching needs, computed once.
pub(super) struct MatchQuery<'a> {
    pub(super) operation: &'a Operation,
    /// The names of the path.
    path_names: Vec<&'a str>,
    /// The names of the host.
    hosts: Vec<&'a str>,
    /// Other paths that a server might read from the URL.
    alternative_paths: Vec<String>,
    /// The addresses of the host.
    addresses: Vec<IpAddr>,
    /// Returns `true` if the words of a custom rule allow the operation, according to its provider.
    custom_allows: &'a dyn Fn(&str) -> bool,
}

impl<'a> MatchQuery<'a> {
    /// Custom rules allow exactly their words.
    pub(super) fn new(operation: &'a Operation) -> Self {
        Self::with_provider(operation, &|_| false)
    }

    /// Custom rules allow what their provider decides.
    pub(super) fn with_provider(
        operation: &'a Operation,
        custom: &'a dyn Fn(&str) -> bool,
    ) -> Self {
        let names = match operation {
            Operation::File { path, .. } | Operation::SpecialFile { path, .. } => {
                path.split('/').filter(|name| !name.is_empty()).collect()
            }
            Operation::Http { target, .. } => names_of_url(&target.path),
            _ => Vec::new(),
        };
        let readings = match operation {
            Operation::Http { target, .. } => readings_of_url(&target.path),
            _ => Vec::new(),
        };
        let addresses = match operation {
            Operation::Http { target, addresses } => match target.host {
                HttpHost::Address(address) => vec![unmap_ipv4(address)],
                HttpHost::Name(_) => addresses.iter().copied().map(unmap_ipv4).collect(),
            },
            Operation::Socket { address, .. } => vec![unmap_ipv4(address.ip())],
            _ => Vec::new(),
        };
        let hosts = match operation {
            Operation::Http { target, .. } => host_name(target).into_iter().collect(),
            Operation::Socket { names, .. } => names.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        Self {
            operation,
            path_names: names,
            hosts,
            alternative_paths: readings,
            addresses,
            custom_allows: custom,
        }
    }

    /// Matches a rule in the given role.
    pub(super) fn match_rule(&self, rule: &Rule, reading: RuleRole) -> RuleMatch {
        match (self.operation, &rule.scope) {
            (Operation::File { access, .. }, Scope::File { kind, path }) => {
                self.match_file(*access, *kind, path, &rule.options, reading)
            }
            (
                Operation::SpecialFile {
                    access, special, ..
                },
                Scope::File { kind, path },
            ) => match self.match_file(*access, *kind, path, &rule.options, reading) {
                RuleMatch::Yes
                    if reading == RuleRole::Grant && !rule.options.special.allows(special) =>
                {
                    RuleMatch::Special
                }
                fit => fit,
            },
            (Operation::Http { target, .. }, Scope::Http(pattern)) => {
                // Checked first: rules differ in their hosts more often than in anything else.
                match self.match_host(&pattern.host, &rule.options, reading) {
                    RuleMatch::No => RuleMatch::No,
                    fit if self.matches_except_host(target, pattern, reading) => fit,
                    _ => RuleMatch::No,
                }
            }
            (
                Operation::Http { target, .. },
                Scope::Network {
                    kind: CapabilityKind::NetworkOutbound,
                    hosts,
                },
            ) => self.match_outbound(hosts, target.port, &rule.options, reading),
            (
                Operation::Socket {
                    access, address, ..
                },
                Scope::Network { kind, hosts },
            ) => self.match_socket(
                *access,
                address.port(),
                *kind,
                hosts,
                &rule.options,
                reading,
            ),
            (Operation::Lookup { name }, Scope::Network { kind, hosts }) => {
                match_lookup(name, *kind, hosts, reading)
            }
            (Operation::Named { kind, name }, Scope::Named { kind: of, pattern }) => {
                if kind == of && fits_name(pattern, name) {
                    RuleMatch::Yes
                } else {
                    RuleMatch::No
                }
            }
            (Operation::Custom { kind, target }, Scope::Custom { kind: of, .. }) => {
                let words = rule.target();
                let fits = kind == of && (words == *target || (self.custom_allows)(&words));
                if fits { RuleMatch::Yes } else { RuleMatch::No }
            }
            _ => RuleMatch::No,
        }
    }

    fn match_file(
        &self,
        access: FileAccess,
        kind: CapabilityKind,
        path: &PathPattern,
        options: &RuleOptions,
        reading: RuleRole,
    ) -> RuleMatch {
        let on_the_way = || {
            access == FileAccess::Traverse
                && reading != RuleRole::Deny
                && path.may_match_below(&self.path_names)
        };
        let fits = access_matches(access, kind, options.mode, reading)
            && (path.matches(&self.path_names) || on_the_way());
        if fits { RuleMatch::Yes } else { RuleMatch::No }
    }

    fn matches_except_host(
        &self,
        target: &HttpTarget,
        pattern: &HttpPattern,
        reading: RuleRole,
    ) -> bool {
        let parts = RequestParts {
            method: &target.method,
            is_tls: target.is_tls,
            port: target.port,
            segments: &self.path_names,
            alternative_paths: &self.alternative_paths,
            path_is_ambiguous: target.path_is_ambiguous,
        };
        match reading {
            RuleRole::Deny => pattern.might_match(&parts),
            RuleRole::Request | RuleRole::Grant => pattern.matches(&parts),
        }
    }

    /// Returns `true` if a rule is about operations of this kind.
    pub(super) fn is_of_kind(&self, rule: &Rule) -> bool {
        match (self.operation, &rule.scope) {
            (
                Operation::File { access, .. } | Operation::SpecialFile { access, .. },
                Scope::File { kind, .. },
            ) => access_matches(*access, *kind, WriteMode::Any, RuleRole::Grant),
            (Operation::Http { .. }, Scope::Http(_)) => true,
            (Operation::Http { .. }, Scope::Network { kind, .. }) => {
                *kind == CapabilityKind::NetworkOutbound
            }
            (Operation::Socket { .. } | Operation::Lookup { .. }, Scope::Network { .. }) => true,
            (Operation::Named { kind, .. }, Scope::Named { kind: of, .. }) => kind == of,
            (Operation::Custom { kind, .. }, Scope::Custom { kind: of, .. }) => kind == of,
            _ => false,
        }
    }

    fn match_socket(
        &self,
        access: SocketAccess,
        port: u16,
        kind: CapabilityKind,
        hosts: &HostPorts,
        options: &RuleOptions,
        reading: RuleRole,
    ) -> RuleMatch {
        let from_anywhere = port == 0 && self.addresses.iter().all(IpAddr::is_unspecified);
        match (access, kind) {
            (SocketAccess::TcpConnect, CapabilityKind::Tcp | CapabilityKind::NetworkOutbound)
            | (
                SocketAccess::UdpSend | SocketAccess::UdpReceive,
                CapabilityKind::Udp | CapabilityKind::NetworkOutbound,
            ) => self.match_outbound(hosts, port, options, reading),
            (
                SocketAccess::TcpOpen,
                CapabilityKind::Tcp
                | CapabilityKind::NetworkOutbound
                | CapabilityKind::NetworkInbound,
            )
            | (
                SocketAccess::UdpOpen,
                CapabilityKind::Udp
                | CapabilityKind::NetworkOutbound
                | CapabilityKind::NetworkInbound,
            ) if reading != RuleRole::Deny => RuleMatch::Yes,
            // A socket that connects or sends has a local address that the system chose.
            (SocketAccess::TcpBind, CapabilityKind::Tcp | CapabilityKind::NetworkOutbound)
            | (SocketAccess::UdpBind, CapabilityKind::Udp | CapabilityKind::NetworkOutbound)
                if from_anywhere && reading != RuleRole::Deny =>
            {
                RuleMatch::Yes
            }
            (
                SocketAccess::TcpBind | SocketAccess::TcpListen | SocketAccess::UdpBind,
                CapabilityKind::NetworkInbound,
            ) => {
                let has = |at: &IpAddr| match reading {
                    RuleRole::Deny => may_contain(&hosts.host, *at),
                    RuleRole::Request | RuleRole::Grant => hosts.host.contains_address(*at),
                };
                if hosts.ports.contains(port) && self.addresses.iter().all(has) {
                    RuleMatch::Yes
                } else {
                    RuleMatch::No
                }
            }
            // Permission to listen includes accepting from any peer that is not denied.
            (
                SocketAccess::TcpAccept | SocketAccess::UdpReceive,
                CapabilityKind::NetworkInbound,
            ) => {
                let named = || {
                    !hosts.host.is_any()
                        && self
                            .addresses
                            .iter()
                            .any(|at| may_contain(&hosts.host, *at))
                };
                if reading != RuleRole::Deny || named() {
                    RuleMatch::Yes
                } else {
                    RuleMatch::No
                }
            }
            _ => RuleMatch::No,
        }
    }

    fn match_outbound(
        &self,
        hosts: &HostPorts,
        port: u16,
        options: &RuleOptions,
        reading: RuleRole,
    ) -> RuleMatch {
        if hosts.ports.contains(port) {
            self.match_host(&hosts.host, options, reading)
        } else {
            RuleMatch::No
        }
    }

    /// Matches the host by name, in which case every address it resolves to is checked, or by
    /// address.
    fn match_host(
        &self,
        pattern: &HostPattern,
        options: &RuleOptions,
        reading: RuleRole,
    ) -> RuleMatch {
        let by_name = self.hosts.iter().any(|name| pattern.matches_name(name));
        let by_address =
            self.hosts.is_empty() || matches!(self.operation, Operation::Socket { .. });
        let fits = match reading {
            RuleRole::Deny => by_name || self.addresses.iter().any(|at| may_contain(pattern, *at)),
            RuleRole::Request => {
                by_name
                    || (by_address
                        && self
                            .addresses
                            .iter()
                            .any(|at| pattern.contains_address(*at)))
            }
            RuleRole::Grant if by_address && self.is_named_by(pattern) => true,
            RuleRole::Grant if by_name || (by_address && pattern.is_any()) => {
                return match_addresses(&self.addresses, &options.extra_networks);
            }
            RuleRole::Grant => false,
        };
        if fits { RuleMatch::Yes } else { RuleMatch::No }
    }

    fn is_named_by(&self, pattern: &HostPattern) -> bool {
        !self.addresses.is_empty()
            && self
                .addresses
                .iter()
                .all(|at| pattern.network_contains(*at))
    }
}

/// Checks that every address is public or in a named network.
fn match_addresses(addresses: &[IpAddr], named: &[IpNet]) -> RuleMatch {
    let blocked = |address: &&IpAddr| {
        !is_public(**address) && !named.iter().any(|network| network.contains(*address))
    };
    addresses
        .iter()
        .find(blocked)
        .map_or(RuleMatch::Yes, |address| RuleMatch::Blocked(*address))
}

/// Matches a lookup: a grant of any outgoing access to a host includes its name, and a deny only
/// that of the kinds that name it.
fn match_lookup(
    name: &str,
    kind: CapabilityKind,
    hosts: &HostPorts,
    reading: RuleRole,
) -> RuleMatch {
    let looks_up = match reading {
        RuleRole::Deny => matches!(kind, CapabilityKind::Dns | CapabilityKind::NetworkOutbound),
        _ => kind != CapabilityKind::NetworkInbound,
    };
    if looks_up && hosts.host.matches_name(name) {
        RuleMatch::Yes
    } else {
        RuleMatch::No
    }
}

fn access_matches(
    access: FileAccess,
    kind: CapabilityKind,
    mode: WriteMode,
    reading: RuleRole,
) -> bool {
    match (access, kind) {
        (FileAccess::Read, CapabilityKind::FileRead)
        | (FileAccess::Append, CapabilityKind::FileWrite) => true,
        (FileAccess::Write, CapabilityKind::FileWrite) => {
            mode == WriteMode::Any || reading == RuleRole::Deny
        }
        (FileAccess::Stat | FileAccess::Traverse, CapabilityKind::FileRead) => true,
        (FileAccess::Stat | FileAccess::Traverse, CapabilityKind::FileWrite) => {
            reading != RuleRole::Deny
        }
        _ => false,
    }
}

/// Returns `true` if a pattern may contain an address, or the address embedded in it. The
/// unspecified address may be any address of the machine.
fn may_contain(pattern: &HostPattern, address: IpAddr) -> bool {
    let inner = match address {
        IpAddr::V6(address) => embedded_ipv4(address).map(IpAddr::V4),
        IpAddr::V4(_) => None,
    };
    let is_any = address.is_unspecified() && matches!(pattern, HostPattern::Network(_));
    is_any
        || pattern.contains_address(address)
        || inner.is_some_and(|inner| pattern.contains_address(inner))
}

pub(super) fn host_name(target: &HttpTarget) -> Option<&str> {
    match &target.host {
        HttpHost::Name(name) => Some(name),
        HttpHost::Address(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, RequestedCapabilities};

    fn may(grants: &str, access: SocketAccess, address: &str) -> bool {
        let policy = Policy::with_requested(
            RequestedCapabilities::Unlisted,
            grants.parse().expect(grants),
        );
        let address = address.parse().expect(address);
        policy
            .decide(
                &Operation::Socket {
                    access,
                    address,
                    names: Vec::new(),
                },
                0,
            )
            .is_allowed()
    }

    #[test]
    fn a_deny_matches_embedded_addresses() {
        let grants = "tcp **:443\ndeny tcp 93.184.216.34:443";
        assert!(may(grants, SocketAccess::TcpConnect, "93.184.216.35:443"));
        for address in [
            "93.184.216.34",
            "[::ffff:93.184.216.34]",
            "[64:ff9b::5db8:d822]",
            "[2002:5db8:d822::]",
        ] {
            assert!(
                !may(grants, SocketAccess::TcpConnect, &format!("{address}:443")),
                "{address}"
            );
        }
    }

    #[test]
    fn the_unspecified_address_is_every_address_of_the_machine() {
        let grants = "network-inbound **:8080\ndeny network-inbound 10.0.0.1";
        assert!(may(grants, SocketAccess::TcpListen, "10.0.0.2:8080"));
        assert!(!may(grants, SocketAccess::TcpListen, "0.0.0.0:8080"));
        assert!(!may(grants, SocketAccess::UdpBind, "[::]:8080"));
        let loopback = "tcp 0.0.0.0/0:80\ndeny tcp 127.0.0.0/8:*";
        assert!(!may(loopback, SocketAccess::TcpConnect, "0.0.0.0:80"));
    }
}
