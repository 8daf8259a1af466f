//! Matches a rule against an operation.
//!
//! Grants and denies treat uncertainty about the target differently: a grant must match for
//! certain, whereas a deny applies if it might match.
//! Tests: in this file, `airssys-wasm-core/src/policy/decide.rs`,
//! `airssys-wasm-core/tests/reference`.

use core::net::IpAddr;

use ipnet::IpNet;

use super::address::led_to;
use super::operation::{FileAccess, Operation, SocketAccess};
use super::{HttpHost, HttpTarget, is_public};
use crate::capability::{
    HostPattern, Hosts, HttpParts, HttpPattern, Mode, Options, PathPattern, Scope, fits_name,
    names_of_url, plain, readings_of_url,
};
use crate::{Kind, Rule};

/// The result of matching a rule against an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
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
pub(super) enum Reading {
    /// As a request: addresses are not checked, they are the operator's concern.
    Request,
    Grant,
    Deny,
}

/// An operation, with derived values that matching needs, computed once.
pub(super) struct Sought<'a> {
    pub(super) operation: &'a Operation,
    /// The names of the path.
    names: Vec<&'a str>,
    /// The names of the host.
    hosts: Vec<&'a str>,
    /// Other paths that a server might read from the URL.
    readings: Vec<String>,
    /// The addresses of the host.
    addresses: Vec<IpAddr>,
    /// Returns `true` if the words of a custom rule allow the operation, according to its provider.
    custom: &'a dyn Fn(&str) -> bool,
}

impl<'a> Sought<'a> {
    /// Custom rules allow exactly their words.
    pub(super) fn new(operation: &'a Operation) -> Self {
        Self::by_provider(operation, &|_| false)
    }

    /// Custom rules allow what their provider decides.
    pub(super) fn by_provider(operation: &'a Operation, custom: &'a dyn Fn(&str) -> bool) -> Self {
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
                HttpHost::Address(address) => vec![plain(address)],
                HttpHost::Name(_) => addresses.iter().copied().map(plain).collect(),
            },
            Operation::Socket { address, .. } => vec![plain(address.ip())],
            _ => Vec::new(),
        };
        let hosts = match operation {
            Operation::Http { target, .. } => name_of(target).into_iter().collect(),
            Operation::Socket { names, .. } => names.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        Self {
            operation,
            names,
            hosts,
            readings,
            addresses,
            custom,
        }
    }

    /// Matches a rule in the given role.
    pub(super) fn fit(&self, rule: &Rule, reading: Reading) -> Fit {
        match (self.operation, &rule.scope) {
            (Operation::File { access, .. }, Scope::File { kind, path }) => {
                self.file(*access, *kind, path, &rule.options, reading)
            }
            (
                Operation::SpecialFile {
                    access, special, ..
                },
                Scope::File { kind, path },
            ) => match self.file(*access, *kind, path, &rule.options, reading) {
                Fit::Yes if reading == Reading::Grant && !rule.options.special.name(special) => {
                    Fit::Special
                }
                fit => fit,
            },
            (Operation::Http { target, .. }, Scope::Http(pattern)) => {
                // Checked first: rules differ in their hosts more often than in anything else.
                match self.host(&pattern.host, &rule.options, reading) {
                    Fit::No => Fit::No,
                    fit if self.fits_but_for_host(target, pattern, reading) => fit,
                    _ => Fit::No,
                }
            }
            (
                Operation::Http { target, .. },
                Scope::Network {
                    kind: Kind::NetworkOutbound,
                    hosts,
                },
            ) => self.outbound(hosts, target.port, &rule.options, reading),
            (
                Operation::Socket {
                    access, address, ..
                },
                Scope::Network { kind, hosts },
            ) => self.socket(
                *access,
                address.port(),
                *kind,
                hosts,
                &rule.options,
                reading,
            ),
            (Operation::Lookup { name }, Scope::Network { kind, hosts }) => {
                let looks_up = match reading {
                    Reading::Deny => matches!(kind, Kind::Dns | Kind::NetworkOutbound),
                    _ => *kind != Kind::NetworkInbound,
                };
                if looks_up && hosts.host.matches_name(name) {
                    Fit::Yes
                } else {
                    Fit::No
                }
            }
            (Operation::Named { kind, name }, Scope::Named { kind: of, pattern }) => {
                if kind == of && fits_name(pattern, name) {
                    Fit::Yes
                } else {
                    Fit::No
                }
            }
            (Operation::Custom { kind, target }, Scope::Custom { kind: of, .. }) => {
                let words = rule.target();
                let fits = kind == of && (words == *target || (self.custom)(&words));
                if fits { Fit::Yes } else { Fit::No }
            }
            _ => Fit::No,
        }
    }

    fn file(
        &self,
        access: FileAccess,
        kind: Kind,
        path: &PathPattern,
        options: &Options,
        reading: Reading,
    ) -> Fit {
        let on_the_way = || {
            access == FileAccess::Walk && reading != Reading::Deny && path.leads_from(&self.names)
        };
        let fits = fits_access(access, kind, options.mode, reading)
            && (path.matches(&self.names) || on_the_way());
        if fits { Fit::Yes } else { Fit::No }
    }

    fn fits_but_for_host(
        &self,
        target: &HttpTarget,
        pattern: &HttpPattern,
        reading: Reading,
    ) -> bool {
        let parts = HttpParts {
            method: &target.method,
            is_tls: target.is_tls,
            port: target.port,
            names: &self.names,
            readings: &self.readings,
            path_is_ambiguous: target.path_is_ambiguous,
        };
        match reading {
            Reading::Deny => pattern.might_match(&parts),
            Reading::Request | Reading::Grant => pattern.matches(&parts),
        }
    }

    /// Returns `true` if a rule is about operations of this kind.
    pub(super) fn is_of_kind(&self, rule: &Rule) -> bool {
        match (self.operation, &rule.scope) {
            (
                Operation::File { access, .. } | Operation::SpecialFile { access, .. },
                Scope::File { kind, .. },
            ) => fits_access(*access, *kind, Mode::Any, Reading::Grant),
            (Operation::Http { .. }, Scope::Http(_)) => true,
            (Operation::Http { .. }, Scope::Network { kind, .. }) => *kind == Kind::NetworkOutbound,
            (Operation::Socket { .. } | Operation::Lookup { .. }, Scope::Network { .. }) => true,
            (Operation::Named { kind, .. }, Scope::Named { kind: of, .. }) => kind == of,
            (Operation::Custom { kind, .. }, Scope::Custom { kind: of, .. }) => kind == of,
            _ => false,
        }
    }

    fn socket(
        &self,
        access: SocketAccess,
        port: u16,
        kind: Kind,
        hosts: &Hosts,
        options: &Options,
        reading: Reading,
    ) -> Fit {
        let from_anywhere = port == 0 && self.addresses.iter().all(IpAddr::is_unspecified);
        match (access, kind) {
            (SocketAccess::TcpConnect, Kind::Tcp | Kind::NetworkOutbound)
            | (
                SocketAccess::UdpSend | SocketAccess::UdpReceive,
                Kind::Udp | Kind::NetworkOutbound,
            ) => self.outbound(hosts, port, options, reading),
            (SocketAccess::TcpOpen, Kind::Tcp | Kind::NetworkOutbound | Kind::NetworkInbound)
            | (SocketAccess::UdpOpen, Kind::Udp | Kind::NetworkOutbound | Kind::NetworkInbound)
                if reading != Reading::Deny =>
            {
                Fit::Yes
            }
            // A socket that connects or sends has a local address that the system chose.
            (SocketAccess::TcpBind, Kind::Tcp | Kind::NetworkOutbound)
            | (SocketAccess::UdpBind, Kind::Udp | Kind::NetworkOutbound)
                if from_anywhere && reading != Reading::Deny =>
            {
                Fit::Yes
            }
            (
                SocketAccess::TcpBind | SocketAccess::TcpListen | SocketAccess::UdpBind,
                Kind::NetworkInbound,
            ) => {
                let has = |at: &IpAddr| match reading {
                    Reading::Deny => might_be(&hosts.host, *at),
                    Reading::Request | Reading::Grant => hosts.host.has_address(*at),
                };
                if hosts.ports.has(port) && self.addresses.iter().all(has) {
                    Fit::Yes
                } else {
                    Fit::No
                }
            }
            // Permission to listen includes accepting from any peer that is not denied.
            (SocketAccess::TcpAccept | SocketAccess::UdpReceive, Kind::NetworkInbound) => {
                let named = || {
                    !hosts.host.is_any()
                        && self.addresses.iter().any(|at| might_be(&hosts.host, *at))
                };
                if reading != Reading::Deny || named() {
                    Fit::Yes
                } else {
                    Fit::No
                }
            }
            _ => Fit::No,
        }
    }

    fn outbound(&self, hosts: &Hosts, port: u16, options: &Options, reading: Reading) -> Fit {
        if hosts.ports.has(port) {
            self.host(&hosts.host, options, reading)
        } else {
            Fit::No
        }
    }

    /// Matches the host by name, in which case every address it resolves to is checked, or by
    /// address.
    fn host(&self, pattern: &HostPattern, options: &Options, reading: Reading) -> Fit {
        let by_name = self.hosts.iter().any(|name| pattern.matches_name(name));
        let by_address =
            self.hosts.is_empty() || matches!(self.operation, Operation::Socket { .. });
        let fits = match reading {
            Reading::Deny => by_name || self.addresses.iter().any(|at| might_be(pattern, *at)),
            Reading::Request => {
                by_name || (by_address && self.addresses.iter().any(|at| pattern.has_address(*at)))
            }
            Reading::Grant if by_address && self.is_named_by(pattern) => true,
            Reading::Grant if by_name || (by_address && pattern.is_any()) => {
                return reachable(&self.addresses, &options.at);
            }
            Reading::Grant => false,
        };
        if fits { Fit::Yes } else { Fit::No }
    }

    fn is_named_by(&self, pattern: &HostPattern) -> bool {
        !self.addresses.is_empty() && self.addresses.iter().all(|at| pattern.names_address(*at))
    }
}

/// Checks that every address is public or in a named network.
fn reachable(addresses: &[IpAddr], named: &[IpNet]) -> Fit {
    let blocked = |address: &&IpAddr| {
        !is_public(**address) && !named.iter().any(|network| network.contains(*address))
    };
    addresses
        .iter()
        .find(blocked)
        .map_or(Fit::Yes, |address| Fit::Blocked(*address))
}

fn fits_access(access: FileAccess, kind: Kind, mode: Mode, reading: Reading) -> bool {
    match (access, kind) {
        (FileAccess::Read, Kind::FileRead) | (FileAccess::Append, Kind::FileWrite) => true,
        (FileAccess::Write, Kind::FileWrite) => mode == Mode::Any || reading == Reading::Deny,
        (FileAccess::Look | FileAccess::Walk, Kind::FileRead) => true,
        (FileAccess::Look | FileAccess::Walk, Kind::FileWrite) => reading != Reading::Deny,
        _ => false,
    }
}

/// Returns `true` if a pattern may contain an address, or the address embedded in it. The
/// unspecified address may be any address of the machine.
fn might_be(pattern: &HostPattern, address: IpAddr) -> bool {
    let inner = match address {
        IpAddr::V6(address) => led_to(address).map(IpAddr::V4),
        IpAddr::V4(_) => None,
    };
    let is_any = address.is_unspecified() && matches!(pattern, HostPattern::Network(_));
    is_any || pattern.has_address(address) || inner.is_some_and(|inner| pattern.has_address(inner))
}

pub(super) fn name_of(target: &HttpTarget) -> Option<&str> {
    match &target.host {
        HttpHost::Name(name) => Some(name),
        HttpHost::Address(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, Requested};

    fn may(grants: &str, access: SocketAccess, address: &str) -> bool {
        let policy = Policy::of(Requested::Anything, grants.parse().expect(grants));
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
    fn a_deny_sees_through_the_clothes_of_an_address() {
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
