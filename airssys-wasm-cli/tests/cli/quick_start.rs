//! The README's lines for operators are pasted into a shell as they stand.

use std::process::Command;

use super::support::Place;

/// The block of the README, without the two lines that set the machine up: this test has the
/// command, and the components are built.
fn lines() -> String {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(readme).expect("readable");
    let block =
        readme.split("\n```sh\n").find(|block| block.contains("airssys-wasm serve")).expect("it is there");
    let block = block.split("\n```").next().expect("it ends");
    let (set_up, rest): (Vec<&str>, Vec<&str>) = block.lines().partition(|line| line.starts_with("cargo "));
    assert_eq!(set_up, ["cargo install --locked --path airssys-wasm-cli", "cargo xtask components"]);
    rest.join("\n")
}

#[test]
fn the_readmes_lines_do_what_it_says() {
    let place = Place::new();
    let command = std::path::Path::new(env!("CARGO_BIN_EXE_airssys-wasm"));
    let path = format!(
        "{}:{}",
        command.parent().expect("a folder").display(),
        std::env::var("PATH").expect("a path")
    );
    let mut shell = Command::new("bash");
    shell.args(["-e", "-c", &lines()]).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    shell.env("PATH", path).env("AIRSSYS_WASM_STATE", place.state());
    let output = shell.output().expect("bash runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    for expected in [
        "greeter: revision 1 (1.0.0) serves",
        "greeter: revision 2 (2.0.0) serves",
        ", 0 failed",
        "answered     \"Good day, Ada!\"",
        "answered     \"Hello, Ada!\"",
        "rolled-back  1",
    ] {
        assert!(told.contains(expected), "`{expected}` is not in:\n{told}");
    }
    assert_eq!(told.matches("\n\"Hello, Ada!\"\n").count(), 2, "{told}");
}
