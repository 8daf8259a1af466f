//! Tables whose columns are as wide as their contents.
//!
//! Cells are never cut off. On a narrow terminal, lines wrap and can still be copied.
//!
//! Tests: in this file.

use super::{Page, escape};

/// A table of text with a row of headings.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self {
            rows: vec![
                headings
                    .iter()
                    .map(|heading| (*heading).to_owned())
                    .collect(),
            ],
        }
    }

    pub(crate) fn add_row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows
            .push(cells.into_iter().map(|cell| escape::line(&cell)).collect());
    }

    pub(crate) fn to_page(&self) -> Page {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        Page::from_lines(self.rows.iter().map(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let mut table = Table::new(&["NAME", "N"]);
        table.add_row(["greeter".into(), "1".into()]);
        table.add_row(["a\u{1b}[31m".into(), String::new()]);
        assert_eq!(
            table.to_page().text(),
            "NAME         N\ngreeter      1\na\\u{1b}[31m"
        );
    }
}
