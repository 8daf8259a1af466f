//! Components crafted to cost their host far more than their size.

use std::fmt::Write as _;

const LOOPS: usize = 100;
const VARIABLES: usize = 20_000;
const LEVELS: usize = 20;

/// Returns the text of a 190 KB component with deeply nested loops over many variables. The
/// compiler merges every variable at the head of every loop, which takes minutes and gigabytes.
#[must_use]
pub fn nested_loops() -> String {
    let mut code = String::new();
    for variable in 0..VARIABLES {
        let _ = write!(
            code,
            "(local.set {variable} (i32.add (local.get {variable}) (i32.const 1)))"
        );
    }
    let (locals, begin) = ("i32 ".repeat(VARIABLES), "loop ".repeat(LOOPS));
    let end = "(br_if 0 (local.get 0)) end ".repeat(LOOPS);
    format!("(component (core module (func (local {locals}) {begin} {code} {end})))")
}

/// Returns the text of a 1 KB component whose instances multiply: each level instantiates the level
/// below it twice.
#[must_use]
pub fn multiplying_instances() -> String {
    let mut text = "(component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
    for level in 1..LEVELS {
        let before = format!("(instance (instantiate $c{}))", level - 1);
        text = format!("(component $c{level} {text} {before} {before})");
    }
    format!(
        "(component {text} (instance (instantiate $c{})))",
        LEVELS - 1
    )
}
