//! The canonical text of a capability: parse, check, print.
//!
//! Decides what is well-formed, not what is allowed.
//! Tests: below; properties in `tests/section_text.rs`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::Capability;
use crate::suggest::nearest;

/// Why a text, or a value built in code, is not a capability.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CapabilityError {
    /// The first word names no capability.
    #[error("`{word}` is not a capability known to airssys-wasm {}; {}", env!("CARGO_PKG_VERSION"), known(word))]
    UnknownKind {
        /// The word that was found.
        word: String,
    },
    /// The target does not fit the kind.
    #[error("`{kind} {target}`: {problem}")]
    Target {
        /// The capability's word.
        kind: &'static str,
        /// The target as written, escaped.
        target: String,
        /// What is wrong with it, and what to write.
        problem: &'static str,
    },
}

impl Capability {
    /// Every word that names a capability, in the order of their texts.
    pub const KINDS: [&'static str; 4] = ["file-read", "file-write", "network-inbound", "network-outbound"];

    /// The word that names this kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::FileRead(_) => Self::KINDS[0],
            Self::FileWrite(_) => Self::KINDS[1],
            Self::NetworkInbound(_) => Self::KINDS[2],
            Self::NetworkOutbound(_) => Self::KINDS[3],
        }
    }

    /// What it reaches: a path, or a host.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::FileRead(target)
            | Self::FileWrite(target)
            | Self::NetworkInbound(target)
            | Self::NetworkOutbound(target) => target,
        }
    }

    /// Checks a capability that was built in code rather than parsed.
    ///
    /// # Errors
    ///
    /// [`CapabilityError::Target`] if the target does not fit the kind.
    pub fn check(&self) -> Result<(), CapabilityError> {
        let verdict = match self {
            Self::FileRead(path) | Self::FileWrite(path) => check_path(path),
            Self::NetworkInbound(host) | Self::NetworkOutbound(host) => check_host(host),
        };
        verdict.map_err(|problem| CapabilityError::Target {
            kind: self.kind(),
            target: self.target().escape_debug().to_string(),
            problem,
        })
    }

    /// Builds a capability from its word and target.
    ///
    /// # Errors
    ///
    /// [`CapabilityError`] if the word names none or the target does not fit.
    pub fn new(kind: &str, target: impl Into<String>) -> Result<Self, CapabilityError> {
        let target = target.into();
        let capability = match kind {
            "file-read" => Self::FileRead(target),
            "file-write" => Self::FileWrite(target),
            "network-inbound" => Self::NetworkInbound(target),
            "network-outbound" => Self::NetworkOutbound(target),
            _ => {
                return Err(CapabilityError::UnknownKind { word: kind.escape_debug().to_string() });
            }
        };
        capability.check()?;
        Ok(capability)
    }
}

impl FromStr for Capability {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, target) = text.split_once(' ').unwrap_or((text, ""));
        Self::new(kind, target)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.target())
    }
}

fn known(word: &str) -> String {
    match nearest(word, Capability::KINDS) {
        Some(kind) => format!("did you mean `{kind}`?"),
        None => format!("it knows {}", Capability::KINDS.map(|kind| format!("`{kind}`")).join(", ")),
    }
}

fn check_path(path: &str) -> Result<(), &'static str> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err("a path begins with `/`: it is absolute, as the component sees it");
    };
    if has_hidden_characters(path) {
        return Err("a path has no control or invisible characters");
    }
    if path.contains('\\') {
        return Err("segments of a path are separated by `/`, not by a backslash");
    }
    match rest.split('/').find(|segment| matches!(*segment, "" | "." | "..")) {
        Some("") if rest.is_empty() => Ok(()),
        Some("") => Err("write each `/` once, and none at the end"),
        Some(_) => Err("`.` and `..` are not allowed: write the path they lead to"),
        None => Ok(()),
    }
}

fn check_host(host: &str) -> Result<(), &'static str> {
    if host.is_empty() {
        return Err("write a host, for example `api.example.com` or `api.example.com:443`");
    }
    if host.contains("://") || host.contains('/') {
        return Err("a host only, without scheme or path");
    }
    if host.chars().any(|c| c.is_ascii_uppercase()) {
        return Err("write the host in lower case");
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.:*[]".contains(c);
    if !host.chars().all(plain) {
        return Err("a host is letters, digits, `-` and `.`; write other scripts in punycode (`xn--...`)");
    }
    check_port(host)
}

fn check_port(host: &str) -> Result<(), &'static str> {
    const PROBLEM: &str =
        "a port is a number from 1 to 65535; write an IPv6 address in brackets, `[::1]:443`";
    let port = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((_, "")) => return Ok(()),
            Some((_, after)) => after.strip_prefix(':').ok_or(PROBLEM)?,
            None => return Err(PROBLEM),
        },
        None => match host.split_once(':') {
            Some((_, port)) => port,
            None => return Ok(()),
        },
    };
    match port.parse::<u16>() {
        Ok(1..) if !port.starts_with('0') => Ok(()),
        _ => Err(PROBLEM),
    }
}

/// Characters that would let a name look like another, or like nothing.
fn has_hidden_characters(text: &str) -> bool {
    text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parses() {
        for text in [
            "file-read /",
            "file-read /data",
            "file-write /var/lib/my files",
            "network-outbound api.example.com",
            "network-outbound api.example.com:443",
            "network-inbound [::1]:8080",
        ] {
            assert_eq!(text.parse::<Capability>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn refuses_and_says_what_to_write() {
        for (text, expected) in [
            ("file-raed /data", "did you mean `file-read`?"),
            ("teleport moon", "it knows `file-read`"),
            ("file-read data", "begins with `/`"),
            ("file-read /data/../etc", "`..` are not allowed"),
            ("file-read /data/", "none at the end"),
            ("file-read /a//b", "each `/` once"),
            (r"file-read /a\b", "backslash"),
            ("file-read /a\u{202e}b", "invisible"),
            ("network-outbound ", "write a host"),
            ("network-outbound https://x.com", "without scheme"),
            ("network-outbound API.com", "lower case"),
            ("network-outbound x.com:0", "1 to 65535"),
            ("network-outbound x.com:65536", "1 to 65535"),
            ("network-outbound x.com:", "1 to 65535"),
            ("network-outbound exämple.com", "punycode"),
        ] {
            let message = text.parse::<Capability>().expect_err(text).to_string();
            assert!(message.contains(expected), "{text:?}: {message}");
        }
    }
}
