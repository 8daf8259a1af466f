//! Runs a row about a component's bytes: a section that must be refused, and its twin.

use airssys_wasm_host::Component;

use crate::case::Outcome;
use crate::table::CraftedCase;

/// Parses the component that a row describes, and its twin.
pub(crate) fn run(row: &CraftedCase) -> Outcome {
    let twin = &row.twin;
    let line = twin.line.as_ref().unwrap_or(&row.line);
    let twin = read(&row.section, line, twin.lines.unwrap_or(row.lines));
    Outcome {
        leaked: find_leak(row),
        unaudited: None,
        twin_failed: twin.err(),
    }
}

/// Returns the problem unless the component is refused for the reason that the row names, with a
/// message that contains no invisible characters.
fn find_leak(row: &CraftedCase) -> Option<String> {
    let told = match read(&row.section, &row.line, row.lines) {
        Ok(()) => return Some("the component was accepted".into()),
        Err(told) => told,
    };
    if !told.contains(&row.told) {
        return Some(format!("it was refused with {told:?}"));
    }
    let unseen =
        |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
    told.contains(unseen)
        .then(|| format!("the message contains invisible characters: {told:?}"))
}

fn read(section: &str, line: &str, lines: usize) -> Result<(), String> {
    let mut text = format!("{section} 1\n");
    for n in 0..lines {
        text += &line.replace("{n}", &n.to_string());
        text.push('\n');
    }
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    let mut body = leb128(section.len());
    body.extend(section.bytes().chain(text.bytes()));
    bytes.push(0);
    bytes.extend(leb128(body.len()));
    bytes.extend(body);
    Component::from_bytes(bytes).map(drop).map_err(|error| {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        format!("{error}{}", source.unwrap_or_default())
    })
}

/// Encodes a number in LEB128, as in the binary format.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
