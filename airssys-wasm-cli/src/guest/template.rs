//! A project to begin with.

use std::path::{Path, PathBuf};

use crate::api::{Problem, kinds};

/// What it is to become.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub(crate) enum Template {
    /// A component that others call.
    #[default]
    Component,
    /// A stage of a pipeline.
    Stage,
    /// A component that answers HTTP requests.
    Http,
}

/// Words that WIT has a meaning for.
const WORDS: [&str; 45] = [
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

/// Words that Rust has a meaning for, or may have.
const WORDS_OF_RUST: [&str; 49] = [
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

/// Writes a project into a folder of its name, which must not be there. Returns the folder.
pub(crate) fn begin(
    name: &str,
    template: Template,
    sdk: Option<&Path>,
) -> Result<PathBuf, Problem> {
    check_name(name)?;
    let folder = PathBuf::from(name);
    let problem = |error: std::io::Error| Problem::of_file("write", &folder, error);
    std::fs::create_dir(&folder).map_err(problem)?;
    for (file, text) in template.files() {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap_or(&folder)).map_err(problem)?;
        let text = text
            .replace("%name%", name)
            .replace("%module%", &name.replace('-', "_"))
            .replace("%type%", &type_name(name))
            .replace("%sdk%", &sdk_of(sdk));
        std::fs::write(&path, text).map_err(problem)?;
    }
    std::fs::write(folder.join(".gitignore"), "/target\n").map_err(problem)?;
    Ok(folder)
}

/// Where the SDK is: as said, in the source that this command was installed from, or published.
fn sdk_of(said: Option<&Path>) -> String {
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../airssys-wasm-sdk"));
    let path = said.or_else(|| source.is_dir().then_some(source));
    match path.and_then(|path| std::fs::canonicalize(path).ok()) {
        Some(path) => format!("path = {:?}", path.display().to_string()),
        None => format!("version = {:?}", env!("CARGO_PKG_VERSION")),
    }
}

/// What is a name in Rust, in WIT and of a component.
fn check_name(name: &str) -> Result<(), Problem> {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if name.split('-').all(is_word) && !WORDS.contains(&name) && !WORDS_OF_RUST.contains(&name) {
        return Ok(());
    }
    let message = format!(
        "`{}` cannot be the name of a component: write lower-case words with `-` between them, `price-check`",
        name.escape_debug()
    );
    Err(Problem::new(kinds::USAGE, message))
}

/// `price-check` as `PriceCheck`.
fn type_name(name: &str) -> String {
    name.split('-')
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_everywhere() {
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
