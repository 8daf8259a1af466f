//! Lists the public API of the libraries, and compares it with the listings in this directory.
//!
//! `cargo xtask api` runs it; with `--bless` it writes the listings. rustdoc describes a crate as
//! JSON, and `public-api` lists that, one item per line. A version of `public-api` reads the JSON of
//! one version of the toolchain, so both are updated together.
//! Tests: in this file.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command prints"
)]

mod rustdoc;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use public_api::Builder;

/// The libraries, each with a listing.
const LIBRARIES: [&str; 3] = ["airssys-wasm-core", "airssys-wasm-host", "airssys-wasm-sdk"];

fn main() -> ExitCode {
    if rustdoc::is_wrapper() {
        return rustdoc::run_wrapped();
    }
    let is_bless = std::env::args()
        .skip(1)
        .any(|argument| argument == "--bless");
    let outcomes = LIBRARIES.map(|library| match is_bless {
        true => bless(library),
        false => check(library),
    });
    let mut code = ExitCode::SUCCESS;
    for error in outcomes.into_iter().filter_map(Result::err) {
        eprintln!("error: {error}");
        code = ExitCode::FAILURE;
    }
    code
}

/// Writes the listing of a library.
fn bless(library: &str) -> Result<(), String> {
    let (path, listing) = (listing_path(library), list(library)?);
    fs::write(&path, listing).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Compares a library with its listing.
fn check(library: &str) -> Result<(), String> {
    let path = listing_path(library);
    let expected = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let changes = difference(&expected, &list(library)?);
    if changes.is_empty() {
        println!("{library}: {} public items", expected.lines().count());
        return Ok(());
    }
    Err(format!(
        "the public API of {library} differs from tests/listing/{library}.txt:\n{}\nif that is intended, accept it with `cargo xtask api --bless`, and describe it in CHANGELOG.md",
        changes.join("\n")
    ))
}

fn listing_path(library: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{library}.txt"))
}

/// Returns the public items of a library, one per line. Leaves out implementations that follow from
/// others: derived, automatic, and for every type.
fn list(library: &str) -> Result<String, String> {
    let api = Builder::from_rustdoc_json(rustdoc::describe(library)?)
        .omit_auto_derived_impls(true)
        .omit_auto_trait_impls(true)
        .omit_blanket_impls(true)
        .build()
        .map_err(|error| format!("the description of {library} cannot be read: {error}"))?;
    Ok(api.items().map(|item| format!("{item}\n")).collect())
}

/// Returns the lines that differ: removed ones after `-`, then added ones after `+`.
fn difference(expected: &str, actual: &str) -> Vec<String> {
    let (expected, actual): (BTreeSet<&str>, BTreeSet<&str>) =
        (expected.lines().collect(), actual.lines().collect());
    let removed = expected.difference(&actual).map(|line| format!("- {line}"));
    let added = actual.difference(&expected).map(|line| format!("+ {line}"));
    removed.chain(added).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_item_is_a_difference() {
        let before = "pub fn host::deploy(&self)\npub fn host::update(&self)\n";
        let after = "pub fn host::deploy(&self) -> u32\npub fn host::update(&self)\n";
        assert_eq!(
            difference(before, after),
            [
                "- pub fn host::deploy(&self)",
                "+ pub fn host::deploy(&self) -> u32"
            ]
        );
        assert!(difference(before, before).is_empty());
    }
}
