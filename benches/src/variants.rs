//! Turns one guest into many different components that share no code.

use airssys_wasm_tests::guests::guest;

/// Returns the bytes of a guest with a unique custom section at the end.
pub(crate) fn variant(name: &str, number: u32) -> Vec<u8> {
    let mut bytes = guest(name).bytes().to_vec();
    // A custom section: id 0, its size, a name of one byte, four bytes.
    bytes.extend([0, 6, 1, b'n']);
    bytes.extend(number.to_le_bytes());
    bytes
}
