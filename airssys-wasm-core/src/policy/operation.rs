//! Operations that a component attempts, in canonical form.
//!
//! The code that creates an operation must canonicalize its target: a path without `.`, `..` and
//! doubled slashes, a name in lower case, a URL read by [`HttpTarget`].
//! Tests: in this file, `airssys-wasm-core/src/policy/decide.rs`.

use core::net::{IpAddr, SocketAddr};
use std::fmt;

use super::{HttpHost, HttpTarget};
use crate::capability::{SpecialFile, escape_for_message};

/// An operation that a component attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// An operation on a file or directory.
    File {
        /// The kind of access.
        access: FileAccess,
        /// The absolute path, as the component sees it.
        path: String,
    },
    /// An operation on a special file, discovered after the same operation as a `File` was allowed,
    /// and then checked again.
    SpecialFile {
        /// The kind of access.
        access: FileAccess,
        /// The absolute path, as the component sees it.
        path: String,
        /// The special properties of the file.
        special: SpecialFile,
    },
    /// Send an HTTP request.
    Http {
        /// The request.
        target: HttpTarget,
        /// The addresses the host name resolved to; empty before it is resolved.
        addresses: Vec<IpAddr>,
    },
    /// An operation on a socket.
    Socket {
        /// The kind of access.
        access: SocketAccess,
        /// The remote address; the local address for bind and listen operations.
        address: SocketAddr,
        /// The names that were resolved to this address for this instance.
        names: Vec<String>,
    },
    /// Look up the addresses of a name.
    Lookup {
        /// The name, in lower case without a trailing dot.
        name: String,
    },
    /// Read or use a named thing.
    Named {
        /// The kind of the thing.
        kind: crate::CapabilityKind,
        /// The name of the thing.
        name: String,
    },
    /// An operation defined by an embedder.
    Custom {
        /// The provider's kind.
        kind: String,
        /// The target, in the provider's words.
        target: String,
    },
}

/// The kind of access to a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileAccess {
    /// Read contents, list a directory, read a link.
    Read,
    /// Read size, times and type.
    Stat,
    /// Open a directory on the way to a permitted path.
    Traverse,
    /// Create, change, remove or rename.
    Write,
    /// Create, or write at the end.
    Append,
}

/// The kind of access to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketAccess {
    /// Create a TCP socket, before its peer is known.
    TcpOpen,
    /// Connect over TCP.
    TcpConnect,
    /// Bind a TCP socket to a local address.
    TcpBind,
    /// Listen for connections on a local address.
    TcpListen,
    /// Accept a connection.
    TcpAccept,
    /// Create a UDP socket, before its peer is known.
    UdpOpen,
    /// Bind a UDP socket to a local address.
    UdpBind,
    /// Send a datagram.
    UdpSend,
    /// Receive a datagram.
    UdpReceive,
}

impl Operation {
    /// The operation as one word: `file-read`, `http`, `tcp-connect`.
    #[must_use]
    pub fn action(&self) -> &str {
        match self {
            Self::File { access, .. } | Self::SpecialFile { access, .. } => match access {
                FileAccess::Read => "file-read",
                FileAccess::Stat => "file-look",
                FileAccess::Traverse => "file-walk",
                FileAccess::Write => "file-write",
                FileAccess::Append => "file-append",
            },
            Self::Http { .. } => "http",
            Self::Socket { access, .. } => match access {
                SocketAccess::TcpOpen => "tcp-open",
                SocketAccess::TcpConnect => "tcp-connect",
                SocketAccess::TcpBind => "tcp-bind",
                SocketAccess::TcpListen => "tcp-listen",
                SocketAccess::TcpAccept => "tcp-accept",
                SocketAccess::UdpOpen => "udp-open",
                SocketAccess::UdpBind => "udp-bind",
                SocketAccess::UdpSend => "udp-send",
                SocketAccess::UdpReceive => "udp-receive",
            },
            Self::Lookup { .. } => "dns",
            Self::Named { kind, .. } => kind.as_str(),
            Self::Custom { kind, .. } => kind,
        }
    }

    /// The target, in canonical text.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::File { path, .. } | Self::SpecialFile { path, .. } => path.clone(),
            Self::Http { target, .. } => target.to_string(),
            Self::Socket { address, names, .. } => match names.first() {
                Some(name) => format!("{name}:{} ({})", address.port(), address.ip()),
                None => address.to_string(),
            },
            Self::Lookup { name } | Self::Named { name, .. } => name.clone(),
            Self::Custom { target, .. } => target.clone(),
        }
    }

    /// Returns the narrowest rule that allows this operation, with the `value` or `from` option
    /// taken from `grant`: granted instead of `grant`, it has the same effect for this operation.
    #[must_use]
    pub fn least_rule_within(&self, grant: &crate::Rule) -> Option<crate::Rule> {
        let mut rule = self.least_rule()?;
        rule.options.value.clone_from(&grant.options.value);
        if let (
            Some(from),
            Some(granted),
            Self::File { path, .. } | Self::SpecialFile { path, .. },
        ) = (
            &grant.options.host_directory,
            super::FileRule::from_rule(grant),
            self,
        ) {
            let below = path.strip_prefix(&granted.root).unwrap_or_default();
            rule.options.host_directory = Some(format!("{}{below}", from.trim_end_matches('/')));
        }
        Some(rule)
    }

    /// The target as shown in logs: control and invisible characters escaped, and truncated to the
    /// length of a line.
    #[must_use]
    pub fn escaped_target(&self) -> String {
        escape_for_message(&self.target())
    }

    /// Returns the rule that allows exactly this operation, as a suggestion for the operator.
    /// `None` if the operation follows from another grant (traversing directories, creating or
    /// accepting on a socket), or if a rule would read its name as a pattern or an address.
    #[must_use]
    pub fn least_rule(&self) -> Option<crate::Rule> {
        if self.has_pattern_name() {
            return None;
        }
        let text = match self {
            Self::File { access, path } => least_file_rule(*access, path)?,
            Self::SpecialFile {
                access,
                path,
                special,
            } => {
                format!(
                    "{}{}",
                    least_file_rule(*access, path)?,
                    special.grant_options()?
                )
            }
            Self::Http { target, addresses } => {
                let at = at_option(addresses.iter().copied());
                format!("http {}{at}", target.as_pattern())
            }
            Self::Socket {
                access,
                address,
                names,
            } => {
                let ip = crate::capability::unmap_ipv4(address.ip());
                let (host, at) = match names.first() {
                    Some(name) => (name.clone(), at_option([ip])),
                    None if ip.is_ipv6() => (format!("[{ip}]"), String::new()),
                    None => (ip.to_string(), String::new()),
                };
                match access {
                    SocketAccess::TcpConnect => format!("tcp {host}:{}{at}", address.port()),
                    SocketAccess::UdpSend => format!("udp {host}:{}{at}", address.port()),
                    SocketAccess::TcpListen | SocketAccess::TcpBind | SocketAccess::UdpBind => {
                        format!("network-inbound {host}:{}", address.port())
                    }
                    SocketAccess::TcpOpen
                    | SocketAccess::UdpOpen
                    | SocketAccess::TcpAccept
                    | SocketAccess::UdpReceive => return None,
                }
            }
            Self::Lookup { name } => format!("dns {name}"),
            Self::Named { kind, name } => {
                format!("{} {}", kind.as_str(), crate::capability::quoted(name))
            }
            Self::Custom { kind, target } if target.is_empty() => kind.clone(),
            Self::Custom { kind, target } => format!("{kind} {target}"),
        };
        let rule: crate::Rule = text.parse().ok()?;
        match self {
            // Some words have a meaning in rules, such as the time at which a grant ends.
            Self::Custom { target, .. } if rule.target() != *target => None,
            _ => Some(rule),
        }
    }

    /// Returns the reason this operation is ambiguous. The code that creates operations must
    /// prevent this; a decision would otherwise be about a different target than the one used.
    pub(super) fn ambiguity(&self) -> Option<&'static str> {
        match self {
            Self::File { path, .. } | Self::SpecialFile { path, .. } if !path.starts_with('/') => {
                Some("the path is not absolute")
            }
            Self::File { path, .. } | Self::SpecialFile { path, .. } if path.contains('\0') => {
                Some("the path contains NUL")
            }
            Self::File { path, .. } | Self::SpecialFile { path, .. }
                if path.split('/').any(|name| matches!(name, "." | "..")) =>
            {
                Some("the path contains `.` or `..`")
            }
            Self::Lookup { name } if !is_canonical(name) => Some(NOT_CANONICAL),
            Self::Socket { names, .. } if !names.iter().all(|name| is_canonical(name)) => {
                Some(NOT_CANONICAL)
            }
            Self::Http { target, .. } => match &target.host {
                HttpHost::Name(name) if !is_canonical(name) => Some(NOT_CANONICAL),
                _ => None,
            },
            _ => None,
        }
    }

    fn has_pattern_name(&self) -> bool {
        match self {
            Self::File { path: name, .. }
            | Self::SpecialFile { path: name, .. }
            | Self::Lookup { name }
            | Self::Named { name, .. } => name.contains('*'),
            Self::Socket { names, .. } => names
                .first()
                .is_some_and(|name| name.contains(['*', '[']) || name.parse::<IpAddr>().is_ok()),
            // The host of a URL never contains `*`, and the path is handled by `as_pattern`.
            Self::Http { .. } | Self::Custom { .. } => false,
        }
    }
}

fn least_file_rule(access: FileAccess, path: &str) -> Option<String> {
    let path = crate::capability::quoted(path);
    match access {
        FileAccess::Read | FileAccess::Stat => Some(format!("file-read {path}")),
        FileAccess::Write => Some(format!("file-write {path}")),
        FileAccess::Append => Some(format!("file-write {path} mode=append")),
        FileAccess::Traverse => None,
    }
}

const NOT_CANONICAL: &str = "the name is not in lower-case ASCII, or ends in a dot";

fn is_canonical(name: &str) -> bool {
    !name.ends_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
}

/// Returns the option that allows a name to resolve to addresses that are not public.
fn at_option(addresses: impl IntoIterator<Item = IpAddr>) -> String {
    let special: Vec<String> = addresses
        .into_iter()
        .map(crate::capability::unmap_ipv4)
        .filter(|address| !super::is_public(*address))
        .map(|address| address.to_string())
        .collect();
    if special.is_empty() {
        String::new()
    } else {
        format!(" at={}", special.join(","))
    }
}

impl fmt::Display for Operation {
    /// Fits on one line and is escaped: components choose the names of their files.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            self.action(),
            escape_for_message(&self.target())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Operation {
        Operation::File {
            access: FileAccess::Read,
            path: path.into(),
        }
    }

    #[test]
    fn names_are_not_suggested_as_patterns_or_options() {
        let text = |operation: Operation| operation.least_rule().map(|rule| rule.to_string());
        assert_eq!(
            text(read("/a max=1KiB")).as_deref(),
            Some("file-read \"/a max=1KiB\"")
        );
        assert_eq!(text(read("/**")), None);
        assert_eq!(
            text(Operation::Lookup {
                name: "*.com".into()
            }),
            None
        );
        assert_eq!(
            text(Operation::Named {
                kind: crate::CapabilityKind::Config,
                name: "*".into()
            }),
            None
        );
        assert_eq!(text(read("/a\u{a0}")), None);
        let custom = |target: &str| Operation::Custom {
            kind: "acme:x".into(),
            target: target.into(),
        };
        assert_eq!(text(custom("device=0")).as_deref(), Some("acme:x device=0"));
        assert_eq!(text(custom("a until=2030-01-01T00:00:00Z")), None);
        for name in ["10.0.0.1", "*.com", "[::1]", "[10.0.0.0/8]"] {
            let address = SocketAddr::from(([93, 184, 216, 34], 80));
            let names = vec![name.to_owned()];
            assert_eq!(
                text(Operation::Socket {
                    access: SocketAccess::TcpConnect,
                    address,
                    names
                }),
                None
            );
        }
    }

    #[test]
    fn is_displayed_on_one_line() {
        let shown = read("/a\u{1b}[2J\n\u{202e}b").to_string();
        assert_eq!(shown, "file-read /a\\u{1b}[2J\\u{a}\\u{202e}b");
    }
}
