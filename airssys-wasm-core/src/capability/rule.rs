//! A capability, checked and in its canonical text, against which operations are matched.
//!
//! Requests, grants and denies use the same rules. Options that only an operator may set (the
//! directory on the host, a variable's value, the networks a name may resolve to) are rejected in
//! requests.
//! Tests: `airssys-wasm-core/tests/section_text.rs`, `airssys-wasm-core/tests/reference`.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::error::{CapabilityError, ParseProblem, escape_for_message};
use super::host::HostPattern;
use super::http::{HttpPattern, split_port};
use super::options::{RuleAuthor, RuleOptions};
use super::path::PathPattern;
use super::ports::PortSet;
use super::words::{self, Word, quote};
use super::{Capability, CapabilityKind, name};
use crate::bounds::{RULE_BYTES_MAX, TARGET_BYTES_MAX};
use crate::steps::count_steps;

/// A checked capability in canonical form.
///
/// Rules with the same meaning have the same text.
///
/// ```
/// use airssys_wasm_core::Rule;
///
/// let rule: Rule = "http POST,GET https://api.example.com:443/v1/**".parse()?;
/// assert_eq!(rule.to_string(), "http GET,POST https://api.example.com/v1/**");
/// let error = "file-read data".parse::<Rule>().unwrap_err();
/// assert!(error.to_string().contains("column 11"));
/// # Ok::<(), airssys_wasm_core::CapabilityError>(())
/// ```
#[derive(Clone, Eq)]
pub struct Rule {
    pub(crate) scope: Scope,
    pub(crate) options: RuleOptions,
}

/// The subject of a rule: everything but its options.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Scope {
    File {
        kind: CapabilityKind,
        path: PathPattern,
    },
    /// Boxed because it is several times as large as the other variants.
    Http(Box<HttpPattern>),
    /// `tcp`, `udp`, `network-inbound`, `network-outbound`, `dns`.
    Network {
        kind: CapabilityKind,
        hosts: HostPorts,
    },
    Named {
        kind: CapabilityKind,
        pattern: String,
    },
    /// A kind defined by an embedder: `acme:gpu/compute`.
    Custom { kind: String, words: Vec<String> },
}

/// A host pattern with ports.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct HostPorts {
    pub(crate) host: HostPattern,
    pub(crate) ports: PortSet,
}

impl Rule {
    /// The first word of the text.
    #[must_use]
    pub fn kind(&self) -> &str {
        match &self.scope {
            Scope::File { kind, .. } | Scope::Network { kind, .. } | Scope::Named { kind, .. } => {
                kind.as_str()
            }
            Scope::Http(_) => CapabilityKind::Http.as_str(),
            Scope::Custom { kind, .. } => kind,
        }
    }

    /// The target in canonical text, without options.
    #[must_use]
    pub fn target(&self) -> String {
        match &self.scope {
            Scope::File { path, .. } => quote(&path.to_string()).into_owned(),
            Scope::Http(pattern) => pattern.to_string(),
            Scope::Network { kind, hosts } => hosts.to_text(*kind),
            Scope::Named { pattern, .. } => quote(pattern).into_owned(),
            Scope::Custom { words, .. } => words.join(" "),
        }
    }

    /// The kind, or `None` if an embedder defines it.
    #[must_use]
    pub fn known_kind(&self) -> Option<CapabilityKind> {
        CapabilityKind::from_word(self.kind())
    }

    /// Returns this rule without its options, as used in a deny.
    #[must_use]
    pub fn without_options(&self) -> Self {
        Self {
            scope: self.scope.clone(),
            options: RuleOptions::default(),
        }
    }

    /// Returns this rule without the value it sets, for display.
    #[must_use]
    pub fn without_value(&self) -> Self {
        let options = RuleOptions {
            value: None,
            ..self.options.clone()
        };
        Self {
            scope: self.scope.clone(),
            options,
        }
    }

    /// Returns `true` if both rules might apply to the same operation, and `false` only if they are
    /// certainly about different things.
    #[must_use]
    pub fn may_intersect(&self, other: &Self) -> bool {
        let of_the_network = |rule: &Self| {
            matches!(
                rule.known_kind(),
                Some(
                    CapabilityKind::Dns
                        | CapabilityKind::Http
                        | CapabilityKind::NetworkOutbound
                        | CapabilityKind::Tcp
                        | CapabilityKind::Udp
                )
            )
        };
        self.kind() == other.kind() || (of_the_network(self) && of_the_network(other))
    }

    /// Returns `true` if one rule's target contains the other's, ignoring options.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.scope.covers(&other.scope) || other.scope.covers(&self.scope)
    }

    /// Parses a rule in a request, where the operator's options are rejected.
    pub(crate) fn parse_request(text: &str) -> Result<Self, CapabilityError> {
        parse_rule(text, RuleAuthor::Component)
    }

    /// Returns `true` if this rule allows everything that `other` allows. Returns `false` if that
    /// is uncertain.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.scope.covers(&other.scope) && self.options.covers(&other.options)
    }

    /// Returns `true` if this rule grants everything that a request asks for; options missing from
    /// the request are not compared. Returns `false` if that is uncertain.
    pub(crate) fn satisfies(&self, request: &Self) -> bool {
        self.scope.covers(&request.scope) && self.options.satisfies(&request.options)
    }

    /// Returns `true` if nothing of `other` remains when this rule is denied. Returns `false` if
    /// that is uncertain.
    pub(crate) fn covers_as_deny(&self, other: &Self) -> bool {
        self.scope.covers_as_deny(&other.scope)
    }
}

impl Scope {
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.includes(other, HostPattern::covers, covers_kind)
    }

    fn covers_as_deny(&self, other: &Self) -> bool {
        self.includes(other, HostPattern::covers_as_deny, covers_kind_as_deny)
    }

    fn includes(
        &self,
        other: &Self,
        host: fn(&HostPattern, &HostPattern) -> bool,
        covers_kind: fn(CapabilityKind, CapabilityKind) -> bool,
    ) -> bool {
        count_steps(1);
        match (self, other) {
            (
                Self::File {
                    kind: a,
                    path: wide,
                },
                Self::File {
                    kind: b,
                    path: narrow,
                },
            ) => a == b && wide.covers(narrow),
            (Self::Http(wide), Self::Http(narrow)) => {
                wide.covers_all_but_host(narrow) && host(&wide.host, &narrow.host)
            }
            (
                Self::Network {
                    kind: a,
                    hosts: wide,
                },
                Self::Network {
                    kind: b,
                    hosts: narrow,
                },
            ) => {
                covers_kind(*a, *b)
                    && host(&wide.host, &narrow.host)
                    && (*b == CapabilityKind::Dns || wide.ports.covers(&narrow.ports))
            }
            (
                Self::Network {
                    kind: CapabilityKind::NetworkOutbound,
                    hosts: wide,
                },
                Self::Http(narrow),
            ) => wide.ports.is_any() && host(&wide.host, &narrow.host),
            (
                Self::Named {
                    kind: a,
                    pattern: wide,
                },
                Self::Named {
                    kind: b,
                    pattern: narrow,
                },
            ) => a == b && covers_name(wide, narrow),
            (Self::Custom { .. }, Self::Custom { .. }) => self == other,
            _ => false,
        }
    }
}

fn covers_name(wide: &str, narrow: &str) -> bool {
    wide == narrow
        || wide == "*"
        || (!narrow.contains('*') && super::glob::wildcard_matches(wide, narrow))
}

/// Returns `true` if the network kind `wide` includes `narrow`: permission to connect includes
/// permission to look up.
fn covers_kind(wide: CapabilityKind, narrow: CapabilityKind) -> bool {
    covers_kind_as_deny(wide, narrow)
        || (matches!(wide, CapabilityKind::Tcp | CapabilityKind::Udp)
            && narrow == CapabilityKind::Dns)
}

/// Like [`covers_kind`] for a deny: denying connections does not deny lookups granted separately.
fn covers_kind_as_deny(wide: CapabilityKind, narrow: CapabilityKind) -> bool {
    wide == narrow
        || (wide == CapabilityKind::NetworkOutbound
            && matches!(
                narrow,
                CapabilityKind::Tcp | CapabilityKind::Udp | CapabilityKind::Dns
            ))
}

impl HostPorts {
    fn parse(kind: CapabilityKind, text: &str) -> Result<Self, ParseProblem> {
        if text.contains("://") {
            return Err(ParseProblem::new(
                0,
                "write only the host, without scheme or path",
            ));
        }
        let (host, ports) = split_port(text)?;
        let host = HostPattern::parse(host)?;
        let ports = match (kind, ports) {
            (CapabilityKind::NetworkInbound, _)
                if matches!(host, HostPattern::Wildcard(_) | HostPattern::Name(_)) =>
            {
                return Err(ParseProblem::new(
                    0,
                    "write the address to listen on, `127.0.0.1:8080`, or `**:8080` for any",
                ));
            }
            (CapabilityKind::Dns, Some(_)) => {
                return Err(ParseProblem::new(0, "a lookup has no port; remove it"));
            }
            (CapabilityKind::Dns, None) if matches!(host, HostPattern::Network(_)) => {
                return Err(ParseProblem::new(
                    0,
                    "only names are looked up, not addresses",
                ));
            }
            (CapabilityKind::Tcp | CapabilityKind::Udp, None) => {
                return Err(ParseProblem::new(
                    text.len(),
                    "write the port, `db.internal:5432`, or `:*` for any",
                ));
            }
            (_, ports) => ports.unwrap_or_else(PortSet::any),
        };
        Ok(Self { host, ports })
    }

    fn to_text(&self, kind: CapabilityKind) -> String {
        let says_any = matches!(kind, CapabilityKind::Tcp | CapabilityKind::Udp);
        match self.ports.is_any() && !says_any {
            true => self.host.to_string(),
            false => format!("{}:{}", self.host, self.ports),
        }
    }
}

fn parse_rule(text: &str, side: RuleAuthor) -> Result<Rule, CapabilityError> {
    if text.len() > RULE_BYTES_MAX {
        return Err(CapabilityError::TooLong {
            text: escape_for_message(text),
            bytes: text.len(),
            bytes_max: RULE_BYTES_MAX,
        });
    }
    let words = words::split_words(text).map_err(|problem| problem.into_error(text))?;
    let first = words
        .first()
        .filter(|word| word.option_name.is_none())
        .map_or("", |word| &word.text);
    match CapabilityKind::from_word(first) {
        Some(kind) => parse_known(kind, &words[1..], text.len(), side)
            .map_err(|problem| problem.into_error(text)),
        None if is_custom_kind(first) => {
            parse_custom(&words, side).map_err(|problem| problem.into_error(text))
        }
        None => Err(CapabilityError::UnknownKind {
            word: escape_for_message(first),
        }),
    }
}

fn parse_known(
    kind: CapabilityKind,
    words: &[Word],
    end: usize,
    side: RuleAuthor,
) -> Result<Rule, ParseProblem> {
    let targets: Vec<&Word> = words
        .iter()
        .take_while(|word| word.option_name.is_none())
        .collect();
    let options = RuleOptions::parse(kind, &words[targets.len()..], side)?;
    let (target, before) = match (targets.as_slice(), kind) {
        ([methods, url], CapabilityKind::Http) => {
            (*url, Some((methods.text.as_str(), methods.offset)))
        }
        ([target], _) => (*target, None),
        ([], _) => (
            &Word {
                offset: end,
                text: String::new(),
                option_name: None,
            },
            None,
        ),
        ([_, second, ..], _) => {
            let what = "this is one word too many; put a target with a space in quotes";
            return Err(ParseProblem::new(second.offset, what));
        }
    };
    check_target(target)?;
    let scope = match kind {
        CapabilityKind::FileRead | CapabilityKind::FileWrite => {
            let path = PathPattern::parse(&target.text)
                .map_err(|problem| problem.shifted(target.offset))?;
            Scope::File { kind, path }
        }
        CapabilityKind::Http => Scope::Http(Box::new(HttpPattern::parse(
            before,
            &target.text,
            target.offset,
        )?)),
        CapabilityKind::Tcp
        | CapabilityKind::Udp
        | CapabilityKind::NetworkInbound
        | CapabilityKind::NetworkOutbound
        | CapabilityKind::Dns => {
            let hosts = HostPorts::parse(kind, &target.text)
                .map_err(|problem| problem.shifted(target.offset))?;
            Scope::Network { kind, hosts }
        }
        _ => {
            name::check_name(kind, &target.text)
                .map_err(|problem| problem.shifted(target.offset))?;
            Scope::Named {
                kind,
                pattern: target.text.clone(),
            }
        }
    };
    Ok(Rule { scope, options })
}

fn check_target(target: &Word) -> Result<(), ParseProblem> {
    let bytes = target.text.len();
    if bytes <= TARGET_BYTES_MAX {
        return Ok(());
    }
    let what = format!(
        "the target has {bytes} bytes, but at most {TARGET_BYTES_MAX} are allowed; shorten it"
    );
    Err(ParseProblem::new(target.offset, what))
}

/// Checks that a request can have one more option; ignores the request's target.
pub(super) fn check_option(request: &str, name: &str, value: &str) -> Result<(), CapabilityError> {
    let check = || {
        let mut words = words::split_words(request)?;
        words.push(Word {
            offset: request.len() + 1,
            text: value.into(),
            option_name: Some(name.into()),
        });
        match CapabilityKind::from_word(&words[0].text) {
            Some(kind) => {
                let targets = words
                    .iter()
                    .take_while(|word| word.option_name.is_none())
                    .count();
                RuleOptions::parse(kind, &words[targets..], RuleAuthor::Component).map(drop)
            }
            None => parse_custom(&words, RuleAuthor::Component).map(drop),
        }
    };
    check().map_err(|problem| {
        problem.into_error(&format!("{request} {name}={}", words::quote_value(value)))
    })
}

/// Returns `true` for an embedder's kind: a namespaced name, like that of an interface.
fn is_custom_kind(word: &str) -> bool {
    let label = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_lowercase())
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    word.split_once(':')
        .is_some_and(|(namespace, rest)| label(namespace) && rest.split('/').all(label))
}

/// Parses a custom rule. The meaning of its words is defined by the provider.
fn parse_custom(words: &[Word], side: RuleAuthor) -> Result<Rule, ParseProblem> {
    let kind = words[0].text.clone();
    if let Some(word) = words
        .iter()
        .find(|word| word.text.chars().any(super::error::is_hidden))
    {
        return Err(ParseProblem::new(
            word.offset,
            "control and invisible characters are not allowed",
        ));
    }
    let (common, own): (Vec<Word>, Vec<Word>) = words[1..].iter().cloned().partition(|word| {
        word.option_name
            .as_deref()
            .is_some_and(RuleOptions::is_common)
    });
    let options = RuleOptions::parse_common(&common, side)?;
    let words = own
        .iter()
        .map(|word| match &word.option_name {
            Some(name) => format!("{name}={}", words::quote_value(&word.text)),
            None => quote(&word.text).into_owned(),
        })
        .collect();
    Ok(Rule {
        scope: Scope::Custom { kind, words },
        options,
    })
}

impl FromStr for Rule {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_rule(text, RuleAuthor::Operator)
    }
}

impl TryFrom<&Capability> for Rule {
    type Error = CapabilityError;

    fn try_from(capability: &Capability) -> Result<Self, Self::Error> {
        capability.to_string().parse()
    }
}

/// Implemented by hand so that parser tests can count comparisons.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        count_steps(1);
        self.scope == other.scope && self.options == other.options
    }
}

impl Hash for Rule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        count_steps(1);
        self.scope.hash(state);
        self.options.hash(state);
    }
}

impl PartialOrd for Rule {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Orders by scope first, so that rules with the same scope are adjacent.
impl Ord for Rule {
    fn cmp(&self, other: &Self) -> Ordering {
        count_steps(1);
        self.scope
            .cmp(&other.scope)
            .then_with(|| self.options.cmp(&other.options))
    }
}

/// Writes the rule as text, without the value that it sets, which may be confidential.
impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({})", self.without_value())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        let target = self.target();
        if !target.is_empty() {
            write!(f, " {target}")?;
        }
        write!(f, "{}", self.options)
    }
}
