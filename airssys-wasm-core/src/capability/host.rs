//! Patterns of hosts: names with wildcards for labels, addresses, networks.
//!
//! Name patterns match only names, and networks match only addresses; the addresses a name resolves
//! to are checked separately. Names are expected in lower-case ASCII; callers normalize them.
//! Tests: in this file, `airssys-wasm-core/tests/reference`.

use core::net::IpAddr;
use std::fmt;

use ipnet::IpNet;

use super::error::ParseProblem;
use super::glob;

/// A pattern of hosts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum HostPattern {
    /// `**`: every name and every public address.
    Any,
    /// `*.example.com`, `**.example.com`, `db-*.example.com`.
    Wildcard(String),
    /// `api.example.com`.
    Name(String),
    /// An address or a network.
    Network(IpNet),
}

/// The DNS limit on the length of a name.
const NAME_MAX: usize = 253;

impl HostPattern {
    /// Parses a host without a port; IPv6 addresses and networks are in brackets.
    pub(super) fn parse(text: &str) -> Result<Self, ParseProblem> {
        if text == "**" {
            return Ok(Self::Any);
        }
        if text.starts_with('[') {
            return parse_bracketed(text);
        }
        if let Some(network) = parse_ipv4(text)? {
            return Ok(Self::Network(network));
        }
        check_name(text)?;
        Ok(if text.contains('*') {
            Self::Wildcard(text.into())
        } else {
            Self::Name(text.into())
        })
    }

    /// Returns `true` if the pattern matches a name in lower case without a trailing dot.
    pub(crate) fn matches_name(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Wildcard(pattern) => name_matches(pattern, name),
            Self::Name(expected) => expected == name,
            Self::Network(_) => false,
        }
    }

    /// Returns `true` if the pattern is this address or a network that contains it.
    pub(crate) fn network_contains(&self, address: IpAddr) -> bool {
        matches!(self, Self::Network(network) if network.contains(&address))
    }

    /// Like [`network_contains`](Self::network_contains), but `**` contains every address.
    pub(crate) fn contains_address(&self, address: IpAddr) -> bool {
        self.is_any() || self.network_contains(address)
    }

    /// Returns the labels without wildcards, with their positions counted from the end of the name.
    pub(crate) fn literal_labels(&self) -> impl Iterator<Item = (usize, &str)> {
        let pattern = match self {
            Self::Wildcard(pattern) | Self::Name(pattern) => Some(pattern.rsplit('.').enumerate()),
            Self::Any | Self::Network(_) => None,
        };
        pattern
            .into_iter()
            .flatten()
            .filter(|(_, label)| !label.contains('*'))
    }

    pub(crate) fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any | Self::Wildcard(_) | Self::Name(_)) => true,
            (Self::Name(wide), Self::Name(narrow)) => wide == narrow,
            (Self::Wildcard(wide), Self::Wildcard(narrow) | Self::Name(narrow)) => {
                wide == narrow || pattern_covers(wide, narrow)
            }
            (Self::Network(wide), Self::Network(narrow)) => wide.contains(narrow),
            _ => false,
        }
    }

    /// Like [`covers`](Self::covers) for a deny: `**` denies every address, although as a grant it
    /// allows only public ones.
    pub(super) fn covers_as_deny(&self, other: &Self) -> bool {
        self.is_any() || self.covers(other)
    }
}

/// Matches a name against a pattern: `*` is one label or a part of one, a leading `**` one or more
/// labels.
fn name_matches(pattern: &str, name: &str) -> bool {
    let (is_deep, pattern) = match pattern.strip_prefix("**.") {
        Some(below) => (true, below),
        None => (false, pattern),
    };
    let (mut patterns, mut labels) = (pattern.rsplit('.'), name.rsplit('.'));
    loop {
        match (patterns.next(), labels.next()) {
            (None, None) => return !is_deep,
            (None, Some(label)) => return is_deep && !label.is_empty(),
            (Some(pattern), Some(label))
                if !label.is_empty() && glob::wildcard_matches(pattern, label) => {}
            _ => return false,
        }
    }
}

fn pattern_covers(wide: &str, narrow: &str) -> bool {
    match (wide.strip_prefix("**."), narrow.strip_prefix("**.")) {
        (Some(wide), Some(narrow)) => narrow == wide || narrow.ends_with(&format!(".{wide}")),
        (Some(wide), None) => narrow
            .strip_suffix(wide)
            .is_some_and(|above| above.len() > 1 && above.ends_with('.')),
        (None, Some(_)) => false,
        (None, None) => {
            wide.split('.').count() == narrow.split('.').count()
                && wide
                    .split('.')
                    .zip(narrow.split('.'))
                    .all(|(w, n)| w == n || w == "*")
        }
    }
}

/// Parses `[::1]`, `[fd00::/8]`, and, for URLs, `[10.0.0.0/8]`, whose slash would otherwise begin
/// the path.
fn parse_bracketed(text: &str) -> Result<HostPattern, ParseProblem> {
    let advice = "write an IPv6 address or network in brackets: `[::1]`, `[fd00::/8]`";
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let network = inner
        .and_then(|inner| parse_network(inner, 128))
        .filter(|network| network.addr().is_ipv6() || network.prefix_len() < 32)
        .ok_or_else(|| ParseProblem::new(0, advice))?;
    if let IpAddr::V6(address) = network.addr()
        && let Some(inner) = address.to_ipv4_mapped()
    {
        return Err(ParseProblem::new(
            1,
            format!("this is an IPv4 address; write `{inner}`"),
        ));
    }
    check_network(network).map(HostPattern::Network)
}

fn parse_ipv4(text: &str) -> Result<Option<IpNet>, ParseProblem> {
    let looks_so = text.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && (text.contains('/') || text.rsplit('.').next().is_some_and(ends_like_ipv4));
    if !looks_so {
        return Ok(None);
    }
    match parse_network(text, 32) {
        Some(network) if network.addr().is_ipv4() => check_network(network).map(Some),
        _ => Err(ParseProblem::new(
            0,
            "an IPv4 address has four numbers, `10.0.0.1`; a network `10.0.0.0/8`",
        )),
    }
}

/// Returns `true` if resolvers would read a name with this last label as an IPv4 address.
pub(super) fn ends_like_ipv4(label: &str) -> bool {
    let hex = label
        .strip_prefix("0x")
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    hex || (!label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()))
}

fn parse_network(text: &str, bits: u8) -> Option<IpNet> {
    match text.contains('/') {
        true => text.parse().ok(),
        false => IpNet::new(text.parse().ok()?, bits).ok(),
    }
}

fn check_network(network: IpNet) -> Result<IpNet, ParseProblem> {
    match network.trunc() == network {
        true => Ok(network),
        false => Err(ParseProblem::new(
            0,
            format!("write the network without host bits: `{}`", network.trunc()),
        )),
    }
}

fn check_name(text: &str) -> Result<(), ParseProblem> {
    if text.is_empty() {
        return Err(ParseProblem::new(
            0,
            "write a host, for example `api.example.com`",
        ));
    }
    if text == "*" {
        return Err(ParseProblem::new(
            0,
            "`*` matches one label of a name; for every host write `**`",
        ));
    }
    if text.len() > NAME_MAX {
        return Err(ParseProblem::new(0, "a host has at most 253 characters"));
    }
    if let Some((at, c)) = text.char_indices().find(|(_, c)| !is_host_character(*c)) {
        return Err(ParseProblem::new(at, character_advice(c)));
    }
    let mut at = 0;
    for (index, label) in text.split('.').enumerate() {
        check_label(index, label).map_err(|what| ParseProblem::new(at, what))?;
        at += label.len() + 1;
    }
    if text
        .split('.')
        .next_back()
        .is_some_and(|label| ends_like_ipv4(label) || label.contains('*'))
    {
        return Err(ParseProblem::new(
            0,
            "the last label of a name must be a word, for example `com`",
        ));
    }
    Ok(())
}

fn is_host_character(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '*')
}

fn character_advice(c: char) -> &'static str {
    match c {
        'A'..='Z' => "write the host in lower case",
        '/' | ':' | '@' => "write only the host, without scheme, user, port or path",
        _ => {
            "a host consists of letters, digits, `-` and `.`; write other scripts in punycode (`xn--...`)"
        }
    }
}

fn check_label(index: usize, label: &str) -> Result<(), &'static str> {
    match label {
        "" => Err("separate labels by one `.`, without one at the end"),
        "**" if index == 0 => Ok(()),
        _ if label.contains("**") => {
            Err("`**` is only allowed as the first label: `**.example.com`")
        }
        _ if label.len() > 63 => Err("a label has at most 63 characters"),
        _ if label.starts_with('-') || label.ends_with('-') => {
            Err("a label must not begin or end with `-`")
        }
        _ if label.starts_with("xn--") && label.contains('*') => {
            Err("a punycode label must not contain `*`: its encoded and decoded forms differ")
        }
        _ => Ok(()),
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("**"),
            Self::Wildcard(name) | Self::Name(name) => f.write_str(name),
            Self::Network(network) => match (network.addr(), network.prefix_len()) {
                (IpAddr::V4(address), 32) => write!(f, "{address}"),
                (IpAddr::V6(address), 128) => write!(f, "[{address}]"),
                (IpAddr::V4(_), _) => write!(f, "{network}"),
                (IpAddr::V6(_), _) => write!(f, "[{network}]"),
            },
        }
    }
}

/// Returns the IPv4 address of an IPv4-mapped IPv6 address, and other addresses unchanged.
pub(crate) fn unmap_ipv4(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        HostPattern::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"))
    }

    #[test]
    fn wildcards_match_whole_labels() {
        for (text, name, expected) in [
            ("example.com", "example.com", true),
            ("example.com", "evilexample.com", false),
            ("example.com", "example.com.evil.net", false),
            ("example.com", "api.example.com", false),
            ("*.example.com", "api.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", ".example.com", false),
            ("**.example.com", "a.b.example.com", true),
            ("**.example.com", "example.com", false),
            ("**.example.com", "evilexample.com", false),
            ("**.example.com", ".example.com", false),
            ("api-*.example.com", "api-7.example.com", true),
            ("**.*.example.com", "a.b.example.com", true),
            ("**.*.example.com", "b.example.com", false),
            ("**.db-*.example.com", "a.b.db-7.example.com", true),
            ("**", "anything.at.all", true),
        ] {
            assert_eq!(pattern(text).matches_name(name), expected, "{text} {name}");
        }
    }

    #[test]
    fn networks_match_addresses_only() {
        let network = pattern("10.0.0.0/8");
        assert!(network.network_contains("10.1.2.3".parse().expect("an address")));
        assert!(!network.matches_name("10.1.2.3"));
        assert!(!pattern("**").network_contains("10.1.2.3".parse().expect("an address")));
    }

    #[test]
    fn prints_what_it_parses() {
        for text in [
            "example.com",
            "**.example.com",
            "10.0.0.0/8",
            "127.0.0.1",
            "[::1]",
            "[fd00::/8]",
            "**",
        ] {
            assert_eq!(pattern(text).to_string(), text);
        }
    }

    #[test]
    fn rejects_ambiguous_hosts() {
        for text in [
            "",
            "*",
            "*.*",
            "a..b",
            "a.",
            ".a",
            "API.com",
            "ex\u{e4}mple.com",
            "a.**.b",
            "0x7f.1",
            "127.1",
            "1.2.3",
            "2130706433",
            "10.0.0.1/8",
            "[::1",
            "::1",
            "[127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[fe80::1%eth0]",
            "-a.com",
            "a.0x10",
            "user@host",
            "xn--*.com",
            "com.*",
        ] {
            assert!(HostPattern::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn covers_narrower_hosts() {
        for (wide, narrow, expected) in [
            ("**", "a.b", true),
            ("**", "10.0.0.1", false),
            ("**.example.com", "*.example.com", true),
            ("**.example.com", "**.a.example.com", true),
            ("**.example.com", "example.com", false),
            ("*.example.com", "**.example.com", false),
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.1.0.0/16", "10.0.0.0/8", false),
        ] {
            assert_eq!(
                pattern(wide).covers(&pattern(narrow)),
                expected,
                "{wide} {narrow}"
            );
        }
    }
}
