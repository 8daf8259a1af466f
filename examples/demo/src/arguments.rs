//! The command line.

/// What was asked for.
pub(crate) struct Arguments {
    /// Ends with a line of JSON.
    pub(crate) json: bool,
    /// Swaps wrongly, to show that it is caught.
    pub(crate) broken: bool,
    /// Calls to make at least.
    pub(crate) calls: u64,
}

const USAGE: &str = "demo [--json] [--calls N] [--broken]";

impl Arguments {
    /// Reads them.
    pub(crate) fn from_env() -> Result<Self, String> {
        let mut arguments = Self {
            json: false,
            broken: false,
            calls: 1_000_000,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => arguments.json = true,
                "--broken" => arguments.broken = true,
                "--calls" => {
                    let count = words.next().and_then(|count| count.parse().ok());
                    arguments.calls = count.ok_or(format!("`--calls` wants a number: {USAGE}"))?;
                }
                other => return Err(format!("`{other}` is not known: {USAGE}")),
            }
        }
        Ok(arguments)
    }
}
