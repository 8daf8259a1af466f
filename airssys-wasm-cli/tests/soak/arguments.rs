//! Arguments of this program, which is run by `cargo xtask soak`, by itself, or as one of many tests.

use std::time::Duration;

/// Has it answer as the control process.
pub(crate) const CONTROL: &str = "--control";

/// Its name as a test.
const NAME: &str = "soak";

pub(crate) enum Arguments {
    Run(Load),
    Control,
    /// Print the tests there are.
    List,
    /// Other tests are wanted.
    Skip,
}

pub(crate) struct Load {
    pub(crate) time: Duration,
    /// The share of answers that have to come in time.
    pub(crate) in_time_min: f64,
}

/// As a test, it takes so long.
const TEST: Duration = Duration::from_secs(15);

/// The promise of a soak.
const IN_TIME_MIN: f64 = 0.999;

/// Less of a test, which may be run on a machine that has ten other things to do, which delays a
/// process that is busy itself more than the control.
const IN_TIME_MIN_OF_TEST: f64 = 0.95;

/// Reads `--minutes N` and `--seconds N`. What else begins with a dash is for other test programs,
/// and what does not is a part of the name of the tests that are wanted.
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
                let number = number.ok_or_else(|| format!("write a number behind `{argument}`"))?;
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
