//! New component projects from a template.
//!
//! Tests: in this file, and `airssys-wasm-cli/tests/cli/authors.rs`.

use std::path::{Path, PathBuf};

use crate::api::{Problem, kinds};

/// The kind of project to create.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(crate) enum Template {
    /// A component that exports functions.
    #[default]
    Component,
    /// A stage of a pipeline.
    Stage,
    /// A component that answers HTTP requests.
    Http,
}

/// Keywords of WIT.
const WIT_KEYWORDS: [&str; 45] = [
    "as",
    "async",
    "bool",
    "borrow",
    "char",
    "constructor",
    "enum",
    "error-context",
    "export",
    "f32",
    "f64",
    "float32",
    "float64",
    "flags",
    "from",
    "func",
    "future",
    "import",
    "include",
    "interface",
    "list",
    "map",
    "option",
    "own",
    "package",
    "record",
    "resource",
    "result",
    "s16",
    "s32",
    "s64",
    "s8",
    "static",
    "stream",
    "string",
    "tuple",
    "type",
    "u16",
    "u32",
    "u64",
    "u8",
    "use",
    "variant",
    "with",
    "world",
];

/// Keywords of Rust, reserved ones, and names of crates that are always in scope.
const RUST_KEYWORDS: [&str; 49] = [
    "abstract", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self",
    "struct", "super", "trait", "true", "try", "typeof", "union", "unsafe", "unsized", "virtual",
    "where", "while", "yield", "test", "core", "std",
];

impl Template {
    fn files(self) -> &'static [(&'static str, &'static str)] {
        macro_rules! files {
            ($folder:literal: $($file:literal),*) => {
                &[$(($file, include_str!(concat!("../../templates/", $folder, "/", $file, ".in")))),*]
            };
        }
        match self {
            Self::Component => files!("component": "Cargo.toml", "src/lib.rs", "wit/world.wit"),
            Self::Stage => files!("stage": "Cargo.toml", "src/lib.rs", "wit/world.wit"),
            Self::Http => files!("http": "Cargo.toml", "src/lib.rs"),
        }
    }
}

/// Writes a project to a new folder of its name. Returns the folder.
///
/// # Errors
///
/// Fails if the name is not usable, or if the folder exists or cannot be written.
pub(crate) fn create_project(
    name: &str,
    template: Template,
    sdk: Option<&Path>,
) -> Result<PathBuf, Problem> {
    check_name(name)?;
    let folder = PathBuf::from(name);
    let problem = |error: std::io::Error| Problem::from_file_error("write", &folder, error);
    std::fs::create_dir(&folder).map_err(problem)?;
    for (file, text) in template.files() {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap_or(&folder)).map_err(problem)?;
        let text = text
            .replace("%name%", name)
            .replace("%module%", &name.replace('-', "_"))
            .replace("%type%", &type_name(name))
            .replace("%sdk%", &sdk_dependency(sdk));
        std::fs::write(&path, text).map_err(problem)?;
    }
    std::fs::write(folder.join(".gitignore"), "/target\n").map_err(problem)?;
    Ok(folder)
}

/// Returns the dependency on the SDK: the specified path, else the sources that this command was
/// built from, else the published version.
fn sdk_dependency(said: Option<&Path>) -> String {
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../airssys-wasm-sdk"));
    let path = said.or_else(|| source.is_dir().then_some(source));
    match path.and_then(|path| std::fs::canonicalize(path).ok()) {
        Some(path) => format!("path = {:?}", path.display().to_string()),
        None => format!("version = {:?}", env!("CARGO_PKG_VERSION")),
    }
}

/// Checks that a name is valid in Rust, in WIT and as a component name.
fn check_name(name: &str) -> Result<(), Problem> {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if name.split('-').all(is_word)
        && !WIT_KEYWORDS.contains(&name)
        && !RUST_KEYWORDS.contains(&name)
    {
        return Ok(());
    }
    let message = format!(
        "`{}` cannot be a component name: use lower-case words joined by `-`, such as `price-check`",
        name.escape_debug()
    );
    Err(Problem::new(kinds::USAGE, message))
}

/// Converts `price-check` to `PriceCheck`.
fn type_name(name: &str) -> String {
    name.split('-')
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_in_rust_wit_and_as_component_names() {
        for name in ["greeter", "price-check", "a1-b2"] {
            check_name(name).expect(name);
        }
        for name in [
            "", "Greeter", "a_b", "1a", "a--b", "../x", "record", "self", "a/b", "variant", "u8",
            "try", "with",
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert_eq!(type_name("price-check"), "PriceCheck");
    }
}
