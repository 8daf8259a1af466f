//! The command line.

/// The arguments on the command line.
pub(crate) struct Arguments {
    /// Prints a line of JSON at the end.
    pub(crate) json: bool,
    /// Performs a broken swap, to show that it is detected.
    pub(crate) broken: bool,
    /// The minimum number of calls.
    pub(crate) calls: u64,
}

const USAGE: &str = "demo [--json] [--calls N] [--broken]";

impl Arguments {
    /// Parses the command line.
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
                    arguments.calls =
                        count.ok_or(format!("`--calls` needs a number; usage: {USAGE}"))?;
                }
                other => return Err(format!("unknown argument `{other}`; usage: {USAGE}")),
            }
        }
        Ok(arguments)
    }
}
