//! Runs a component with exactly the grants that are given, and prints what came of it.
fn main() {}
