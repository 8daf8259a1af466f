//! Compile tests from the perspective of a guest's author: programs that compile, and exact error
//! messages for those that do not. `TRYBUILD=overwrite cargo test -p airssys-wasm-sdk --test ui`
//! updates the expected messages.

#[test]
fn compile_errors_contain_advice() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
