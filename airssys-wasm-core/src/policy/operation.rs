//! What a component tries to do, in canonical form.
//!
//! Whoever builds an operation has made its target canonical: a path without `.`,
//! `..` and doubled slashes, a name in lower case, a URL by one parser.
//! Tests: below, and those of `decide`.

use core::net::{IpAddr, SocketAddr};
use std::fmt;

use super::{HttpHost, HttpTarget};
use crate::capability::{Special, shown};

/// One thing that a component tries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Something with a file or directory.
    File {
        /// What.
        access: FileAccess,
        /// Absolute, as the component sees it.
        path: String,
    },
    /// Something with a file or directory that turned out not to be an ordinary one. It is
    /// asked about after the same operation on a `File` was allowed.
    SpecialFile {
        /// What.
        access: FileAccess,
        /// Absolute, as the component sees it.
        path: String,
        /// What is special about it.
        special: Special,
    },
    /// Send an HTTP request.
    Http {
        /// The request.
        target: HttpTarget,
        /// What its host's name was resolved to; none before that.
        addresses: Vec<IpAddr>,
    },
    /// Something with a socket.
    Socket {
        /// What.
        access: SocketAccess,
        /// The other end; for `Bind` and `Listen` the own one.
        address: SocketAddr,
        /// The names that this instance has been told this address for.
        names: Vec<String>,
    },
    /// Look up the addresses of a name.
    Lookup {
        /// In lower case, without a dot at its end.
        name: String,
    },
    /// Read or use something that has a name.
    Named {
        /// Which kind of thing.
        kind: crate::Kind,
        /// Its name.
        name: String,
    },
    /// What an embedder defines.
    Custom {
        /// The kind that its provider has.
        kind: String,
        /// What is tried, in the provider's words.
        target: String,
    },
}

/// What is done to a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileAccess {
    /// Read its contents, list it, read where it links to.
    Read,
    /// Ask for its size, times and type.
    Look,
    /// Open a directory on the way to something that may be used.
    Walk,
    /// Create, change, remove or rename.
    Write,
    /// Create, or write at the end.
    Append,
}

/// What is done with a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketAccess {
    /// Have a socket for TCP, wherever it will lead.
    TcpOpen,
    /// Connect over TCP.
    TcpConnect,
    /// Take a local address for TCP.
    TcpBind,
    /// Wait for connections at a local address.
    TcpListen,
    /// Take a connection from somebody.
    TcpAccept,
    /// Have a socket for UDP, wherever it will lead.
    UdpOpen,
    /// Take a local address for UDP.
    UdpBind,
    /// Send a datagram.
    UdpSend,
    /// Take a datagram from somebody.
    UdpReceive,
}

impl Operation {
    /// What is done, in a word: `file-read`, `http`, `tcp-connect`.
    #[must_use]
    pub fn action(&self) -> &str {
        match self {
            Self::File { access, .. } | Self::SpecialFile { access, .. } => match access {
                FileAccess::Read => "file-read",
                FileAccess::Look => "file-look",
                FileAccess::Walk => "file-walk",
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
            Self::Named { kind, .. } => kind.word(),
            Self::Custom { kind, .. } => kind,
        }
    }

    /// What it is done to, in canonical text.
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

    /// The least rule, and where it comes from or its value as the grant says that allowed
    /// it: granted instead of that one, it allows the same.
    #[must_use]
    pub fn least_rule_within(&self, grant: &crate::Rule) -> Option<crate::Rule> {
        let mut rule = self.least_rule()?;
        rule.options.value.clone_from(&grant.options.value);
        if let (
            Some(from),
            Some(granted),
            Self::File { path, .. } | Self::SpecialFile { path, .. },
        ) = (&grant.options.from, super::FileRule::of(grant), self)
        {
            let below = path.strip_prefix(&granted.root).unwrap_or_default();
            rule.options.from = Some(format!("{}{below}", from.trim_end_matches('/')));
        }
        Some(rule)
    }

    /// What it is done to, as a line of a record has it: control and invisible characters
    /// escaped, and not longer than a line.
    #[must_use]
    pub fn shown_target(&self) -> String {
        shown(&self.target())
    }

    /// The rule that allows this and nothing else, to show to somebody who might grant
    /// it. None where that takes another's grant: walking to a file, a bound socket.
    /// None, too, for a name that a rule would take for a pattern or an address.
    #[must_use]
    pub fn least_rule(&self) -> Option<crate::Rule> {
        if self.is_no_name() {
            return None;
        }
        let text = match self {
            Self::File { access, path } => least_file_rule(*access, path)?,
            Self::SpecialFile {
                access,
                path,
                special,
            } => {
                format!("{}{}", least_file_rule(*access, path)?, special.options()?)
            }
            Self::Http { target, addresses } => {
                let at = at(addresses.iter().copied());
                format!("http {}{at}", target.as_pattern())
            }
            Self::Socket {
                access,
                address,
                names,
            } => {
                let ip = crate::capability::plain(address.ip());
                let (host, at) = match names.first() {
                    Some(name) => (name.clone(), at([ip])),
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
                format!("{} {}", kind.word(), crate::capability::quoted(name))
            }
            Self::Custom { kind, target } if target.is_empty() => kind.clone(),
            Self::Custom { kind, target } => format!("{kind} {target}"),
        };
        let rule: crate::Rule = text.parse().ok()?;
        match self {
            // Words that say something else in a rule, as a time until which it holds.
            Self::Custom { target, .. } if rule.target() != *target => None,
            _ => Some(rule),
        }
    }

    /// Why this could be read in more than one way. Whoever built it should have seen to
    /// that; a decision about it would be one about something else.
    pub(super) fn ambiguity(&self) -> Option<&'static str> {
        match self {
            Self::File { path, .. } | Self::SpecialFile { path, .. } if !path.starts_with('/') => {
                Some("the path is not absolute")
            }
            Self::File { path, .. } | Self::SpecialFile { path, .. } if path.contains('\0') => {
                Some("the path has a NUL in it")
            }
            Self::File { path, .. } | Self::SpecialFile { path, .. }
                if path.split('/').any(|name| matches!(name, "." | "..")) =>
            {
                Some("the path has `.` or `..` in it")
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

    fn is_no_name(&self) -> bool {
        match self {
            Self::File { path: name, .. }
            | Self::SpecialFile { path: name, .. }
            | Self::Lookup { name }
            | Self::Named { name, .. } => name.contains('*'),
            Self::Socket { names, .. } => names
                .first()
                .is_some_and(|name| name.contains(['*', '[']) || name.parse::<IpAddr>().is_ok()),
            // A URL's host has none, and its path is looked at where the rule is made.
            Self::Http { .. } | Self::Custom { .. } => false,
        }
    }
}

fn least_file_rule(access: FileAccess, path: &str) -> Option<String> {
    let path = crate::capability::quoted(path);
    match access {
        FileAccess::Read | FileAccess::Look => Some(format!("file-read {path}")),
        FileAccess::Write => Some(format!("file-write {path}")),
        FileAccess::Append => Some(format!("file-write {path} mode=append")),
        FileAccess::Walk => None,
    }
}

const NOT_CANONICAL: &str = "the name is not in lower-case ASCII without a dot at its end";

fn is_canonical(name: &str) -> bool {
    !name.ends_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
}

/// The option that lets a name lead to addresses that are not public.
fn at(addresses: impl IntoIterator<Item = IpAddr>) -> String {
    let special: Vec<String> = addresses
        .into_iter()
        .map(crate::capability::plain)
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
    /// In a line: a component chooses the names of its files.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action(), shown(&self.target()))
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
    fn what_a_component_names_is_no_pattern_and_no_option() {
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
                kind: crate::Kind::Config,
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
    fn is_shown_in_a_line() {
        let shown = read("/a\u{1b}[2J\n\u{202e}b").to_string();
        assert_eq!(shown, "file-read /a\\u{1b}[2J\\u{a}\\u{202e}b");
    }
}
