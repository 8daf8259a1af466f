//! The results as a table and as JSON.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

/// A comparison.
pub(crate) struct Row {
    pub(crate) name: Cow<'static, str>,
    pub(crate) guest: &'static str,
    pub(crate) peer: Cow<'static, str>,
    pub(crate) ours: f64,
    pub(crate) theirs: f64,
    pub(crate) unit: Unit,
    pub(crate) goal: Goal,
}

/// The unit of the figures.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Nanoseconds,
    Bytes,
    PerSecond,
}

/// The goal of a comparison.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// The maximum of our figure divided by the peer's.
    RatioAtMost(f64),
    /// The minimum of our figure divided by the peer's.
    RatioAtLeast(f64),
    /// The maximum of our figure divided by the peer's, or of our figure minus the peer's; either
    /// is enough.
    RatioOrExcessAtMost(f64, f64),
    /// The maximum of our figure.
    AtMost(f64),
    /// No goal; the figures are informative.
    None,
}

impl Row {
    /// Creates a row of two times in nanoseconds. The goal is at most `most` times the peer's time.
    pub(crate) fn from_times(
        name: impl Into<Cow<'static, str>>,
        guest: &'static str,
        peer: impl Into<Cow<'static, str>>,
        (ours, theirs): (f64, f64),
        most: f64,
    ) -> Self {
        let (name, peer) = (name.into(), peer.into());
        Self {
            name,
            guest,
            peer,
            ours,
            theirs,
            unit: Unit::Nanoseconds,
            goal: Goal::RatioAtMost(most),
        }
    }

    fn ratio(&self) -> f64 {
        self.ours / self.theirs
    }

    fn is_met(&self) -> Option<bool> {
        Some(match self.goal {
            Goal::RatioAtMost(most) => self.ratio() <= most,
            Goal::RatioAtLeast(least) => self.ratio() >= least,
            Goal::RatioOrExcessAtMost(most, more) => {
                self.ratio() <= most || self.ours - self.theirs <= more
            }
            Goal::AtMost(most) => self.ours <= most,
            Goal::None => return None,
        })
    }

    fn goal(&self) -> String {
        match self.goal {
            Goal::RatioAtMost(most) => format!("<= {most} x"),
            Goal::RatioAtLeast(least) => format!(">= {least} x"),
            Goal::RatioOrExcessAtMost(most, more) => {
                format!("<= {most} x or +{}", display(more, self.unit))
            }
            Goal::AtMost(most) => format!("<= {}", display(most, self.unit)),
            Goal::None => "none".into(),
        }
    }
}

/// Formats the rows as a table.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = format!(
        "{:<56} {:<16} {:>11} {:>11} {:>8}  {:<18} {:<4} {}\n",
        "what", "guest", "ours", "peer", "ratio", "goal", "met", "peer is"
    );
    for row in rows {
        let _ = writeln!(
            table,
            "{:<56} {:<16} {:>11} {:>11} {:>6.2} x  {:<18} {:<4} {}",
            row.name,
            row.guest,
            display(row.ours, row.unit),
            display(row.theirs, row.unit),
            row.ratio(),
            row.goal(),
            row.is_met()
                .map_or("-", |met| if met { "yes" } else { "NO" }),
            row.peer,
        );
    }
    table
}

/// Writes the rows as JSON.
pub(crate) fn write(rows: &[Row], path: &Path) {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name, "guest": row.guest, "ours_ns": row.ours, "peer": row.peer,
                "peer_ns": row.theirs, "ratio": row.ratio(), "goal": row.goal(), "met": row.is_met(),
                "unit": match row.unit { Unit::Nanoseconds => "ns", Unit::Bytes => "bytes", Unit::PerSecond => "a second" },
            })
        })
        .collect();
    let report = json!({ "rows": rows });
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).expect("the directory of the report can be created");
    }
    std::fs::write(path, format!("{report:#}\n")).expect("the report can be written");
}

/// Formats a figure with its unit.
pub(crate) fn display(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Bytes if value >= 1024.0 * 1024.0 * 10.0 => {
            format!("{:.1} MiB", value / 1024.0 / 1024.0)
        }
        Unit::Bytes => format!("{:.1} KiB", value / 1024.0),
        Unit::PerSecond => format!("{value:.0} /s"),
        Unit::Nanoseconds if value < 10_000.0 => format!("{value:.0} ns"),
        Unit::Nanoseconds if value < 10_000_000.0 => format!("{:.1} us", value / 1e3),
        Unit::Nanoseconds if value < 10_000_000_000.0 => format!("{:.1} ms", value / 1e6),
        Unit::Nanoseconds => format!("{:.1} s", value / 1e9),
    }
}
