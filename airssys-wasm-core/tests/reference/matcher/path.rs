//! Matching of paths: names between slashes, `*` within a name, `**` for any number of names.

/// Matches a file, or everything in a directory if the pattern ends in a name.
pub(crate) fn path_matches(pattern: &str, path: &str) -> bool {
    let pattern = names(pattern);
    let is_name = pattern.last().is_none_or(|last| !last.contains('*'));
    names_match(&pattern, &names(path), is_name)
}

/// Returns `true` if something below the path could match.
pub(crate) fn may_match_below(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (names(pattern), names(path));
    let same = |n: usize| name_matches(pattern[n].as_bytes(), path[n].as_bytes());
    match pattern.iter().position(|name| *name == "**") {
        Some(depth) if depth < path.len() => (0..depth).all(same),
        _ => path.len() < pattern.len() && (0..path.len()).all(same),
    }
}

fn names(path: &str) -> Vec<&str> {
    path.split('/').filter(|name| !name.is_empty()).collect()
}

pub(crate) fn names_match(pattern: &[&str], names: &[&str], open_ended: bool) -> bool {
    match pattern {
        [] => open_ended || names.is_empty(),
        ["**"] => !names.is_empty(),
        ["**", rest @ ..] => (0..=names.len()).any(|n| names_match(rest, &names[n..], open_ended)),
        [first, rest @ ..] => names.split_first().is_some_and(|(name, names)| {
            name_matches(first.as_bytes(), name.as_bytes()) && names_match(rest, names, open_ended)
        }),
    }
}

pub(crate) fn name_matches(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|n| name_matches(rest, &text[n..])),
        [first, rest @ ..] => text
            .split_first()
            .is_some_and(|(c, text)| c == first && name_matches(rest, text)),
    }
}
