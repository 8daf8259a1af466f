//! The program's arguments. It is run by `cargo xtask soak`, directly, or as one of many tests.

use std::time::Duration;

/// Makes the program run as the control process.
pub(crate) const CONTROL: &str = "--control";

/// The program's name as a test.
const NAME: &str = "soak";

pub(crate) enum Arguments {
    Run(Load),
    Control,
    /// Print the list of tests.
    List,
    /// Do nothing: other tests were selected.
    Skip,
}

pub(crate) struct Load {
    pub(crate) time: Duration,
    /// The minimum share of responses that must arrive in time.
    pub(crate) in_time_min: f64,
}

/// Duration as a test.
const TEST: Duration = Duration::from_secs(15);

/// The share that a soak must reach.
const IN_TIME_MIN: f64 = 0.999;

/// The share that a test must reach. It is lower because a test may run on a busy machine, which
/// delays a process under load more than the control process.
const IN_TIME_MIN_OF_TEST: f64 = 0.95;

/// Parses `--minutes N` and `--seconds N`. Ignores other options, which are for other test
/// programs. Any other argument is part of the name of a selected test.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let arguments: Vec<String> = arguments.collect();
    let mut load = Load {
        time: TEST,
        in_time_min: IN_TIME_MIN_OF_TEST,
    };
    let mut wanted = Vec::new();
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match argument {
            CONTROL => return Ok(Arguments::Control),
            "--list" => return Ok(Arguments::List),
            "--minutes" | "--seconds" => {
                let unit = if argument == "--minutes" { 60 } else { 1 };
                let number = rest.next().and_then(|number| number.parse::<u32>().ok());
                let number = number.ok_or_else(|| format!("`{argument}` needs a number"))?;
                load = Load {
                    time: Duration::from_secs(unit) * number,
                    in_time_min: IN_TIME_MIN,
                };
            }
            option if option.starts_with('-') => {}
            name => wanted.push(name),
        }
    }
    let is_wanted = wanted.is_empty() || wanted.iter().any(|part| NAME.contains(part));
    Ok(if is_wanted {
        Arguments::Run(load)
    } else {
        Arguments::Skip
    })
}
