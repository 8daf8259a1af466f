//! A row of the output, and the version that made it.

use crate::{Result, table};

/// The tax rate of the first version, in percent.
pub(crate) const OLD: u64 = 19;
/// The tax rate of the second version, in percent.
pub(crate) const NEW: u64 = 20;

/// A row of the output.
pub(crate) struct Row {
    /// The line from which it was made.
    pub(crate) line: u64,
    id: u64,
    cents: u64,
    tax: u64,
    percent: u64,
}

/// The totals of some rows.
pub(crate) struct Totals {
    pub(crate) rows: usize,
    pub(crate) cents: u64,
    pub(crate) tax: u64,
}

impl Row {
    /// Reads `id,country,cents,tax,percent`.
    pub(crate) fn read(line: u64, text: &str) -> Result<Self> {
        let columns: Vec<&str> = text.split(',').collect();
        let [id, _, cents, tax, percent] = columns[..] else {
            return Err(format!("`{text}` is not a row").into());
        };
        let (id, cents, tax, percent) =
            (id.parse()?, cents.parse()?, tax.parse()?, percent.parse()?);
        Ok(Self {
            line,
            id,
            cents,
            tax,
            percent,
        })
    }

    /// Returns `true` if the row is the order of its line, with the tax of one of the versions.
    pub(crate) fn is_right(&self) -> bool {
        let is_known = [OLD, NEW].contains(&self.percent);
        let is_order = self.id == self.line && self.cents == table::price(self.line);
        is_known && is_order && self.tax == self.cents * self.percent / 100
    }

    /// Returns `true` if the second version made it.
    pub(crate) fn is_new(&self) -> bool {
        self.percent == NEW
    }
}

impl Totals {
    /// Returns the totals of the rows with a tax rate.
    pub(crate) fn for_rate(rows: &[Row], percent: u64) -> Self {
        let nothing = Self {
            rows: 0,
            cents: 0,
            tax: 0,
        };
        rows.iter()
            .filter(|row| row.percent == percent)
            .fold(nothing, |sum, row| Self {
                rows: sum.rows + 1,
                cents: sum.cents + row.cents,
                tax: sum.tax + row.tax,
            })
    }
}
