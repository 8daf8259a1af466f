//! The options of a rule: `max=64MiB`, `from=/srv/data`, `at=10.0.0.0/8`.
//!
//! Defines the options of each kind, and which of them only an operator may set. Options print in a
//! fixed order.
//! Tests: in this file, `airssys-wasm-core/src/capability/mod.rs`.

use core::net::IpAddr;
use std::fmt;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;

use super::CapabilityKind;
use super::error::{ParseProblem, is_hidden};
use super::special::SpecialFileOptions;
use super::words::{Word, quote_value};
use crate::suggest::did_you_mean;
use crate::units::{format_bytes, parse_bytes};

/// The options of a rule, which follow its target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RuleOptions {
    /// Networks, besides the public ones, that a name may resolve to.
    pub(crate) extra_networks: Vec<IpNet>,
    /// The directory on the host, if it differs from the path.
    pub(crate) host_directory: Option<String>,
    /// Maximum number of bytes stored in the directory at a time.
    pub(crate) bytes_max: Option<u64>,
    pub(crate) mode: WriteMode,
    /// Special files and file systems that are allowed besides ordinary ones.
    pub(crate) special: SpecialFileOptions,
    /// The value of a variable or of a configuration key.
    pub(crate) value: Option<String>,
    /// The end of the grant's validity, in seconds since 1970.
    pub(crate) expires_at: Option<u64>,
}

/// The ways in which files may be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum WriteMode {
    #[default]
    Any,
    /// Only at the end of files; removing and renaming is not allowed.
    Append,
}

/// The author of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleAuthor {
    /// The author of the component, who cannot set the operator's options.
    Component,
    /// The operator.
    Operator,
}

/// Every option: its name, whether only an operator may set it, and the kinds that have it.
const ALL_OPTIONS: [(&str, RuleAuthor, &str); 8] = [
    (
        "at",
        RuleAuthor::Operator,
        "http, tcp, udp, network-outbound",
    ),
    ("from", RuleAuthor::Operator, "file-read, file-write"),
    ("max", RuleAuthor::Component, "file-write"),
    ("mode", RuleAuthor::Component, "file-write"),
    ("types", RuleAuthor::Operator, "file-read, file-write"),
    ("filesystems", RuleAuthor::Operator, "file-read, file-write"),
    ("value", RuleAuthor::Operator, "env, config"),
    ("until", RuleAuthor::Operator, "every kind"),
];

impl RuleOptions {
    pub(super) fn parse(
        kind: CapabilityKind,
        words: &[Word],
        side: RuleAuthor,
    ) -> Result<Self, ParseProblem> {
        Self::parse_allowed(
            words,
            side,
            |option| has_option(kind, option),
            kind.as_str(),
        )
    }

    /// Parses the options that every kind has.
    pub(super) fn parse_common(words: &[Word], side: RuleAuthor) -> Result<Self, ParseProblem> {
        Self::parse_allowed(words, side, Self::is_common, "this kind")
    }

    pub(super) fn is_common(option: &str) -> bool {
        option == "until"
    }

    fn parse_allowed(
        words: &[Word],
        side: RuleAuthor,
        fits: impl Fn(&str) -> bool,
        kind: &str,
    ) -> Result<Self, ParseProblem> {
        let mut options = Self::default();
        let mut said: Vec<&str> = Vec::new();
        for word in words {
            let Some(name) = word.option_name.as_deref() else {
                return Err(ParseProblem::new(
                    word.offset,
                    "options, `name=value`, come last; this is not an option",
                ));
            };
            check_name(name, kind, side, &fits)
                .map_err(|what| ParseProblem::new(word.offset, what))?;
            if said.contains(&name) {
                return Err(ParseProblem::new(
                    word.offset,
                    format!("`{name}` is set twice"),
                ));
            }
            said.push(name);
            options
                .set(name, &word.text)
                .map_err(|what| ParseProblem::new(word.offset + name.len() + 1, what))?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        if value.chars().any(is_hidden) {
            return Err("control and invisible characters are not allowed".into());
        }
        match name {
            "at" => self.extra_networks = parse_networks(value)?,
            "from"
                if value.starts_with('/')
                    && !value.split('/').any(|name| matches!(name, "." | "..")) =>
            {
                self.host_directory = Some(value.into());
            }
            "from" => {
                return Err(
                    "write the directory on the host as an absolute path without `.` and `..`"
                        .into(),
                );
            }
            "max" => self.bytes_max = Some(parse_quota(value)?),
            "mode" if value == "append" => self.mode = WriteMode::Append,
            "mode" => return Err("the only mode is `append`; omit the option otherwise".into()),
            "types" => self.special.set_types(value)?,
            "filesystems" => self.special.set_file_systems(value)?,
            "until" => self.expires_at = Some(parse_instant(value)?),
            _ => self.value = Some(value.into()),
        }
        Ok(())
    }

    /// Returns `true` if a rule with these options allows everything that one with `narrow` does.
    pub(super) fn covers(&self, narrow: &Self) -> bool {
        let within = |wide: Option<u64>, narrow: Option<u64>| match (wide, narrow) {
            (Some(wide), Some(narrow)) => wide >= narrow,
            (wide, _) => wide.is_none(),
        };
        let reached = |network: &IpNet| {
            self.extra_networks
                .iter()
                .any(|wide| wide.contains(network))
        };
        within(self.bytes_max, narrow.bytes_max)
            && within(self.expires_at, narrow.expires_at)
            && self.covers_mode(narrow)
            && self.special.covers(&narrow.special)
            && narrow.extra_networks.iter().all(reached)
            && self.host_directory == narrow.host_directory
            && self.value == narrow.value
    }

    /// Returns `true` if a grant with these options satisfies a request with `asked`. Options
    /// missing from the request are left to the operator.
    pub(super) fn satisfies(&self, asked: &Self) -> bool {
        let bytes = match (self.bytes_max, asked.bytes_max) {
            (Some(given), Some(asked)) => given >= asked,
            _ => true,
        };
        bytes && self.covers_mode(asked)
    }

    fn covers_mode(&self, narrow: &Self) -> bool {
        self.mode == WriteMode::Any || narrow.mode == WriteMode::Append
    }
}

fn has_option(kind: CapabilityKind, option: &str) -> bool {
    match option {
        "at" => matches!(
            kind,
            CapabilityKind::Http
                | CapabilityKind::Tcp
                | CapabilityKind::Udp
                | CapabilityKind::NetworkOutbound
        ),
        "from" | "types" | "filesystems" => {
            matches!(kind, CapabilityKind::FileRead | CapabilityKind::FileWrite)
        }
        "max" | "mode" => kind == CapabilityKind::FileWrite,
        "value" => matches!(kind, CapabilityKind::Env | CapabilityKind::Config),
        option => RuleOptions::is_common(option),
    }
}

fn check_name(
    name: &str,
    kind: &str,
    side: RuleAuthor,
    fits: impl Fn(&str) -> bool,
) -> Result<(), String> {
    let Some((_, says, kinds)) = ALL_OPTIONS.iter().find(|(known, ..)| *known == name) else {
        return Err(unknown_option(name, kind, side, fits));
    };
    if !fits(name) {
        return Err(format!("`{name}` is an option of {kinds}, not of {kind}"));
    }
    if *says == RuleAuthor::Operator && side == RuleAuthor::Component {
        return Err(format!(
            "`{name}` can only be set by the operator, in a grant, not in a request"
        ));
    }
    Ok(())
}

/// Returns the message for an unknown option: the nearest known name, or the options of the kind.
fn unknown_option(name: &str, kind: &str, side: RuleAuthor, fits: impl Fn(&str) -> bool) -> String {
    if let Some(question) = did_you_mean(name, ALL_OPTIONS.map(|(known, ..)| known)) {
        return format!("there is no option `{name}`; {question}");
    }
    let fitting: Vec<String> = ALL_OPTIONS
        .iter()
        .filter(|(known, says, _)| {
            fits(known) && (*says == RuleAuthor::Component || side == RuleAuthor::Operator)
        })
        .map(|(known, ..)| format!("`{known}`"))
        .collect();
    match fitting.as_slice() {
        [] => format!("there is no option `{name}`; {kind} has none in a request"),
        some => format!(
            "there is no option `{name}`; {kind} has {}",
            some.join(", ")
        ),
    }
}

fn parse_networks(text: &str) -> Result<Vec<IpNet>, String> {
    let network = |text: &str| match text.contains('/') {
        true => text.parse::<IpNet>().ok(),
        false => text.parse::<IpAddr>().map(IpNet::from).ok(),
    };
    let mut networks = Vec::new();
    for part in text.split(',') {
        match network(part) {
            Some(IpNet::V6(found)) if found.addr().to_ipv4_mapped().is_some() => {
                return Err(
                    "write an IPv4 address as such: `10.0.0.1`, not `::ffff:10.0.0.1`".into(),
                );
            }
            Some(found) if found.trunc() == found => networks.push(found),
            Some(found) => {
                return Err(format!(
                    "write the network without host bits: `{}`",
                    found.trunc()
                ));
            }
            None => {
                return Err(
                    "write addresses or networks, for example `127.0.0.1` or `10.0.0.0/8,fd00::/8`"
                        .into(),
                );
            }
        }
    }
    networks.sort_unstable();
    networks.dedup();
    Ok(networks)
}

/// Parses a time as seconds since 1970.
fn parse_instant(text: &str) -> Result<u64, String> {
    let advice = || "write a time in UTC, for example `2026-12-24T18:00:00Z`".to_owned();
    let instant = humantime::parse_rfc3339(text).map_err(|_| advice())?;
    let since = instant
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_err(|_| advice())?;
    if since.subsec_nanos() == 0 {
        Ok(since.as_secs())
    } else {
        Err(advice())
    }
}

/// Parses a quota. Rejects zero, which would not be a quota.
fn parse_quota(text: &str) -> Result<u64, String> {
    match parse_bytes(text)? {
        0 => Err("write more than `0B`".into()),
        some => Ok(some),
    }
}

impl fmt::Display for RuleOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.extra_networks.is_empty() {
            let single = |network: &IpNet| network.prefix_len() == network.max_prefix_len();
            let at: Vec<String> = self
                .extra_networks
                .iter()
                .map(|network| {
                    if single(network) {
                        network.addr().to_string()
                    } else {
                        network.to_string()
                    }
                })
                .collect();
            write!(f, " at={}", at.join(","))?;
        }
        if let Some(from) = &self.host_directory {
            write!(f, " from={}", quote_value(from))?;
        }
        if let Some(bytes) = self.bytes_max {
            write!(f, " max={}", format_bytes(bytes))?;
        }
        if self.mode == WriteMode::Append {
            f.write_str(" mode=append")?;
        }
        write!(f, "{}", self.special)?;
        if let Some(value) = &self.value {
            write!(f, " value={}", quote_value(value))?;
        }
        match self.expires_at {
            Some(until) => {
                let until = SystemTime::UNIX_EPOCH + Duration::from_secs(until);
                write!(f, " until={}", humantime::format_rfc3339_seconds(until))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_not_zero() {
        assert!(parse_quota("0B").is_err() && parse_quota("1B").is_ok());
    }

    #[test]
    fn options_cover_narrower_ones() {
        let covers = |wide: &str, narrow: &str| {
            let rule = |text: &str| text.parse::<crate::Rule>().expect(text);
            rule(wide).covers(&rule(narrow))
        };
        for (wide, narrow) in [
            ("tcp a:1 at=10.0.0.0/8", "tcp a:1 at=10.1.0.0/16"),
            ("file-write /a", "file-write /a max=1MiB mode=append"),
            ("file-read /a types=fifo,device", "file-read /a types=fifo"),
            (
                "file-read /a filesystems=any",
                "file-read /a filesystems=proc,sysfs",
            ),
            (
                "file-read /a filesystems=proc,sysfs",
                "file-read /a filesystems=proc",
            ),
            ("file-read /a filesystems=proc", "file-read /a"),
            (
                "env A until=2030-01-01T00:00:00Z",
                "env A until=2029-01-01T00:00:00Z",
            ),
        ] {
            assert!(
                covers(wide, narrow) && !covers(narrow, wide),
                "{wide} {narrow}"
            );
        }
        assert!(
            !covers("env A value=b", "env A value=c")
                && !covers("file-read /a from=/b", "file-read /a")
        );
    }

    #[test]
    fn networks_have_a_canonical_text() {
        let options = RuleOptions {
            extra_networks: parse_networks("::1,10.0.0.0/8,127.0.0.1,10.0.0.0/8")
                .expect("networks"),
            ..RuleOptions::default()
        };
        assert_eq!(options.to_string(), " at=10.0.0.0/8,127.0.0.1,::1");
        assert!(
            parse_networks("10.0.0.1/8").is_err()
                && parse_networks("localhost").is_err()
                && parse_networks("").is_err()
        );
        assert!(parse_networks("::ffff:10.0.0.1").is_err() && parse_networks("::/0").is_ok());
    }
}
