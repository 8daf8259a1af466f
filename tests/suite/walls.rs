//! Dependencies allowed between the crates, queried from cargo.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn dependency_tree(arguments: &[&str]) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo
        .current_dir(root)
        .args([
            "tree",
            "--locked",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--edges",
            "normal,no-proc-macro",
        ])
        .args(arguments)
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn workspace_dependencies(of: &str) -> Vec<String> {
    let names = dependency_tree(&["--package", of])
        .into_iter()
        .filter(|name| name.starts_with("airssys-") && name != of);
    names.collect()
}

#[test]
fn dependencies_between_our_crates() {
    for (from, to) in [
        ("airssys-wasm-core", &[][..]),
        ("airssys-wasm-macros", &["airssys-wasm-core"]),
        ("airssys-wasm-sdk", &["airssys-wasm-core"]),
        ("airssys-wasm-host", &["airssys-wasm-core"]),
        (
            "airssys-wasm-cli",
            &["airssys-wasm-core", "airssys-wasm-host"],
        ),
    ] {
        assert_eq!(workspace_dependencies(from), to, "{from}");
    }
}

#[test]
fn core_uses_no_runtime_and_no_filesystem() {
    let core = dependency_tree(&["--package", "airssys-wasm-core"]);
    for stranger in [
        "wasmtime",
        "tokio",
        "async-std",
        "cap-std",
        "tempfile",
        "futures",
    ] {
        assert!(!core.contains(stranger), "core depends on {stranger}");
    }
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../airssys-wasm-core/src");
    for file in files(&sources) {
        let text = std::fs::read_to_string(&file).expect("readable");
        for stranger in [
            "std::fs",
            "std::net",
            "std::thread",
            "SystemTime::now",
            "elapsed()",
        ] {
            assert!(
                !text.contains(stranger),
                "{} names {stranger}",
                file.display()
            );
        }
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        assert!(
            words.all(|word| word != "Instant"),
            "{} reads a clock",
            file.display()
        );
    }
}

#[test]
fn guests_have_few_dependencies() {
    let sdk = dependency_tree(&["--package", "airssys-wasm-sdk", "--target", "wasm32-wasip2"]);
    for stranger in ["wasmtime", "tokio", "wit-component", "wasm-wave", "sha2"] {
        assert!(!sdk.contains(stranger), "the SDK depends on {stranger}");
    }
}

#[test]
fn only_the_host_depends_on_one_version_of_wasmtime() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = std::fs::read_to_string(lock).expect("readable");
    assert_eq!(
        lock.matches("name = \"wasmtime\"\nversion = \"48.").count(),
        1
    );
    assert_eq!(lock.matches("name = \"wasmtime\"\n").count(), 1);
    for other in [
        "airssys-wasm-core",
        "airssys-wasm-macros",
        "airssys-wasm-sdk",
    ] {
        assert!(
            !dependency_tree(&["--package", other]).contains("wasmtime"),
            "{other}"
        );
    }
}

/// `unsafe` is only allowed in the code cache.
#[test]
fn only_the_code_cache_is_unsafe() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../airssys-wasm-host/src");
    for file in files(&sources) {
        let text = std::fs::read_to_string(&file).expect("readable");
        let unsafe_code = text.lines().any(|line| line.contains("unsafe {"));
        let in_the_room = file.ends_with("code_cache/mod.rs");
        assert!(
            !unsafe_code || in_the_room,
            "{} has unsafe code",
            file.display()
        );
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(self::files(&path))
        } else {
            files.push(path)
        }
    }
    files
}

/// Functions about a single subject belong to its handle, such as `Host::packages`.
#[test]
fn the_host_has_at_most_twelve_functions() {
    let listing = include_str!("../listing/airssys-wasm-host.txt");
    let functions = listing
        .lines()
        .filter(|item| item.contains("fn airssys_wasm_host::Host::"));
    // Its form for debugging is not a subject.
    let functions: Vec<&str> = functions.filter(|item| !item.contains("::fmt(")).collect();
    assert!(functions.len() <= 12, "{functions:#?}");
    assert!(!functions.is_empty(), "the listing has the host");
}
