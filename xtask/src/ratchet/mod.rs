//! Counts the instructions of each operation and compares them with a checked-in table.
//!
//! `tests/ratchet` runs an operation N times. Callgrind counts the instructions of two runs with
//! different N, and their difference is exact: free of set-up, clocks and other load. The table is
//! `tests/ratchet/table.tsv`; `tests/ratchet/functions` lists the functions in which each row
//! spends its instructions, so that a row that grows names the function that grew.

mod binary_size;
mod callgrind;
mod growth;
mod table;

use std::path::{Path, PathBuf};

use crate::shell::{output, program, root};
use callgrind::{Profile, Threads};
use table::Table;

/// An operation and how it is measured.
struct Row {
    name: &'static str,
    /// The counts of the two runs that are compared.
    counts: [u32; 2],
    threads: Threads,
    growth_percent_max: f64,
}

const fn row(name: &'static str, counts: [u32; 2]) -> Row {
    Row {
        name,
        counts,
        threads: Threads::First,
        growth_percent_max: 2.0,
    }
}

const ROWS: [Row; 8] = [
    row("warm-call", [500, 10_500]),
    row("fresh-instance", [50, 550]),
    row("link", [200, 4_200]),
    row("typed-hop", [200, 4_200]),
    row("fused-hop", [200, 4_200]),
    Row {
        growth_percent_max: 10.0,
        ..row("http-request", [50, 550])
    },
    Row {
        threads: Threads::All,
        growth_percent_max: 10.0,
        ..row("update", [10, 50])
    },
    row("decision", [100, 2_100]),
];

/// The row of the command's program, in bytes.
const PROGRAM: &str = "airssys-wasm";
const PROGRAM_GROWTH_PERCENT_MAX: f64 = 2.0;

/// Measures every row, or those that are named, and fails if one grew; `--bless` writes the table.
pub fn run(arguments: &[String]) -> Result<(), String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        eprintln!("the table holds for Linux on x86-64 only; nothing is measured");
        return Ok(());
    }
    crate::tools::ensure("valgrind")?;
    let is_blessed = arguments.iter().any(|argument| argument == "--bless");
    let is_wanted = |name: &str| {
        let mut names = arguments
            .iter()
            .filter(|name| *name != "--bless")
            .peekable();
        names.peek().is_none() || names.any(|wanted| wanted == name)
    };
    let ratchet = path_of("ratchet")?;
    let mut table = Table::read(root().join("tests/ratchet"))?;
    let mut grown = Vec::new();
    for row in ROWS.iter().filter(|row| is_wanted(row.name)) {
        let measured = measure(row, &ratchet)?;
        grown.extend(growth::of_row(row, table.row(row.name), &measured));
        table.set(row.name, measured);
    }
    if is_wanted(PROGRAM) {
        let size = binary_size::loaded_bytes(&path_of(PROGRAM)?)?;
        grown.extend(growth::of_program(table.total(PROGRAM), size));
        table.set_total(PROGRAM, size);
    }
    match (is_blessed, grown.is_empty()) {
        (true, _) => table.write(),
        (false, true) => Ok(()),
        (false, false) => Err(format!(
            "{}\nif the change is worth that, run `cargo xtask ratchet --bless` and commit the \
             table with it",
            grown.join("\n")
        )),
    }
}

/// A program of the workspace, built.
fn path_of(name: &str) -> Result<PathBuf, String> {
    Ok(program(name)?.get_program().into())
}

/// The instructions of one operation, by function.
fn measure(row: &Row, ratchet: &Path) -> Result<Profile, String> {
    let folder = output("ratchet");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let [few, many] = row.counts;
    let run = |count| callgrind::run(ratchet, row.name, count, row.threads, &folder);
    // Compiles what is not compiled yet; its instructions do not count.
    run(1)?;
    let (less, more) = (run(few)?, run(many)?);
    Ok(more.minus(&less).divided_by(many - few))
}
