//! Texts up to a size limit are parsed; longer ones are refused before their first byte is read.

#![cfg(all(feature = "pipeline", feature = "toml", feature = "wave"))]

use airssys_wasm_core::bounds::{DEFINITION_BYTES_MAX, GRANTS_BYTES_MAX, VALUE_TEXT_BYTES_MAX};
use airssys_wasm_core::pipeline::PipelineDefinition;
use airssys_wasm_core::policy::Grants;
use airssys_wasm_core::world::Type;
use airssys_wasm_core::{Requests, Value};

/// Pads a text to a number of bytes with line feeds, which do not change its meaning.
fn padded(text: &str, bytes: usize) -> String {
    format!("{text}{}", "\n".repeat(bytes - text.len()))
}

/// Checks that a text of the maximum size is read, and that one more byte is refused with an error
/// that has both numbers.
fn assert_bounded<T, E: ToString>(
    text: &str,
    bytes_max: usize,
    read: impl Fn(&str) -> Result<T, E>,
) {
    assert!(
        read(&padded(text, bytes_max)).is_ok(),
        "{bytes_max} bytes are read"
    );
    let error = read(&padded(text, bytes_max + 1))
        .err()
        .expect("the text is one byte too long")
        .to_string();
    let names = |bytes: usize| error.contains(&bytes.to_string());
    assert!(names(bytes_max) && names(bytes_max + 1), "{error}");
}

#[test]
fn grants_are_bounded() {
    assert_bounded("env HOME\n", GRANTS_BYTES_MAX, |text| {
        text.parse::<Grants>()
    });
    assert_bounded(
        "allow = [\"env HOME\"]\n",
        GRANTS_BYTES_MAX,
        Grants::from_toml,
    );
}

#[test]
fn requests_are_bounded() {
    assert_bounded(
        "require = [\"env HOME\"]\n",
        GRANTS_BYTES_MAX,
        Requests::from_toml,
    );
}

#[test]
fn definitions_are_bounded() {
    let stage = "[stages.one]\ncomponent = \"one\"\n";
    assert_bounded(
        &format!("name = \"p\"\n{stage}"),
        DEFINITION_BYTES_MAX,
        PipelineDefinition::from_toml,
    );
    let definition =
        PipelineDefinition::from_toml(&format!("name = \"p\"\n{stage}")).expect("a definition");
    assert_bounded(
        &definition.to_json(),
        DEFINITION_BYTES_MAX,
        PipelineDefinition::from_json,
    );
}

#[test]
fn values_are_bounded() {
    let read = |text: &str| Value::from_wave(text, &Type::U32);
    assert_bounded("7", VALUE_TEXT_BYTES_MAX, read);
}
