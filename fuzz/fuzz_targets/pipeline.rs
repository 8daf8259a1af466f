//! Parses arbitrary text as a pipeline definition: either it survives a round trip through TOML and
//! JSON, or the error is printable and points to a place in the text.
#![no_main]

use airssys_wasm_core::pipeline::{Condition, DefinitionError, PipelineDefinition};
use airssys_wasm_core::world::{Field, Type};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for read in [PipelineDefinition::from_toml, PipelineDefinition::from_json] {
        match read(text) {
            Ok(definition) => {
                assert_eq!(PipelineDefinition::from_toml(&definition.to_toml()), Ok(definition.clone()));
                assert_eq!(PipelineDefinition::from_json(&definition.to_json()), Ok(definition.clone()));
                let missing = definition.resolve(|_| Err("not here".to_owned()));
                assert_eq!(missing.is_err(), definition.stages().next().is_some());
            }
            Err(error) => check(&error, text),
        }
    }
    if let Err(error) = Condition::new(text, &item()) {
        assert!(!error.to_string().contains(char::is_control), "{error}");
        assert!((1..=text.chars().count() + 1).contains(&error.column), "{error}");
    }
});

fn item() -> Type {
    let field = |name: &str, ty: Type| Field { name: name.into(), ty };
    Type::Record(vec![
        field("kind", Type::Enum(vec!["good".into(), "bad".into()])),
        field("count", Type::S32),
        field("name", Type::String),
        field("note", Type::Option(Box::new(Type::F64))),
    ])
}

fn check(error: &DefinitionError, text: &str) {
    assert!(!error.to_string().contains(char::is_control), "{error}");
    let line = text.split('\n').nth(error.line - 1).unwrap_or_else(|| panic!("no such line: {error}"));
    // The column after the last one is valid: something is missing at the end of the line.
    assert!((1..=line.chars().count() + 1).contains(&error.column), "{error}");
}
