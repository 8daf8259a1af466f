//! A short backtrace of a guest: its named functions, and the number of unnamed ones.
//!
//! Tests: in this file, `tests/suite/ends/traps.rs`.

use wasmtime::WasmBacktrace;

/// The most functions that are listed.
const FUNCTIONS_MAX: usize = 16;
/// The most characters of a name.
const NAME_CHARS_MAX: usize = 200;

/// Returns the backtrace of an error, if it has one.
pub(super) fn backtrace(error: &wasmtime::Error) -> Option<String> {
    error
        .downcast_ref::<WasmBacktrace>()
        .map(|trace| shorten(&trace.to_string()))
}

/// Shortens the runtime's backtrace, which has a line for each function:
/// `3: 0x1f - module!function`.
fn shorten(trace: &str) -> String {
    let functions = trace.lines().filter_map(|line| {
        let (number, function) = line.trim_start().split_once(": ")?;
        number.parse::<u32>().ok()?;
        let function = function
            .split_once(" - ")
            .map_or(function, |(_, function)| function);
        Some(
            function
                .trim()
                .chars()
                .take(NAME_CHARS_MAX)
                .collect::<String>(),
        )
    });
    let (unnamed, deployment): (Vec<_>, Vec<_>) =
        functions.partition(|name| name.contains("<wasm function "));
    let mut text = String::from("backtrace of the guest, innermost function first:");
    for name in deployment.iter().take(FUNCTIONS_MAX) {
        text.push_str("\n  ");
        text.push_str(name.strip_prefix("<unknown>!").unwrap_or(name));
    }
    let left_out = deployment.len().saturating_sub(FUNCTIONS_MAX) + unnamed.len();
    match (left_out, deployment.is_empty()) {
        (0, _) => {}
        (1, _) => text.push_str("\n  1 function is left out"),
        (count, true) => text.push_str(&format!("\n  {count} functions without names")),
        (count, false) => text.push_str(&format!("\n  {count} more functions are left out")),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_functions_and_counts_those_without_a_name() {
        let trace = "error while executing at wasm backtrace:\n    \
             0:    0x1a4 - <unknown>!<wasm function 104>\n    1:    0x2b - app.wasm!app::parse\n    \
             2:    0x3c - <unknown>!greet\n    3: <unknown>!<wasm function 7>\nnote: use the variable";
        let expected = "backtrace of the guest, innermost function first:\
             \n  app.wasm!app::parse\n  greet\n  2 more functions are left out";
        assert_eq!(shorten(trace), expected);
    }

    #[test]
    fn is_bounded() {
        let line = |number: usize| format!("{number:>5}: 0x1 - m!{}\n", "f".repeat(9_000));
        let text = shorten(&(0..1_000).map(line).collect::<String>());
        assert!(
            text.len() < FUNCTIONS_MAX * (NAME_CHARS_MAX + 3) + 200,
            "{}",
            text.len()
        );
        assert!(text.ends_with("984 more functions are left out"));
    }
}
