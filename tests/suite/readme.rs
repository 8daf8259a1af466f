//! `README.md` and the guides in `docs` match the code: their blocks are compared with files of
//! examples and of a guest, which other tests build and run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const EMBEDDING: &str = "docs/embedding.md";
const WRITING_COMPONENTS: &str = "docs/writing-components.md";
const HTTP: &str = "docs/http.md";
const CAPABILITIES: &str = "docs/capabilities.md";
const COMPOSING: &str = "docs/pipelines-and-links.md";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the code blocks of a document by the file that they belong in, which is named on the
/// line above.
fn named_files(document: &str) -> BTreeMap<String, String> {
    let text = read(document);
    let named = text
        .split("\n```")
        .step_by(2)
        .zip(text.split("\n```").skip(1).step_by(2));
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

/// Returns the blocks of a document in a language that contain `text`.
fn block(document: &str, kind: &str, text: &str) -> String {
    let read = read(document);
    let blocks = read.split("\n```").skip(1).step_by(2);
    let found: String = blocks
        .filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n'))
        .filter(|block| block.contains(text))
        .map(|block| block.to_owned() + "\n")
        .collect();
    assert!(!found.is_empty(), "{document}: no block with `{text}`");
    found
}

/// Asserts that the text of a file contains these lines in this order, whatever is between them.
fn assert_contains_lines(file: &str, text: &str, lines: &str) {
    let mut rest = text.lines().map(str::trim);
    for line in lines.lines().map(str::trim) {
        assert!(
            rest.any(|found| found == line),
            "`{line}` is missing from `{file}`, or out of order"
        );
    }
}

/// Asserts that the documentation in a file, which is tested, contains these lines in this order.
fn assert_documentation_contains(file: &str, lines: &str) {
    assert_contains_lines(file, &read(file).replace("///", ""), lines);
}

/// Asserts that a file contains this block as it is, indented by one level.
fn assert_contains_indented(file: &str, block: &str) {
    let block = block.replace('\n', "\n    ");
    assert!(read(file).contains(block.trim_end()), "{file}: {block}");
}

#[test]
fn the_component_is_a_built_guest() {
    let files = named_files(WRITING_COMPONENTS);
    for file in ["wit/greeter.wit", "src/lib.rs"] {
        assert_eq!(
            files[&format!("greeter/{file}")],
            read(&format!("tests/guests/readme-greeter/{file}"))
        );
    }
    // The guest is in another directory than the guide's, and its manifest has other paths.
    let manifest = files["greeter/Cargo.toml"].replace("../airssys-wasm/", "../../../");
    assert_eq!(manifest, read("tests/guests/readme-greeter/Cargo.toml"));
    assert_eq!(files.len(), 3, "{:?}", files.keys());
}

#[test]
fn the_programs_are_tested_examples() {
    assert_eq!(
        block("README.md", "rust", "fn main"),
        read("examples/embed/src/main.rs")
    );
    assert_eq!(
        block("README.md", "text", "deployed:"),
        read("examples/embed/expected.txt")
    );
    let files = named_files(EMBEDDING);
    assert_eq!(
        files["program/src/main.rs"],
        read("examples/first-call/src/main.rs")
    );
    assert_eq!(
        block(EMBEDDING, "text", "Ada"),
        read("examples/first-call/expected.txt")
    );
    assert_eq!(files.len(), 2, "{:?}", files.keys());
}

#[test]
fn the_lines_on_replacing_match_an_example() {
    let example = "examples/hot-swap/src/main.rs";
    let lines = block(EMBEDDING, "rust", "host.update");
    assert_contains_lines(example, &read(example), &lines);
}

#[test]
fn the_lines_on_restarts_match_the_docs_of_the_builder() {
    let lines = block(EMBEDDING, "rust", "is_not_found");
    assert_documentation_contains("airssys-wasm-host/src/host/builder.rs", &lines);
}

#[test]
fn the_lines_on_granting_match_the_docs_of_the_handle() {
    let lines = block(CAPABILITIES, "rust", ".any_version()");
    assert_documentation_contains("airssys-wasm-host/src/handle/mod.rs", &lines);
}

#[test]
fn the_lines_on_host_functions_match_an_example() {
    assert_contains_indented(
        "examples/editor/src/host.rs",
        &block(EMBEDDING, "rust", "Plugin::add_to_linker"),
    );
}

#[test]
fn the_lines_on_mounting_match_an_example() {
    assert_contains_indented(
        "examples/web/src/main.rs",
        &block(HTTP, "rust", "nest_service"),
    );
}

#[test]
fn the_lines_on_composing_match_examples() {
    for (example, text) in [("pipeline", ".pipelines()"), ("linked", "allow(\"call ")] {
        let example = format!("examples/{example}/src/main.rs");
        let lines = block(COMPOSING, "rust", text);
        assert!(lines.lines().count() > 2, "{lines}");
        assert_contains_lines(&example, &read(&example), &lines);
    }
}

#[test]
fn the_lines_on_requests_match_the_sdk() {
    let requests = block(CAPABILITIES, "rust", "#[component_capabilities");
    assert!(requests.lines().count() > 10, "{requests}");
    assert_documentation_contains("airssys-wasm-sdk/src/lib.rs", &requests);
}

#[test]
fn the_defaults_match_the_docs_of_the_builder() {
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
    let guide = table(&read(CAPABILITIES));
    assert!(guide.len() > 5, "{guide:?}");
    assert_eq!(guide, table(&read("airssys-wasm-host/src/host/builder.rs")));
}

#[test]
fn the_commands_exist() {
    let xtask = read("xtask/src/main.rs");
    let mut found = 0;
    let guides = sources(&root().join("docs"))
        .into_iter()
        .map(|(_, text)| text);
    for text in guides.chain([read("README.md")]) {
        for rest in text.split("`cargo xtask ").skip(1) {
            let command = rest.split(['`', ' ']).next().unwrap_or_default();
            assert!(
                xtask.contains(&format!("\"{command}\",")),
                "no `cargo xtask {command}`"
            );
            found += 1;
        }
    }
    assert!(found >= 3, "{found}");
}

/// Links to files exist in every top-level document and in `docs`.
#[test]
fn links_to_files_exist() {
    let top_level = [
        "README.md",
        "ARCHITECTURE.md",
        "GLOSSARY.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ];
    let documents = top_level.map(|document| (root().join(document), read(document)));
    for (document, text) in sources(&root().join("docs")).into_iter().chain(documents) {
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = file.is_empty() || target.contains("://");
            assert!(
                elsewhere || document.with_file_name(file).exists(),
                "{}: {target}",
                document.display()
            );
        }
    }
}

/// Tests and paths named in the documents exist: `file::name_of_a_test` is a function in a file of
/// that name.
#[test]
fn named_checks_exist() {
    let sources: Vec<(PathBuf, String)> = [
        "tests/suite",
        "airssys-wasm-host/src",
        "airssys-wasm-core/src",
        "airssys-wasm-cli/src",
        "airssys-wasm-cli/tests",
    ]
    .iter()
    .flat_map(|folder| sources(&root().join(folder)))
    .collect();
    let mut found = 0;
    for document in [
        "ARCHITECTURE.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "docs/guarantees.md",
    ] {
        let text = read(document);
        for word in text.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") && word.contains('/') {
                assert!(root().join(word).exists(), "{document}: no {word}");
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

/// Returns the sources and documents in a folder and below, with their paths.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => sources(&path),
            Some(extension) if extension == "rs" || extension == "md" => {
                let text = std::fs::read_to_string(&path).expect("readable");
                vec![(path, text)]
            }
            _ => Vec::new(),
        })
        .collect()
}
