//! What a row of the attack table says.

use serde::Deserialize;

/// The whole table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Case>,
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
pub(crate) fn read() -> Result<Vec<Case>, String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/attacks/table.toml");
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let table: Table = toml::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    let mut names: Vec<&str> = table.case.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("{path}: `{}` is there twice", pair[0])),
        None => Ok(table.case),
    }
}
