//! Parses arbitrary text as JSON arguments of a function with a parameter of every kind: either the
//! values fit their types and survive a round trip, or an error is returned.
#![no_main]

mod every_kind;

use airssys_wasm_core::Value;
use every_kind::FUNCTION;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(mut given) = serde_json::from_str::<Vec<serde_json::Value>>(text) else { return };
    // Missing arguments are filled up, so that short inputs get far.
    given.resize(FUNCTION.params.len(), serde_json::Value::Null);
    let Ok(values) = FUNCTION.arguments_from_json(&given) else { return };
    for (value, param) in values.iter().zip(&FUNCTION.params) {
        assert_eq!(value.fits(&param.ty), Ok(()));
    }
    let written: Vec<_> = values.iter().map(Value::to_json).collect();
    let read = FUNCTION.arguments_from_json(&written).expect("what was written is read");
    let again: Vec<_> = read.iter().map(Value::to_json).collect();
    assert_eq!(again, written);
});
