//! Capabilities that a component requests and is granted, in one canonical text.
//!
//! | file | contents |
//! |---|---|
//! | `kind` | the kinds of capabilities |
//! | `words`, `options` | splitting a text into words, and the options after the target |
//! | `special` | names of special files and of file systems without ordinary files |
//! | `path`, `host`, `ports`, `http`, `name`, `glob` | patterns and matching |
//! | `rule` | one capability, checked and canonical |
//! | `requests`, `need` | the requests of a component, required or optional |
//!
//! A request is only the author's statement that the component needs something. `policy` compares
//! requests with grants and decides.
//! Tests: in this file, `airssys-wasm-core/tests/section_text.rs`,
//! `airssys-wasm-core/tests/reference`.

mod error;
mod glob;
mod host;
mod http;
mod kind;
mod name;
mod need;
mod options;
mod path;
mod ports;
mod requests;
mod rule;
mod special;
mod words;

use std::fmt;
use std::str::FromStr;

pub use error::CapabilityError;
pub use kind::CapabilityKind;
pub use need::{Need, ReasonError};
pub use requests::{Requests, RequestsError};
pub use rule::Rule;
pub use special::{FileSystemType, SpecialFile, SpecialFileType};

pub(crate) use error::escape_for_message;
pub(crate) use glob::wildcard_matches as fits_name;
pub(crate) use host::{HostPattern, unmap_ipv4};
pub(crate) use http::{
    HttpPattern, RequestParts, alternative_paths as readings_of_url, path_segments as names_of_url,
};
pub(crate) use options::{RuleOptions, WriteMode};
pub(crate) use path::PathPattern;
pub(crate) use rule::{HostPorts, Scope};
pub(crate) use words::quote as quoted;

/// Something outside itself that a component requests, as written in code.
///
/// The text of a capability is a word and a target, `file-read /data`, and is identical in a
/// component's custom section, in messages and on the command line. A [`Rule`] is a capability that
/// has been checked and brought into canonical form.
///
/// ```
/// use airssys_wasm_core::Capability;
///
/// let capability = Capability::NetworkOutbound("api.example.com".into());
/// assert_eq!(capability.to_string(), "network-outbound api.example.com");
/// assert_eq!(capability, "network-outbound api.example.com".parse()?);
/// # Ok::<(), airssys_wasm_core::CapabilityError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Capability {
    /// Call an interface that another component exports: `acme:store/kv`.
    Call(String),
    /// Read the `wall` or the `monotonic` clock. Allowed without a request.
    Clock(String),
    /// Read the configuration values whose keys match: `app.*`.
    Config(String),
    /// A capability defined by an embedder: its kind, followed by words for its provider,
    /// `acme:gpu/compute device=0`.
    Custom(String),
    /// Look up the addresses of matching names: `*.internal`.
    Dns(String),
    /// Read an environment variable: `LANG`.
    Env(String),
    /// Read files at or below an absolute path, or those that match a pattern: `/data/*.csv`.
    FileRead(String),
    /// Create, write and remove files at or below an absolute path, or those that match a pattern:
    /// `/cache max=64MiB`, `/log mode=append`.
    FileWrite(String),
    /// Send matching HTTP requests: `GET https://api.example.com/v1/**`.
    Http(String),
    /// Query a language model: `smollm2`.
    Llm(String),
    /// Publish to and receive from matching topics: `orders.*`.
    Messaging(String),
    /// Accept connections and datagrams at `address` or `address:port`.
    NetworkInbound(String),
    /// Open connections to `host` or `host:port`, with any protocol.
    NetworkOutbound(String),
    /// Draw `secure` or `insecure` random numbers. Allowed without a request.
    Random(String),
    /// Read a secret: `db-password`.
    Secret(String),
    /// Write to `stdout` or `stderr`. Allowed without a request.
    Stdio(String),
    /// Use a bucket of the key-value store: `orders`.
    Store(String),
    /// Open TCP connections to `host:port`.
    Tcp(String),
    /// Exchange UDP datagrams with `host:port`.
    Udp(String),
}

impl Capability {
    /// The kind, or `None` for a custom capability, whose text begins with its own kind.
    #[must_use]
    pub fn kind(&self) -> Option<CapabilityKind> {
        Some(match self {
            Self::Call(_) => CapabilityKind::Call,
            Self::Clock(_) => CapabilityKind::Clock,
            Self::Config(_) => CapabilityKind::Config,
            Self::Custom(_) => return None,
            Self::Dns(_) => CapabilityKind::Dns,
            Self::Env(_) => CapabilityKind::Env,
            Self::FileRead(_) => CapabilityKind::FileRead,
            Self::FileWrite(_) => CapabilityKind::FileWrite,
            Self::Http(_) => CapabilityKind::Http,
            Self::Llm(_) => CapabilityKind::Llm,
            Self::Messaging(_) => CapabilityKind::Messaging,
            Self::NetworkInbound(_) => CapabilityKind::NetworkInbound,
            Self::NetworkOutbound(_) => CapabilityKind::NetworkOutbound,
            Self::Random(_) => CapabilityKind::Random,
            Self::Secret(_) => CapabilityKind::Secret,
            Self::Stdio(_) => CapabilityKind::Stdio,
            Self::Store(_) => CapabilityKind::Store,
            Self::Tcp(_) => CapabilityKind::Tcp,
            Self::Udp(_) => CapabilityKind::Udp,
        })
    }

    /// The target, as written.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::Call(target)
            | Self::Clock(target)
            | Self::Config(target)
            | Self::Custom(target)
            | Self::Dns(target)
            | Self::Env(target)
            | Self::FileRead(target)
            | Self::FileWrite(target)
            | Self::Http(target)
            | Self::Llm(target)
            | Self::Messaging(target)
            | Self::NetworkInbound(target)
            | Self::NetworkOutbound(target)
            | Self::Random(target)
            | Self::Secret(target)
            | Self::Stdio(target)
            | Self::Store(target)
            | Self::Tcp(target)
            | Self::Udp(target) => target,
        }
    }

    /// Creates a capability of a kind. The target is checked by [`to_rule`](Self::to_rule), not
    /// here.
    #[must_use]
    pub fn from_kind(kind: CapabilityKind, target: impl Into<String>) -> Self {
        let of = match kind {
            CapabilityKind::Call => Self::Call,
            CapabilityKind::Clock => Self::Clock,
            CapabilityKind::Config => Self::Config,
            CapabilityKind::Dns => Self::Dns,
            CapabilityKind::Env => Self::Env,
            CapabilityKind::FileRead => Self::FileRead,
            CapabilityKind::FileWrite => Self::FileWrite,
            CapabilityKind::Http => Self::Http,
            CapabilityKind::Llm => Self::Llm,
            CapabilityKind::Messaging => Self::Messaging,
            CapabilityKind::NetworkInbound => Self::NetworkInbound,
            CapabilityKind::NetworkOutbound => Self::NetworkOutbound,
            CapabilityKind::Random => Self::Random,
            CapabilityKind::Secret => Self::Secret,
            CapabilityKind::Stdio => Self::Stdio,
            CapabilityKind::Store => Self::Store,
            CapabilityKind::Tcp => Self::Tcp,
            CapabilityKind::Udp => Self::Udp,
        };
        of(target.into())
    }

    /// Creates a capability of a kind from unquoted words; words that contain a space are put in
    /// quotes.
    ///
    /// ```
    /// use airssys_wasm_core::{Capability, CapabilityKind};
    ///
    /// let capability = Capability::from_words(CapabilityKind::FileWrite, ["/my files"])
    ///     .with_option("max", "64MiB")?;
    /// assert_eq!(capability.to_string(), r#"file-write "/my files" max=64MiB"#);
    /// # Ok::<(), airssys_wasm_core::CapabilityError>(())
    /// ```
    #[must_use]
    pub fn from_words<'a>(kind: CapabilityKind, words: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<_> = words.into_iter().map(quoted).collect();
        Self::from_kind(kind, words.join(" "))
    }

    /// Returns this capability with one more option. Does not check the target.
    ///
    /// # Errors
    ///
    /// [`CapabilityError`] if requests of this kind have no such option, if the option is already
    /// set, or if its value is invalid.
    pub fn with_option(&self, name: &str, value: &str) -> Result<Self, CapabilityError> {
        rule::check_option(&self.to_string(), name, value)?;
        let target = format!("{} {name}={}", self.target(), words::quote_value(value));
        Ok(match self.kind() {
            Some(kind) => Self::from_kind(kind, target),
            None => Self::Custom(target),
        })
    }

    /// Returns the rule that a request for this capability stands for.
    ///
    /// # Errors
    ///
    /// [`CapabilityError`] if the target is not valid for the kind.
    pub fn to_rule(&self) -> Result<Rule, CapabilityError> {
        Rule::parse_request(&self.to_string())
    }
}

impl FromStr for Capability {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rule = Rule::parse_request(text)?;
        let target = text.split_once(' ').map_or("", |(_, target)| target);
        Ok(match rule.known_kind() {
            Some(kind) => Self::from_kind(kind, target),
            None => Self::Custom(text.into()),
        })
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            Some(kind) => write!(f, "{} {}", kind.as_str(), self.target()),
            None => f.write_str(self.target()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_values_are_quoted_if_necessary() {
        for (words, expected) in [
            (&["/data"][..], "file-read /data"),
            (&["/my files"], r#"file-read "/my files""#),
            (&["max=1"], r#"file-read "max=1""#),
            (&[""], r#"file-read """#),
            (&["a", "b"], "file-read a b"),
        ] {
            let capability =
                Capability::from_words(CapabilityKind::FileRead, words.iter().copied());
            assert_eq!(capability.to_string(), expected);
        }
        let custom = Capability::Custom("acme:gpu/compute".into()).with_option("model", "a b");
        assert_eq!(
            custom.map(|custom| custom.to_string()),
            Ok(r#"acme:gpu/compute model="a b""#.into())
        );
    }

    #[test]
    fn options_are_checked_regardless_of_the_target() {
        let capability = Capability::FileWrite("not a path max=1MiB".into());
        for (name, value, expected) in [
            (
                "mxa",
                "1MiB",
                "column 32: there is no option `mxa`; did you mean `max`?",
            ),
            ("Mode", "append", "did you mean `mode`?"),
            ("colour", "red", "file-write has `max`, `mode`"),
            ("max", "2MiB", "`max` is set twice"),
            ("mode", "", "the only mode is `append`"),
            ("from", "/srv", "be set by the operator"),
            ("value", "x", "an option of env, config"),
        ] {
            let error = capability
                .with_option(name, value)
                .expect_err(name)
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
        let error = Capability::Env("LANG".into())
            .with_option("colour", "red")
            .expect_err("an option");
        assert!(
            error.to_string().contains("env has none in a request"),
            "{error}"
        );
        let error = Capability::Custom("acme:gpu/x".into())
            .with_option("until", "x")
            .expect_err("an option");
        assert!(
            error.to_string().contains("be set by the operator"),
            "{error}"
        );
    }
}
