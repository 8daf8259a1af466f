//! Parses arbitrary text as WAVE arguments of a function with a parameter of every kind: either the
//! values fit their types and survive a round trip, or an error is returned.
#![no_main]

mod every_kind;

use airssys_wasm_core::Value;
use every_kind::FUNCTION;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(values) = FUNCTION.arguments_from_wave(text) else { return };
    assert_eq!(values.len(), FUNCTION.params.len());
    for (value, param) in values.iter().zip(&FUNCTION.params) {
        assert_eq!(value.fits(&param.ty), Ok(()));
    }
    let written = format!("({})", values.iter().map(Value::to_wave).collect::<Vec<_>>().join(", "));
    let read = FUNCTION.arguments_from_wave(&written).expect("what was written is read");
    // Compared as text, because NaN is not equal to itself.
    assert!(values.iter().map(Value::to_wave).eq(read.iter().map(Value::to_wave)), "{written}");
});
