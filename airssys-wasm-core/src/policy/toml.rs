//! Grants and requests as TOML.
//!
//! Rejects files with unknown keys or without the required list, so that a truncated file does not
//! count as an empty one. Errors contain line and column.
//! Tests: in this file, `airssys-wasm-core/tests/forms.rs`.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::{Grants, Shortfall};
use crate::bounds::GRANTS_BYTES_MAX;
use crate::capability::escape_for_message;
use crate::{CapabilityError, Need, Requests, Rule};

/// A problem in a TOML file and its position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct TomlError {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The problem and how to fix it.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct GrantsFile {
    allow: Vec<Spanned<String>>,
    #[serde(default)]
    deny: Vec<Spanned<String>>,
    #[serde(default)]
    revoked: Vec<Spanned<String>>,
    #[serde(default)]
    shortfall: ShortfallOption,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ShortfallOption {
    #[default]
    Refuse,
    RunWithLess,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestsFile {
    require: Vec<Spanned<String>>,
    #[serde(default)]
    optional: Vec<OptionalRequest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionalRequest {
    request: Spanned<String>,
    reason: Spanned<String>,
}

impl Grants {
    /// Reads grants from TOML: a list `allow`, optional lists `deny` and `revoked`, all of texts as
    /// in [`allow`](Self::allow), and an optional `shortfall`.
    ///
    /// ```
    /// use airssys_wasm_core::policy::Grants;
    ///
    /// let grants = Grants::from_toml(r#"
    ///     allow = ["file-read /data", "file-write /cache max=64MiB"]
    ///     deny = ["file-read /data/private"]
    ///     shortfall = "run-with-less"
    /// "#)?;
    /// assert_eq!(Grants::from_toml(&grants.to_toml())?, grants);
    /// # Ok::<(), airssys_wasm_core::policy::TomlError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TomlError`] for the first problem, and for texts longer than [`GRANTS_BYTES_MAX`] bytes.
    pub fn from_toml(text: &str) -> Result<Self, TomlError> {
        Self::from_toml_bounded(text, GRANTS_BYTES_MAX)
    }

    /// Like [`from_toml`](Self::from_toml), for texts of at most `bytes_max` bytes. Intended for
    /// texts whose size was bounded when they were written.
    ///
    /// # Errors
    ///
    /// [`TomlError`] as for [`from_toml`](Self::from_toml).
    pub fn from_toml_bounded(text: &str, bytes_max: usize) -> Result<Self, TomlError> {
        let file: GrantsFile = parse_toml(text, bytes_max)?;
        let shortfall = match file.shortfall {
            ShortfallOption::Refuse => Shortfall::Refuse,
            ShortfallOption::RunWithLess => Shortfall::RunWithLess,
        };
        let mut allowed = HashSet::new();
        for written in &file.allow {
            let rule = parse_rule(text, written, |text| text.parse())?;
            if !allowed.insert(rule) {
                return Err(duplicate_rule(text, written));
            }
        }
        let without_options = |text: &str| text.parse::<Rule>().map(|rule| rule.without_options());
        let taking = |written: &[Spanned<String>]| -> Result<Vec<Rule>, TomlError> {
            written
                .iter()
                .map(|written| parse_rule(text, written, without_options))
                .collect()
        };
        Ok(Self {
            allowed: allowed.into_iter().collect(),
            denied: taking(&file.deny)?.into_iter().collect(),
            revoked: taking(&file.revoked)?.into_iter().collect(),
            shortfall,
        })
    }

    /// Returns the grants as TOML, as read by [`from_toml`](Self::from_toml).
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = toml_list("allow", self.allowed.iter());
        if !self.denied.is_empty() {
            text += &toml_list("deny", self.denied.iter());
        }
        if !self.revoked.is_empty() {
            text += &toml_list("revoked", self.revoked.iter());
        }
        if self.shortfall == Shortfall::RunWithLess {
            text += "shortfall = \"run-with-less\"\n";
        }
        text
    }
}

impl Requests {
    /// Reads requests from TOML, for a component without a custom section: a list `require`, and
    /// optional tables `optional` with a `request` and a `reason`.
    ///
    /// ```
    /// use airssys_wasm_core::Requests;
    ///
    /// let requests = Requests::from_toml(r#"
    ///     require = ["http GET https://api.example.com/v1/**"]
    ///     optional = [{ request = "dns *.internal", reason = "finds peers" }]
    /// "#)?;
    /// assert_eq!(requests.len(), 2);
    /// # Ok::<(), airssys_wasm_core::policy::TomlError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TomlError`] for the first problem.
    pub fn from_toml(text: &str) -> Result<Self, TomlError> {
        let file: RequestsFile = parse_toml(text, GRANTS_BYTES_MAX)?;
        let mut requests = Self::default();
        let parse = |written| parse_rule(text, written, Rule::parse_request);
        for written in &file.require {
            let added = requests.add(parse(written)?, Need::Required);
            added.map_err(|error| error_at(text, written.span().start, error))?;
        }
        for OptionalRequest { request, reason } in &file.optional {
            let need = Need::optional(reason.get_ref().clone());
            let need = need.map_err(|error| error_at(text, reason.span().start, error))?;
            let added = requests.add(parse(request)?, need);
            added.map_err(|error| error_at(text, request.span().start, error))?;
        }
        Ok(requests)
    }
}

/// Parses a text of at most `bytes_max` bytes.
pub(crate) fn parse_toml<T: for<'de> Deserialize<'de>>(
    text: &str,
    bytes_max: usize,
) -> Result<T, TomlError> {
    if text.len() > bytes_max {
        let bytes = text.len();
        let problem =
            format!("the text has {bytes} bytes, but at most {bytes_max} are allowed; shorten it");
        return Err(TomlError {
            line: 1,
            column: 1,
            problem,
        });
    }
    toml::from_str(text).map_err(|error| {
        error_at(
            text,
            error.span().map_or(0, |span| span.start),
            escape_for_message(error.message()),
        )
    })
}

fn parse_rule(
    text: &str,
    written: &Spanned<String>,
    parse: impl Fn(&str) -> Result<Rule, CapabilityError>,
) -> Result<Rule, TomlError> {
    parse(written.get_ref()).map_err(|error| error_at(text, written.span().start, error))
}

fn duplicate_rule(text: &str, written: &Spanned<String>) -> TomlError {
    error_at(
        text,
        written.span().start,
        format!(
            "`{}` is listed twice; remove one",
            escape_for_message(written.get_ref())
        ),
    )
}

/// Creates an error for a byte offset in a text.
fn error_at(text: &str, byte: usize, problem: impl fmt::Display) -> TomlError {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    TomlError {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        problem: problem.to_string(),
    }
}

fn toml_list<'a>(key: &str, rules: impl Iterator<Item = &'a Rule>) -> String {
    let lines: String = rules
        .map(|rule| format!("    {},\n", toml::Value::from(rule.to_string())))
        .collect();
    if lines.is_empty() {
        format!("{key} = []\n")
    } else {
        format!("{key} = [\n{lines}]\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_line_and_column() {
        for (text, line, column, expected) in [
            (
                "allow = [\"file-raed /a\"]",
                1,
                10,
                "did you mean `file-read`?",
            ),
            ("allow = [\"read /a\"]", 1, 10, "did you mean `file-read`?"),
            (
                "allow = [\n  \"file-read /a\",\n  \"file-read b\",\n]",
                3,
                3,
                "begins with `/`",
            ),
            ("alow = []", 1, 1, "unknown field `alow`"),
            ("allow = []\nallow = []", 2, 1, "duplicate"),
            ("deny = []", 1, 1, "missing field `allow`"),
            ("", 1, 1, "missing field `allow`"),
            ("allow = \"file-read /a\"", 1, 9, "invalid type"),
            ("allow = [1]", 1, 10, "invalid type"),
            (
                "allow = [\"file-write /a max=lots\"]",
                1,
                10,
                "number of bytes",
            ),
            (
                "allow = []\nshortfall = \"maybe\"",
                2,
                13,
                "unknown variant",
            ),
            ("allow = [\"dns a.b\", \"dns a.b\"]", 1, 21, "listed twice"),
            ("allow = [", 1, 10, ""),
            ("allow = []\n\"\\u001b[2J\" = 1", 2, 1, "`\\u{1b}[2J`"),
        ] {
            let error = Grants::from_toml(text).expect_err(text);
            assert!(error.problem.contains(expected), "{text}: {error}");
            assert_eq!(
                (error.line, error.column),
                (line, column),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn operator_options_are_rejected_in_toml_requests() {
        let error =
            Requests::from_toml("require = [\"file-read /a from=/b\"]").expect_err("an option");
        assert!(error.problem.contains("be set by the operator"), "{error}");
    }
}
