//! Suggestions for misspelt names: the nearest of the existing ones.
//!
//! Compares by edit distance only.
//! Tests: in this file.

use crate::bounds::SUGGESTIONS_MAX;
use crate::steps::count_steps;

/// Maximum length of compared names. Longer ones are hardly typing errors, and a comparison costs
/// the product of the lengths.
const LENGTH_MAX: usize = 100;

/// Returns the candidate nearest to `wanted`, if it is near enough to be a typing error. Considers
/// only the first thousand candidates.
///
/// ```
/// use airssys_wasm_core::suggest::nearest;
///
/// assert_eq!(nearest("gret", ["greet", "part"]), Some("greet"));
/// assert_eq!(nearest("zebra", ["greet", "part"]), None);
/// ```
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wanted.len() > LENGTH_MAX {
        return None;
    }
    candidates
        .into_iter()
        .take(SUGGESTIONS_MAX)
        .filter(|candidate| candidate.len() <= LENGTH_MAX)
        .inspect(|candidate| count_steps(wanted.len() * candidate.len()))
        .map(|candidate| (strsim::damerau_levenshtein(wanted, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (wanted.chars().count().max(candidate.chars().count()) / 3).max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns the question for the nearest candidate, if one is near enough to be meant.
///
/// ```
/// use airssys_wasm_core::suggest::did_you_mean;
///
/// let question = did_you_mean("gret", ["greet", "part"]);
/// assert_eq!(question.as_deref(), Some("did you mean `greet`?"));
/// ```
pub fn did_you_mean<'a>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(wanted, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// Appends the question of [`did_you_mean`] to a message.
///
/// ```
/// use airssys_wasm_core::suggest::with_suggestion;
///
/// let message = "no component is `gret`".to_owned();
/// assert_eq!(
///     with_suggestion(message, "gret", ["greet", "part"]),
///     "no component is `gret`; did you mean `greet`?"
/// );
/// ```
pub fn with_suggestion<'a>(
    message: String,
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    match did_you_mean(wanted, candidates) {
        Some(question) => format!("{message}; {question}"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn prefers_the_nearest() {
        assert_eq!(nearest("greter", ["greeter", "grater"]), Some("greeter"));
    }

    #[test]
    fn long_names_are_not_compared() {
        let long = "x".repeat(100_000);
        assert_eq!(nearest(&long, [long.as_str(), "greet"]), None);
        assert_eq!(nearest("greet", [long.as_str(), "gret"]), Some("gret"));
    }

    #[test]
    fn returns_none_without_a_near_name() {
        assert_eq!(nearest("a", ["bcd"]), None);
        assert_eq!(nearest("a", []), None);
    }
}
