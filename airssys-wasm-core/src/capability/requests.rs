//! The capabilities that one component requests. Granting is decided in `policy`.
//!
//! Tests: in this file, `airssys-wasm-core/tests/section_text.rs`.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::error::{ParseProblem, escape_for_message};
use super::need::ReasonsTooLong;
use super::options::RuleOptions;
use super::rule::Scope;
use super::words;
use super::{Capability, CapabilityError, Need, Rule};
use crate::bounds::REASONS_BYTES_MAX;
use crate::section::{self, CAPABILITIES, SectionError};
use crate::steps::count_steps;

/// The capabilities that a component declares it needs, as a set with one canonical text.
///
/// ```
/// use airssys_wasm_core::{Capability, Requests};
///
/// let requests = Requests::new([
///     Capability::NetworkOutbound("api.example.com".into()),
///     Capability::FileRead("/data".into()),
/// ])?;
/// let text = requests.to_section();
/// assert_eq!(text, "airssys:capabilities 1\nfile-read /data\nnetwork-outbound api.example.com\n");
/// assert_eq!(Requests::from_section(text.as_bytes())?, requests);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests(BTreeMap<Rule, Need>);

/// The reason requests cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestsError {
    /// The text is not a section.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// A line is not a request.
    #[error("line {line} of custom section `{CAPABILITIES}`")]
    Capability {
        /// Counted from 1.
        line: usize,
        /// The problem with the line.
        source: CapabilityError,
    },
    /// Two requests for the same target have different options.
    #[error("`{first}` and `{second}` contradict each other; keep one of them")]
    Contradiction {
        /// The first request.
        first: String,
        /// The second request.
        second: String,
    },
    /// The reasons of one optional request are too long together.
    #[error(
        "the reasons for `{rule}` have {bytes} bytes together, but at most {REASONS_BYTES_MAX} are allowed; shorten them, or request it once"
    )]
    ReasonsTooLong {
        /// The requested capability.
        rule: String,
        /// The length of the joined reasons, in bytes.
        bytes: usize,
    },
}

impl Requests {
    /// Creates a set of required requests.
    ///
    /// # Errors
    ///
    /// [`CapabilityError`] for the first capability whose target is not valid for its kind.
    pub fn new(
        capabilities: impl IntoIterator<Item = Capability>,
    ) -> Result<Self, CapabilityError> {
        let required = |capability: Capability| Ok((capability.to_rule()?, Need::Required));
        capabilities.into_iter().map(required).collect()
    }

    /// Reads the text of a custom section; sections joined by a linker are merged.
    ///
    /// # Errors
    ///
    /// [`RequestsError`] if the section or any of its lines is malformed: a component whose
    /// requests cannot be read completely is refused.
    pub fn from_section(bytes: &[u8]) -> Result<Self, RequestsError> {
        // Collected by scope: sorting once at the end is cheaper than keeping the requests sorted.
        let mut found: HashMap<Scope, (RuleOptions, Need)> = HashMap::new();
        for entry in section::read(CAPABILITIES, bytes)? {
            let line = match &*entry.text {
                "" => entry.word.to_owned(),
                text => format!("{} {text}", entry.word),
            };
            let (rule, need) = parse_line(&line).map_err(|source| RequestsError::Capability {
                line: entry.line,
                source,
            })?;
            count_steps(1);
            match found.entry(rule.scope) {
                Entry::Vacant(free) => drop(free.insert((rule.options, need))),
                Entry::Occupied(mut known) => {
                    let scope = known.key().clone();
                    let (options, known) = known.get_mut();
                    let rule = Rule {
                        scope,
                        options: rule.options,
                    };
                    merge_request(options, known, rule, need)?;
                }
            }
        }
        let sorted = found
            .into_iter()
            .map(|(scope, (options, need))| (Rule { scope, options }, need));
        Ok(Self(sorted.collect()))
    }

    /// Returns the canonical text: sorted, without duplicates.
    #[must_use]
    pub fn to_section(&self) -> String {
        let lines: Vec<String> = self
            .iter()
            .map(|(rule, need)| line_text(rule, need))
            .collect();
        section::write(
            CAPABILITIES,
            lines.iter().map(|line| {
                let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
                (word, Cow::Borrowed(rest))
            }),
        )
    }

    /// Adds a request. If it is already present, required wins over optional and reasons are
    /// joined.
    ///
    /// # Errors
    ///
    /// [`RequestsError::Contradiction`] if the same target is already requested with different
    /// options, [`RequestsError::ReasonsTooLong`] if the joined reasons are too long.
    pub fn add(&mut self, rule: Rule, need: Need) -> Result<(), RequestsError> {
        // Rules with the same scope are adjacent; a rule without options comes first.
        let same = self.0.range_mut(rule.without_options()..).next();
        match same.filter(|(known, _)| known.scope == rule.scope) {
            Some((known, known_need)) => merge_request(&known.options, known_need, rule, need),
            None => {
                self.0.insert(rule, need);
                Ok(())
            }
        }
    }

    /// Adds all requests of another set, such as those of a library.
    ///
    /// # Errors
    ///
    /// As for [`add`](Self::add); the requests before the failing one have been added.
    pub fn merge(&mut self, other: Self) -> Result<(), RequestsError> {
        other
            .0
            .into_iter()
            .try_for_each(|(rule, need)| self.add(rule, need))
    }

    /// Iterates over the requests in the order of the canonical text.
    pub fn iter(&self) -> impl Iterator<Item = (&Rule, &Need)> {
        self.0.iter()
    }

    /// Returns `true` if exactly this rule is requested.
    pub(crate) fn contains(&self, rule: &Rule) -> bool {
        self.0.contains_key(rule)
    }

    /// Returns `true` if nothing is requested.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of requested capabilities.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Merges two requests for the same target.
fn merge_request(
    options: &RuleOptions,
    known: &mut Need,
    rule: Rule,
    need: Need,
) -> Result<(), RequestsError> {
    if *options != rule.options {
        let first = Rule {
            scope: rule.scope.clone(),
            options: options.clone(),
        };
        let (first, second) = (
            escape_for_message(&first.to_string()),
            escape_for_message(&rule.to_string()),
        );
        return Err(RequestsError::Contradiction { first, second });
    }
    known
        .merge(need)
        .map_err(|ReasonsTooLong { bytes }| RequestsError::ReasonsTooLong {
            rule: escape_for_message(&rule.to_string()),
            bytes,
        })
}

/// Parses a request, optionally preceded by `optional "why"`.
fn parse_line(line: &str) -> Result<(Rule, Need), CapabilityError> {
    let Some(rest) = line.strip_prefix("optional ") else {
        return Ok((Rule::parse_request(line)?, Need::Required));
    };
    let advice = r#"after `optional`, write the reason in quotes, then the request"#;
    let (need, rule) = words::split_first_quoted(rest)
        .and_then(|(reason, rule)| Some((Need::optional(reason).ok()?, rule)))
        .ok_or_else(|| ParseProblem::new("optional ".len(), advice).into_error(line))?;
    Ok((Rule::parse_request(rule)?, need))
}

fn line_text(rule: &Rule, need: &Need) -> String {
    match need {
        Need::Required => rule.to_string(),
        Need::Optional { reason } => {
            format!("optional {} {rule}", words::enclose_in_quotes(reason))
        }
    }
}

impl FromIterator<(Rule, Need)> for Requests {
    /// Collects requests. For duplicates, required wins over optional; a reason that would exceed
    /// [`REASONS_BYTES_MAX`] is dropped.
    fn from_iter<I: IntoIterator<Item = (Rule, Need)>>(requests: I) -> Self {
        let mut all = BTreeMap::new();
        for (rule, need) in requests {
            match all.get_mut(&rule) {
                None => drop(all.insert(rule, need)),
                Some(known) => drop(Need::merge(known, need)),
            }
        }
        Self(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::{RULE_BYTES_MAX, TARGET_BYTES_MAX};

    fn read(lines: &str) -> Result<Requests, RequestsError> {
        Requests::from_section(format!("airssys:capabilities 1\n{lines}").as_bytes())
    }

    #[test]
    fn merges_the_sections_of_libraries() {
        let joined = "file-read /b\nairssys:capabilities 1\nfile-read /a\nfile-read /b\n";
        let requests = read(joined).expect("joined sections");
        assert_eq!(
            requests.to_section(),
            "airssys:capabilities 1\nfile-read /a\nfile-read /b\n"
        );
    }

    #[test]
    fn one_bad_line_refuses_the_whole_section() {
        let error = read("file-read /a\nfile-read ..\n").expect_err("a bad line");
        assert!(matches!(error, RequestsError::Capability { line: 3, .. }));
    }

    #[test]
    fn required_wins_over_optional() {
        let lines = "optional \"metrics\" dns a.b\noptional \"more\" dns a.b\ndns c.d\noptional \"x\" dns c.d\n";
        let requests = read(lines).expect("requests");
        assert_eq!(
            requests.to_section(),
            "airssys:capabilities 1\noptional \"metrics; more\" dns a.b\ndns c.d\n"
        );
        assert_eq!(
            Requests::from_section(requests.to_section().as_bytes()),
            Ok(requests)
        );
    }

    #[test]
    fn an_optional_request_needs_a_reason() {
        for line in [
            "optional dns a.b",
            "optional \"\" dns a.b",
            "optional \"why\"",
            "optional why dns a.b",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn contradicting_requests_are_rejected() {
        let error =
            read("file-write /c max=1MiB\nfile-write /c max=2MiB\n").expect_err("two limits");
        assert!(
            error.to_string().contains("`file-write /c max=2MiB`"),
            "{error}"
        );
    }

    #[test]
    fn reasons_are_bounded_together() {
        let line = |n: usize| format!("optional \"{}{n}\" dns a.b\n", "x".repeat(100));
        let few: String = (0..30).map(line).collect();
        assert!(read(&few).is_ok());
        let many: String = (0..100).map(line).collect();
        let error = read(&many).expect_err("too many reasons");
        assert!(
            matches!(error, RequestsError::ReasonsTooLong { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("at most 4096"), "{error}");
    }

    #[test]
    fn a_rule_and_its_target_are_bounded() {
        for (line, expected) in [
            (
                format!("config {}", "a ".repeat(RULE_BYTES_MAX / 2)),
                "at most 65536",
            ),
            (
                format!("file-read /{}", "a".repeat(TARGET_BYTES_MAX)),
                "the target has 4097 bytes",
            ),
        ] {
            let error = read(&format!("{line}\n")).expect_err("too long");
            let RequestsError::Capability { source, .. } = error else {
                panic!("{error}")
            };
            assert!(source.to_string().contains(expected), "{source}");
        }
    }

    #[test]
    fn operator_options_are_rejected_in_requests() {
        for line in [
            "file-read /a from=/b",
            "http https://a.b at=10.0.0.0/8",
            "env A value=b",
        ] {
            assert!(
                matches!(read(line), Err(RequestsError::Capability { .. })),
                "{line}"
            );
        }
    }
}
