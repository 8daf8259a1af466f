//! What a row of the attack table says.

use serde::Deserialize;

/// The whole table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) case: Vec<Case>,
    pub(crate) crafted: Vec<Crafted>,
}

/// A component whose section should be refused when it is read, and its twin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Crafted {
    /// What is tried, in a few words; each name once.
    pub(crate) name: String,
    /// The custom section; its header goes without saying.
    pub(crate) section: String,
    /// A line of it, in which `{n}` stands for a number that counts.
    pub(crate) line: String,
    /// How many such lines there are.
    pub(crate) lines: usize,
    /// Part of the error.
    pub(crate) told: String,
    pub(crate) twin: CraftedTwin,
}

/// What should be read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CraftedTwin {
    /// The same line unless said.
    pub(crate) line: Option<String>,
    /// As many unless said.
    pub(crate) lines: Option<usize>,
}

/// One attack, and its twin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What is tried, in a few words; each name once.
    pub(crate) name: String,
    /// What is granted. `{dir}`, `{http}`, `{tcp}` and the like stand for the attempt's own
    /// directory and the servers' ports.
    #[serde(default)]
    pub(crate) grants: Vec<String>,
    #[serde(default)]
    pub(crate) deny: Vec<String>,
    /// What is requested; whatever it imports the means for unless said.
    pub(crate) requests: Option<Vec<String>>,
    /// Attempts before it, which have to succeed.
    #[serde(default)]
    pub(crate) first: Vec<Vec<String>>,
    /// What is revoked after those.
    pub(crate) revoke: Option<String>,
    /// A link or directory that somebody else swaps meanwhile.
    pub(crate) swap: Option<String>,
    pub(crate) attempt: Vec<String>,
    /// The reason on the record; `none` where nothing reaches a room that could record it.
    pub(crate) reason: String,
    /// Part of what the guest is told.
    pub(crate) told: Option<String>,
    /// How often a server may be reached all the same.
    #[serde(default)]
    pub(crate) reaches: usize,
    /// How often a name may be asked for.
    #[serde(default)]
    pub(crate) lookups: usize,
    pub(crate) twin: Twin,
}

/// What should succeed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Twin {
    pub(crate) grants: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) deny: Vec<String>,
    pub(crate) requests: Option<Vec<String>>,
    /// The same attempt unless said.
    pub(crate) attempt: Option<Vec<String>>,
    /// Part of what is seen.
    pub(crate) sees: Option<String>,
    /// How often a name is asked for.
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
        Some(pair) => Err(format!("{path}: `{}` is there twice", pair[0])),
        None => Ok(table),
    }
}
