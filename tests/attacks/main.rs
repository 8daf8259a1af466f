//! Runs the attack table: each case by a guest that really attempts it, with grants that must
//! refuse it and then with grants that must allow it.
//!
//! A case is a row of `table.toml`. An attempt counts as refused if the guest received an error,
//! nothing on disk changed, no server was reached, and the refusal is on the record for the reason
//! that the row names. Its twin must succeed, so that no case passes because everything is refused.
//!
//! | file | contents |
//! |---|---|
//! | `table` | the fields of a row |
//! | `world` | a new directory for each attempt, servers that count requests, forged names |
//! | `case` | running a row |
//! | `crafted` | running a row about a component's bytes |
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
            report::print_line(&format!("error: {error}"));
            return ExitCode::from(2);
        }
    };
    let world = World::new().await;
    let mut report = Report::default();
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    for case in table.case.iter().filter(|case| is_wanted(&case.name)) {
        let outcome = case::run(&world, case).await;
        report.add(&case.name, &outcome);
    }
    for row in table.crafted.iter().filter(|row| is_wanted(&row.name)) {
        report.add(&row.name, &crafted::run(row));
    }
    report.print(std::env::args().any(|argument| argument == "--json"));
    if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
