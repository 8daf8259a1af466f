//! The options of a rule: `max=64MiB`, `from=/srv/data`, `at=10.0.0.0/8`.
//!
//! Defines the options of each kind, and which of them only an operator may set. Options print in a
//! fixed order.
//! Tests: in this file, `airssys-wasm-core/src/capability/mod.rs`.

use core::net::IpAddr;
use std::fmt;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;

use super::Kind;
use super::error::{Problem, hidden};
use super::special::Specials;
use super::words::{Word, quote_value};
use crate::suggest::nearest;
use crate::units::{bytes_text, parse_bytes};

/// The options of a rule, which follow its target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Options {
    /// Networks, besides the public ones, that a name may resolve to.
    pub(crate) at: Vec<IpNet>,
    /// The directory on the host, if it differs from the path.
    pub(crate) from: Option<String>,
    /// Maximum number of bytes stored in the directory at a time.
    pub(crate) bytes_max: Option<u64>,
    pub(crate) mode: Mode,
    /// Special files and file systems that are allowed besides ordinary ones.
    pub(crate) special: Specials,
    /// The value of a variable or of a configuration key.
    pub(crate) value: Option<String>,
    /// The end of the grant's validity, in seconds since 1970.
    pub(crate) until: Option<u64>,
}

/// The ways in which files may be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Mode {
    #[default]
    Any,
    /// Only at the end of files; removing and renaming is not allowed.
    Append,
}

/// The author of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The author of the component, who cannot set the operator's options.
    Request,
    /// The operator.
    Grant,
}

/// Every option: its name, whether only an operator may set it, and the kinds that have it.
const ALL: [(&str, Side, &str); 8] = [
    ("at", Side::Grant, "http, tcp, udp, network-outbound"),
    ("from", Side::Grant, "file-read, file-write"),
    ("max", Side::Request, "file-write"),
    ("mode", Side::Request, "file-write"),
    ("types", Side::Grant, "file-read, file-write"),
    ("filesystems", Side::Grant, "file-read, file-write"),
    ("value", Side::Grant, "env, config"),
    ("until", Side::Grant, "every kind"),
];

impl Options {
    pub(super) fn parse(kind: Kind, words: &[Word], side: Side) -> Result<Self, Problem> {
        Self::parse_those(words, side, |option| fits(kind, option), kind.word())
    }

    /// Parses the options that every kind has.
    pub(super) fn parse_common(words: &[Word], side: Side) -> Result<Self, Problem> {
        Self::parse_those(words, side, Self::is_common, "this kind")
    }

    pub(super) fn is_common(option: &str) -> bool {
        option == "until"
    }

    fn parse_those(
        words: &[Word],
        side: Side,
        fits: impl Fn(&str) -> bool,
        kind: &str,
    ) -> Result<Self, Problem> {
        let mut options = Self::default();
        let mut said: Vec<&str> = Vec::new();
        for word in words {
            let Some(name) = word.option.as_deref() else {
                return Err(Problem::new(
                    word.at,
                    "options, `name=value`, come last; this is not an option",
                ));
            };
            check_name(name, kind, side, &fits).map_err(|what| Problem::new(word.at, what))?;
            if said.contains(&name) {
                return Err(Problem::new(word.at, format!("`{name}` is set twice")));
            }
            said.push(name);
            options
                .set(name, &word.text)
                .map_err(|what| Problem::new(word.at + name.len() + 1, what))?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        if value.chars().any(hidden) {
            return Err("control and invisible characters are not allowed".into());
        }
        match name {
            "at" => self.at = networks(value)?,
            "from"
                if value.starts_with('/')
                    && !value.split('/').any(|name| matches!(name, "." | "..")) =>
            {
                self.from = Some(value.into());
            }
            "from" => {
                return Err(
                    "write the directory on the host as an absolute path without `.` and `..`"
                        .into(),
                );
            }
            "max" => self.bytes_max = Some(some_bytes(value)?),
            "mode" if value == "append" => self.mode = Mode::Append,
            "mode" => return Err("the only mode is `append`; omit the option otherwise".into()),
            "types" => self.special.set_types(value)?,
            "filesystems" => self.special.set_file_systems(value)?,
            "until" => self.until = Some(instant(value)?),
            _ => self.value = Some(value.into()),
        }
        Ok(())
    }

    /// Returns `true` if a rule with these options allows everything that one with `narrow` does.
    pub(super) fn cover(&self, narrow: &Self) -> bool {
        let within = |wide: Option<u64>, narrow: Option<u64>| match (wide, narrow) {
            (Some(wide), Some(narrow)) => wide >= narrow,
            (wide, _) => wide.is_none(),
        };
        let reached = |network: &IpNet| self.at.iter().any(|wide| wide.contains(network));
        within(self.bytes_max, narrow.bytes_max)
            && within(self.until, narrow.until)
            && self.cover_mode(narrow)
            && self.special.cover(&narrow.special)
            && narrow.at.iter().all(reached)
            && self.from == narrow.from
            && self.value == narrow.value
    }

    /// Returns `true` if a grant with these options satisfies a request with `asked`. Options
    /// missing from the request are left to the operator.
    pub(super) fn satisfy(&self, asked: &Self) -> bool {
        let bytes = match (self.bytes_max, asked.bytes_max) {
            (Some(given), Some(asked)) => given >= asked,
            _ => true,
        };
        bytes && self.cover_mode(asked)
    }

    fn cover_mode(&self, narrow: &Self) -> bool {
        self.mode == Mode::Any || narrow.mode == Mode::Append
    }
}

fn fits(kind: Kind, option: &str) -> bool {
    match option {
        "at" => matches!(
            kind,
            Kind::Http | Kind::Tcp | Kind::Udp | Kind::NetworkOutbound
        ),
        "from" | "types" | "filesystems" => matches!(kind, Kind::FileRead | Kind::FileWrite),
        "max" | "mode" => kind == Kind::FileWrite,
        "value" => matches!(kind, Kind::Env | Kind::Config),
        option => Options::is_common(option),
    }
}

fn check_name(
    name: &str,
    kind: &str,
    side: Side,
    fits: impl Fn(&str) -> bool,
) -> Result<(), String> {
    let Some((_, says, kinds)) = ALL.iter().find(|(known, ..)| *known == name) else {
        return Err(unknown(name, kind, side, fits));
    };
    if !fits(name) {
        return Err(format!("`{name}` is an option of {kinds}, not of {kind}"));
    }
    if *says == Side::Grant && side == Side::Request {
        return Err(format!(
            "`{name}` can only be set by the operator, in a grant, not in a request"
        ));
    }
    Ok(())
}

/// Returns the message for an unknown option: the nearest known name, or the options of the kind.
fn unknown(name: &str, kind: &str, side: Side, fits: impl Fn(&str) -> bool) -> String {
    if let Some(near) = nearest(name, ALL.map(|(known, ..)| known)) {
        return format!("there is no option `{name}`; did you mean `{near}`?");
    }
    let fitting: Vec<String> = ALL
        .iter()
        .filter(|(known, says, _)| fits(known) && (*says == Side::Request || side == Side::Grant))
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

fn networks(text: &str) -> Result<Vec<IpNet>, String> {
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
fn instant(text: &str) -> Result<u64, String> {
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
fn some_bytes(text: &str) -> Result<u64, String> {
    match parse_bytes(text)? {
        0 => Err("write more than `0B`".into()),
        some => Ok(some),
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.at.is_empty() {
            let single = |network: &IpNet| network.prefix_len() == network.max_prefix_len();
            let at: Vec<String> = self
                .at
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
        if let Some(from) = &self.from {
            write!(f, " from={}", quote_value(from))?;
        }
        if let Some(bytes) = self.bytes_max {
            write!(f, " max={}", bytes_text(bytes))?;
        }
        if self.mode == Mode::Append {
            f.write_str(" mode=append")?;
        }
        write!(f, "{}", self.special)?;
        if let Some(value) = &self.value {
            write!(f, " value={}", quote_value(value))?;
        }
        match self.until {
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
    fn a_quota_of_nothing_is_none() {
        assert!(some_bytes("0B").is_err() && some_bytes("1B").is_ok());
    }

    #[test]
    fn options_cover_those_that_give_no_more() {
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
    fn networks_have_one_text() {
        let options = Options {
            at: networks("::1,10.0.0.0/8,127.0.0.1,10.0.0.0/8").expect("networks"),
            ..Options::default()
        };
        assert_eq!(options.to_string(), " at=10.0.0.0/8,127.0.0.1,::1");
        assert!(
            networks("10.0.0.1/8").is_err()
                && networks("localhost").is_err()
                && networks("").is_err()
        );
        assert!(networks("::ffff:10.0.0.1").is_err() && networks("::/0").is_ok());
    }
}
