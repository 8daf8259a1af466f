//! Grants, denies and revocations of a deployment.
//!
//! Parsing and canonical text; `decide` applies them to requests.
//! Tests: in this file, `airssys-wasm-core/src/policy/toml.rs`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::bounds::GRANTS_BYTES_MAX;
use crate::capability::escape_for_message;
use crate::{CapabilityError, Rule};

/// The rules an operator grants to a deployment, and those they deny.
///
/// Empty by default. A deny wins over every grant, in any order. A [`Rule`] is a kind, a target and
/// options: `file-read /data from=/srv/data`. `docs/formats.md` lists the options, and
/// `wit/README.md` the kinds. The text has one rule per line, with `deny` before a denied rule:
///
/// ```
/// use airssys_wasm_core::policy::Grants;
///
/// let grants = Grants::new()
///     .allow("http GET https://api.example.com/v1/**")?
///     .deny("http https://api.example.com/v1/admin/**")?;
/// let text = grants.to_string();
/// assert_eq!(text, "deny http https://api.example.com/v1/admin/**\nhttp GET https://api.example.com/v1/**\n");
/// assert_eq!(text.parse::<Grants>()?, grants);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    pub(super) allowed: BTreeSet<Rule>,
    pub(super) denied: BTreeSet<Rule>,
    /// Grants that were revoked. Applied like denies.
    pub(super) revoked: BTreeSet<Rule>,
    pub(super) shortfall: Shortfall,
}

/// The handling of a component that requires more than it is granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shortfall {
    /// The component is not deployed.
    #[default]
    Refuse,
    /// The component runs, and operations that are not granted are denied.
    RunWithLess,
}

/// A line of grants that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {source}")]
pub struct GrantsError {
    /// Counted from 1.
    pub line: usize,
    /// The problem with the line.
    pub source: CapabilityError,
}

impl Grants {
    /// Creates empty grants.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a grant.
    ///
    /// # Errors
    ///
    /// [`CapabilityError`] if the text is not a rule.
    pub fn allow(self, rule: &str) -> Result<Self, CapabilityError> {
        Ok(self.with_rule(rule.parse()?))
    }

    /// Adds a deny, which wins over every grant.
    ///
    /// # Errors
    ///
    /// [`CapabilityError`] if the text is not a rule.
    pub fn deny(mut self, rule: &str) -> Result<Self, CapabilityError> {
        self.denied.insert(rule.parse::<Rule>()?.without_options());
        Ok(self)
    }

    /// Adds a grant, and lifts a revocation of exactly this rule. Revocations within a wider rule
    /// remain in force; see [`review_revocations`](Self::review_revocations).
    #[must_use]
    pub fn with_rule(mut self, rule: Rule) -> Self {
        if !self.revoked.is_empty() {
            self.revoked.remove(&rule.without_options());
        }
        self.allowed.insert(rule);
        self
    }

    /// Removes revocations.
    #[must_use]
    pub fn without_revoked(mut self, lifted: &[Rule]) -> Self {
        for rule in lifted {
            self.revoked.remove(&rule.without_options());
        }
        self
    }

    /// Sets the handling of a component that requires more than it is granted. Defaults to
    /// [`Shortfall::Refuse`].
    #[must_use]
    pub fn with_shortfall(self, shortfall: Shortfall) -> Self {
        Self { shortfall, ..self }
    }

    /// The handling of a component that requires more than it is granted.
    #[must_use]
    pub fn shortfall(&self) -> Shortfall {
        self.shortfall
    }

    /// Revokes a rule. Returns the affected grants: empty if nothing of the kind was granted.
    pub fn revoke(&mut self, rule: &Rule) -> Vec<Rule> {
        let touched = self
            .allowed
            .iter()
            .filter(|granted| rule.covers_as_deny(granted) || rule.overlaps(granted));
        let touched = touched.cloned().collect();
        self.revoked.insert(rule.without_options());
        touched
    }

    /// Returns the deny or revocation that leaves nothing of a grant.
    pub(super) fn full_denial(&self, grant: &Rule) -> Option<super::DenialReason> {
        let taking = |rules: &BTreeSet<Rule>| {
            rules
                .iter()
                .find(|rule| rule.covers_as_deny(grant))
                .cloned()
        };
        let denied = taking(&self.denied).map(|rule| super::DenialReason::Denied { rule });
        denied.or_else(|| taking(&self.revoked).map(|rule| super::DenialReason::Revoked { rule }))
    }

    /// Iterates over the grants.
    pub fn allowed(&self) -> impl Iterator<Item = &Rule> {
        self.allowed.iter()
    }

    /// Iterates over the denies.
    pub fn denied(&self) -> impl Iterator<Item = &Rule> {
        self.denied.iter()
    }

    /// Iterates over the revocations.
    pub fn revoked(&self) -> impl Iterator<Item = &Rule> {
        self.revoked.iter()
    }
}

impl FromStr for Grants {
    type Err = GrantsError;

    /// Parses one rule per line. Ignores empty lines, and lines that begin with `#`.
    ///
    /// # Errors
    ///
    /// [`GrantsError`] for the first line that cannot be read, and for a text longer than
    /// [`GRANTS_BYTES_MAX`] bytes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > GRANTS_BYTES_MAX {
            let (bytes, bytes_max) = (text.len(), GRANTS_BYTES_MAX);
            let source = CapabilityError::TooLong {
                text: escape_for_message(text),
                bytes,
                bytes_max,
            };
            return Err(GrantsError { line: 1, source });
        }
        // Sorting rules at the end is cheaper than keeping them sorted.
        let (mut allowed, mut denied, mut revoked) = (Vec::new(), Vec::new(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            let read = |rule: &str| {
                rule.parse::<Rule>().map_err(|source| GrantsError {
                    line: index + 1,
                    source,
                })
            };
            if line.is_empty() || line.starts_with('#') {
                continue;
            } else if let Some(rule) = line.strip_prefix("deny ") {
                denied.push(read(rule)?.without_options());
            } else if let Some(rule) = line.strip_prefix("revoked ") {
                revoked.push(read(rule)?.without_options());
            } else {
                allowed.push(read(line)?);
            }
        }
        Ok(Self {
            allowed: allowed.into_iter().collect(),
            denied: denied.into_iter().collect(),
            revoked: revoked.into_iter().collect(),
            ..Self::new()
        })
    }
}

impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.denied
            .iter()
            .try_for_each(|rule| writeln!(f, "deny {rule}"))?;
        self.revoked
            .iter()
            .try_for_each(|rule| writeln!(f, "revoked {rule}"))?;
        self.allowed
            .iter()
            .try_for_each(|rule| writeln!(f, "{rule}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_contain_the_line() {
        let error = "file-read /a\n\n# why\nfile-raed /b\n"
            .parse::<Grants>()
            .expect_err("a slip");
        assert_eq!(error.line, 4);
        assert!(
            error.to_string().contains("did you mean `file-read`?"),
            "{error}"
        );
    }

    #[test]
    fn granting_again_lifts_a_revocation() {
        let mut grants = Grants::new().allow("file-read /data").expect("a rule");
        let rule: Rule = "file-read /data/x".parse().expect("a rule");
        assert_eq!(grants.revoke(&rule).len(), 1);
        assert_eq!(
            grants.to_string(),
            "revoked file-read /data/x\nfile-read /data\n"
        );
        assert_eq!(grants.to_string().parse(), Ok(grants.clone()));
        let wider = grants.clone().allow("file-read /data").expect("a rule");
        assert_eq!(wider, grants, "a wider grant does not name it");
        let again = grants.clone().allow("file-read /data/x").expect("a rule");
        assert_eq!(again.to_string(), "file-read /data\nfile-read /data/x\n");
        assert_eq!(
            grants.without_revoked(&[rule]).to_string(),
            "file-read /data\n"
        );
        let mut grants = Grants::new()
            .allow("file-write /log max=1MiB mode=append")
            .expect("a rule");
        let rule = grants.allowed().next().expect("a grant").clone();
        assert_eq!(grants.revoke(&rule).len(), 1);
        assert_eq!(grants.with_rule(rule).revoked().count(), 0);
    }

    #[test]
    fn revoking_affects_grants_regardless_of_options() {
        for (granted, revoked) in [
            ("file-write /log mode=append", "file-write /log/x"),
            ("file-write /log max=1MiB", "file-write /"),
            ("tcp 10.0.0.1:80 until=2030-01-01T00:00:00Z", "tcp **:*"),
        ] {
            let mut grants = Grants::new().allow(granted).expect(granted);
            assert_eq!(
                grants.revoke(&revoked.parse().expect(revoked)).len(),
                1,
                "{granted}: {revoked}"
            );
        }
    }
}
