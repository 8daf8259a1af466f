//! The README matches the code: its blocks are compared with the files of an example and of a
//! guest, which other tests build and run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the code blocks of the README by the file that they belong in, which is named on the
/// line above.
fn files() -> BTreeMap<String, String> {
    let readme = read("README.md");
    let named = readme
        .split("\n```")
        .step_by(2)
        .zip(readme.split("\n```").skip(1).step_by(2));
    named
        .filter_map(|(before, block)| {
            let file = before
                .trim_end()
                .lines()
                .last()?
                .strip_prefix('`')?
                .strip_suffix('`')?;
            Some((file.to_owned(), block.split_once('\n')?.1.to_owned() + "\n"))
        })
        .collect()
}

/// Returns the block of a language that contains `text`.
fn block(kind: &str, text: &str) -> String {
    let readme = read("README.md");
    let blocks = readme.split("\n```").skip(1).step_by(2);
    let found = blocks.filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n'));
    found
        .filter(|block| block.contains(text))
        .map(|block| block.to_owned() + "\n")
        .collect()
}

#[test]
fn the_component_is_a_guest_that_is_built() {
    let files = files();
    for (file, guest) in [
        ("wit/greeter.wit", "wit/greeter.wit"),
        ("src/lib.rs", "src/lib.rs"),
    ] {
        assert_eq!(
            files[&format!("greeter/{file}")],
            read(&format!("tests/guests/readme-greeter/{guest}"))
        );
    }
    // The guest is in another directory than the README's, and its manifest has other paths.
    let manifest = files["greeter/Cargo.toml"].replace("../airssys-wasm/", "../../../");
    assert_eq!(manifest, read("tests/guests/readme-greeter/Cargo.toml"));
}

#[test]
fn the_program_is_an_example_that_is_run() {
    let files = files();
    assert_eq!(
        files["program/src/main.rs"],
        read("examples/embed/src/main.rs")
    );
    assert_eq!(block("text", "Ada"), read("examples/embed/expected.txt"));
    assert_eq!(files.len(), 5, "{:?}", files.keys());
}

#[test]
fn the_lines_on_replacing_are_those_of_an_example() {
    let example = read("examples/hot-swap/src/main.rs");
    let mut rest = example.lines().map(str::trim);
    for line in block("rust", "host.update").lines() {
        assert!(
            rest.any(|found| found == line),
            "`{line}` is missing from the example, or out of order"
        );
    }
}

#[test]
fn the_lines_on_functions_of_your_own_are_those_of_an_example() {
    let lines = block("rust", "Plugin::add_to_linker").replace('\n', "\n    ");
    assert!(read("examples/editor/src/host.rs").contains(lines.trim_end()));
}

#[test]
fn the_lines_on_mounting_are_those_of_an_example() {
    assert!(
        read("examples/web/src/main.rs").contains(
            block("rust", "nest_service")
                .replace('\n', "\n    ")
                .trim_end()
        )
    );
}

#[test]
fn the_lines_on_composing_are_those_of_examples() {
    for (example, text) in [("pipeline", "deploy_pipeline"), ("linked", "allow(\"call ")] {
        let source = read(&format!("examples/{example}/src/main.rs"));
        let mut rest = source.lines().map(str::trim);
        let lines = block("rust", text);
        assert!(lines.lines().count() > 2, "{lines}");
        for line in lines.lines().map(str::trim) {
            assert!(
                rest.any(|found| found == line),
                "`{line}` is missing from `{example}`, or out of order"
            );
        }
    }
}

#[test]
fn the_lines_on_requests_are_those_of_the_sdk() {
    let sdk = read("airssys-wasm-sdk/src/lib.rs");
    let mut rest = sdk.lines().map(|line| line.trim_start_matches('/').trim());
    let requests = block("rust", "#[component_capabilities");
    assert!(requests.lines().count() > 10, "{requests}");
    for line in requests.lines().map(str::trim) {
        assert!(
            rest.any(|found| found == line),
            "`{line}` is missing from the SDK, or out of order"
        );
    }
}

#[test]
fn what_is_refused_is_what_the_builder_says() {
    let table = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .map(|line| line.trim_start_matches("///").trim());
        let from_head = lines.skip_while(|line| *line != "| | by default |");
        from_head
            .take_while(|line| line.starts_with('|'))
            .map(str::to_owned)
            .collect()
    };
    let readme = table(&read("README.md"));
    assert!(readme.len() > 5, "{readme:?}");
    assert_eq!(
        readme,
        table(&read("airssys-wasm-host/src/host/builder.rs"))
    );
}

#[test]
fn the_commands_are_there() {
    let readme = read("README.md");
    let xtask = read("xtask/src/main.rs");
    let commands: Vec<_> = readme
        .split("`cargo xtask ")
        .skip(1)
        .filter_map(|rest| rest.split('`').next())
        .collect();
    assert!(commands.len() >= 3);
    for command in commands {
        assert!(
            xtask.contains(&format!("(\"{command}\",")),
            "no `cargo xtask {command}`"
        );
    }
}

/// Links to files exist in every top-level document.
#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "GLOSSARY.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ] {
        let text = read(document);
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = file.is_empty() || target.contains("://");
            assert!(
                elsewhere || root.join(file).exists(),
                "{document}: {target}"
            );
        }
    }
}

/// Checks named in the documents exist: `room::name_of_a_test` is a function in a file of that
/// room, and a path is a file.
#[test]
fn named_checks_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources: Vec<(PathBuf, String)> = [
        "tests/suite",
        "airssys-wasm-host/src",
        "airssys-wasm-core/src",
        "airssys-wasm-cli/src",
        "airssys-wasm-cli/tests",
    ]
    .iter()
    .flat_map(|folder| sources(&root.join(folder)))
    .collect();
    let mut found = 0;
    for document in ["ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md"] {
        let text = read(document);
        for word in text.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") && word.contains('/') {
                assert!(root.join(word).exists(), "{document}: no {word}");
            }
            let Some((room, test)) = word.split_once("::").filter(|(_, test)| test.contains('_'))
            else {
                continue;
            };
            let declared = format!("fn {test}(");
            let is_there = sources.iter().any(|(path, source)| {
                path.file_stem().is_some_and(|stem| stem == room) && source.contains(&declared)
            });
            assert!(is_there, "{document}: no test {word}");
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .flat_map(|path| match std::fs::read_to_string(&path) {
            Ok(text) => vec![(path, text)],
            Err(_) => sources(&path),
        })
        .collect()
}
