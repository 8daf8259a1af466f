//! The fields of a row of the attack table.

use serde::Deserialize;

/// The attack table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) case: Vec<Case>,
    pub(crate) crafted: Vec<CraftedCase>,
}

/// A component whose section must be refused when it is parsed, and its twin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CraftedCase {
    /// A unique description of the attack in a few words.
    pub(crate) name: String,
    /// The name of the custom section, whose header is added.
    pub(crate) section: String,
    /// A line of the section, in which `{n}` stands for the number of the line.
    pub(crate) line: String,
    /// The number of such lines.
    pub(crate) lines: usize,
    /// Part of the error.
    pub(crate) told: String,
    pub(crate) twin: CraftedTwin,
}

/// The component that must be accepted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CraftedTwin {
    /// The line; the row's by default.
    pub(crate) line: Option<String>,
    /// The number of lines; the row's by default.
    pub(crate) lines: Option<usize>,
}

/// An attack and its twin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// A unique description of the attack in a few words.
    pub(crate) name: String,
    /// The grants. `{dir}`, `{http}`, `{tcp}` and so on stand for the directory of the attempt and
    /// the ports of the servers.
    #[serde(default)]
    pub(crate) grants: Vec<String>,
    #[serde(default)]
    pub(crate) deny: Vec<String>,
    /// The requests; by default the guest requests everything that it has imports for.
    pub(crate) requests: Option<Vec<String>>,
    /// Attempts made before it, which must succeed.
    #[serde(default)]
    pub(crate) first: Vec<Vec<String>>,
    /// The rule revoked after those.
    pub(crate) revoke: Option<String>,
    /// A link or directory that the host replaces meanwhile.
    pub(crate) swap: Option<String>,
    pub(crate) attempt: Vec<String>,
    /// The reason on the record; `none` if the attempt never reaches code that records it.
    pub(crate) reason: String,
    /// Part of the error that the guest receives.
    pub(crate) told: Option<String>,
    /// The number of times a server may be reached nevertheless.
    #[serde(default)]
    pub(crate) reaches: usize,
    /// The number of name lookups allowed.
    #[serde(default)]
    pub(crate) lookups: usize,
    pub(crate) twin: Twin,
}

/// The attempt that must succeed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Twin {
    pub(crate) grants: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) deny: Vec<String>,
    pub(crate) requests: Option<Vec<String>>,
    /// The attempt; the row's by default.
    pub(crate) attempt: Option<Vec<String>>,
    /// Part of the result.
    pub(crate) sees: Option<String>,
    /// The expected number of name lookups.
    pub(crate) lookups: Option<usize>,
}

/// Reads the table.
pub(crate) fn read() -> Result<Table, String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/attacks/table.toml");
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let table: Table = toml::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    let crafted = table.crafted.iter().map(|row| row.name.as_str());
    let mut names: Vec<&str> = table
        .case
        .iter()
        .map(|case| case.name.as_str())
        .chain(crafted)
        .collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("{path}: duplicate name `{}`", pair[0])),
        None => Ok(table),
    }
}
