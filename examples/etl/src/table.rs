//! The table: 100,000 lines with fixed contents, three of which are not orders.

use std::fs::File;
use std::io::{BufWriter, Result, Write as _};
use std::path::Path;

/// The number of lines.
pub(crate) const LINES: u64 = 100_000;

const COUNTRIES: [&str; 5] = ["at", "de", "fr", "id", "nl"];

/// Writes the table.
pub(crate) fn write(file: &Path) -> Result<()> {
    let mut file = BufWriter::new(File::create(file)?);
    for line in 1..=LINES {
        match malformed(line) {
            Some(text) => writeln!(file, "{text}")?,
            None => writeln!(
                file,
                "{line},{},{}",
                COUNTRIES[(line % 5) as usize],
                price(line)
            )?,
        }
    }
    file.flush()
}

/// Returns the sum of all prices.
pub(crate) fn cents() -> u64 {
    (1..=LINES)
        .filter(|line| malformed(*line).is_none())
        .map(price)
        .sum()
}

/// Returns the price of the order in a line, in cents.
pub(crate) fn price(line: u64) -> u64 {
    line * 7_919 % 100_000 + 100
}

/// Returns the text of a line that is not an order.
fn malformed(line: u64) -> Option<&'static str> {
    match line {
        17 => Some("17,de"),
        44_444 => Some("44444,fr,cheap"),
        99_999 => Some("99999,,1200"),
        _ => None,
    }
}
