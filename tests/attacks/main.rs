//! The attack table, run: each case by a guest that really tries, with the grants that
//! should refuse it and then with those that should allow it.
//!
//! A case is a row of `table.toml`. An attempt counts as refused if the guest was told so,
//! nothing on disk changed, nothing reached a server, and the refusal is on the record
//! for the reason that the row names. Its twin has to succeed, so that nothing passes
//! because everything is refused.
//!
//! | file | what it does |
//! |---|---|
//! | `table` | what a row says |
//! | `world` | a fresh directory for each attempt, servers that count, names that lie |
//! | `case` | one row, carried out |
//! | `crafted` | one row about a component's bytes |
//! | `report` | the outcome |

mod case;
mod crafted;
mod report;
mod table;
mod world;

use std::process::ExitCode;

use crate::report::Report;
use crate::world::World;

#[tokio::main]
async fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--json")
        .collect();
    let table = match table::read() {
        Ok(table) => table,
        Err(error) => {
            report::say(&format!("error: {error}"));
            return ExitCode::from(2);
        }
    };
    let world = World::new().await;
    let mut report = Report::default();
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    for case in table.case.iter().filter(|case| is_wanted(&case.name)) {
        let outcome = case::carry_out(&world, case).await;
        report.add(&case.name, &outcome);
    }
    for row in table.crafted.iter().filter(|row| is_wanted(&row.name)) {
        report.add(&row.name, &crafted::carry_out(row));
    }
    report.print(std::env::args().any(|argument| argument == "--json"));
    if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
