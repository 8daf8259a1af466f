//! The size of a program without what it carries for debuggers.

use std::path::Path;

/// The bytes of an ELF file that are loaded when it runs: its `PT_LOAD` segments.
pub fn loaded_bytes(program: &Path) -> Result<f64, String> {
    let bytes = std::fs::read(program)
        .map_err(|error| format!("cannot read {}: {error}", program.display()))?;
    segments(&bytes).ok_or_else(|| format!("{} is not a 64-bit ELF file", program.display()))
}

fn segments(bytes: &[u8]) -> Option<f64> {
    const HEADER_OFFSET: usize = 32;
    const HEADER_SIZE: usize = 54;
    const HEADER_COUNT: usize = 56;
    const LOAD: u32 = 1;
    const SIZE_IN_FILE: usize = 32;
    let at = |place: usize, length: usize| bytes.get(place..place + length);
    if at(0, 5)? != b"\x7fELF\x02" {
        return None;
    }
    let word = |place| Some(u64::from_le_bytes(at(place, 8)?.try_into().ok()?));
    let short = |place| Some(u16::from_le_bytes(at(place, 2)?.try_into().ok()?));
    let first = usize::try_from(word(HEADER_OFFSET)?).ok()?;
    let size = usize::from(short(HEADER_SIZE)?);
    let mut total = 0;
    for header in (0..usize::from(short(HEADER_COUNT)?)).map(|number| first + number * size) {
        if u32::from_le_bytes(at(header, 4)?.try_into().ok()?) == LOAD {
            total += word(header + SIZE_IN_FILE)?;
        }
    }
    Some(total as f64)
}
