//! What a guest's author sees: programs that compile, and the exact words for
//! those that do not. `TRYBUILD=overwrite cargo test -p airssys-wasm-sdk --test ui`
//! writes the words anew.

#[test]
fn the_macros_say_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
