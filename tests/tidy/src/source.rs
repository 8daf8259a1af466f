//! The sources of a crate, read and parsed once.

use std::path::{Path, PathBuf};

/// The sources below one folder.
pub(crate) struct Crate {
    pub(crate) files: Vec<Source>,
}

/// A file of Rust.
pub(crate) struct Source {
    /// From the project's root, with `/`.
    pub(crate) path: String,
    /// From the crate's `src`, with `::`: `deployment::gate`. Empty for `lib.rs` and `main.rs`.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
    pub(crate) syntax: syn::File,
}

impl Crate {
    /// Reads every `.rs` file below a folder, except what was built, generated or written to fail.
    pub(crate) fn read(root: &Path, folder: &str) -> Self {
        let mut paths = Vec::new();
        collect(&root.join(folder), &mut paths);
        paths.sort();
        let files = paths.iter().map(|path| Source::read(root, folder, path));
        Self {
            files: files.collect(),
        }
    }

    /// Sources from memory, for tests.
    #[cfg(test)]
    pub(crate) fn from_texts(texts: &[(&str, &str)]) -> Self {
        let files = texts
            .iter()
            .map(|(path, text)| Source::parse(path, path, (*text).to_owned()));
        Self {
            files: files.collect(),
        }
    }
}

impl Source {
    fn read(root: &Path, folder: &str, path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a source is UTF-8");
        let shown = |from: &Path| {
            let path = path.strip_prefix(from).expect("it was found there");
            path.to_string_lossy().replace('\\', "/")
        };
        Self::parse(&shown(root), &shown(&root.join(folder)), text)
    }

    fn parse(path: &str, in_crate: &str, text: String) -> Self {
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let module = in_crate
            .trim_end_matches(".rs")
            .split('/')
            .map(str::to_owned);
        let module = module.filter(|name| !matches!(name.as_str(), "mod" | "lib" | "main"));
        Self {
            path: path.to_owned(),
            module: module.collect(),
            text,
            syntax,
        }
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    const LEFT_OUT: [&str; 3] = ["target", "ui", "snapshots"];
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            if !LEFT_OUT.iter().any(|name| path.ends_with(name)) {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns `true` if an item is compiled for tests only.
pub(crate) fn is_of_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = attribute.path().is_ident("test");
        let mut for_tests = false;
        if attribute.path().is_ident("cfg") {
            let list = attribute.meta.require_list();
            for_tests = list.is_ok_and(|list| {
                let text = list.tokens.to_string();
                text == "test" || text.starts_with("all (test") || text.starts_with("all(test")
            });
        }
        is_test || for_tests
    })
}
