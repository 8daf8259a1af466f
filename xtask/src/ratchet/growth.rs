//! The growth of a row, and the functions that caused it.

use super::callgrind::Profile;
use super::{PROGRAM, PROGRAM_GROWTH_PERCENT_MAX, Row};

/// Functions that are named for a row that grew.
const FUNCTIONS_NAMED: usize = 5;

/// Prints a row beside its entry in the table; describes it if it grew beyond its bound.
pub fn of_row(row: &Row, before: Option<&Profile>, now: &Profile) -> Option<String> {
    let total = before.map(Profile::total);
    let description = grown(row.name, total, now.total(), row.growth_percent_max)?;
    let functions = before.map_or_else(Vec::new, |before| causes(before, now));
    Some(format!("{description}\n{}", functions.join("\n")))
}

/// Prints the size of the command's program beside its entry in the table; describes it if it grew
/// beyond its bound.
pub fn of_program(before: Option<f64>, bytes: f64) -> Option<String> {
    grown(PROGRAM, before, bytes, PROGRAM_GROWTH_PERCENT_MAX)
}

fn grown(name: &str, before: Option<f64>, now: f64, percent_max: f64) -> Option<String> {
    let Some(before) = before else {
        eprintln!("{name:<16} {now:>12.0}");
        return Some(format!("`{name}` is not in the table: {now:.0}"));
    };
    let percent = (now / before - 1.0) * 100.0;
    eprintln!("{name:<16} {now:>12.0} {percent:>+7.1} %");
    (percent > percent_max).then(|| {
        format!("`{name}` grew by {percent:.1} %, from {before:.0} to {now:.0}; {percent_max} % are allowed")
    })
}

/// The functions that grew the most, in instructions of one operation.
fn causes(before: &Profile, now: &Profile) -> Vec<String> {
    let mut grown: Vec<(f64, &str)> = now
        .0
        .iter()
        .map(|(function, count)| {
            let before = before.0.get(function).copied().unwrap_or_default();
            (count - before, function.as_str())
        })
        .collect();
    grown.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let named = grown.into_iter().take(FUNCTIONS_NAMED);
    named
        .filter(|(growth, _)| *growth >= 1.0)
        .map(|(growth, function)| format!("  {growth:+.0} in {function}"))
        .collect()
}
