//! Finds the rules of a set that cover another rule, without comparing it with each of them.
//!
//! Rules are indexed by their anchor: the literal names that everything they match begins with, or
//! a literal name at a fixed position. A rule has the same names in these positions as every rule
//! that covers it, so only the rules under its own names are compared. The total number of
//! comparisons is bounded; beyond the bound nothing is covered, and thus nothing granted.
//! Tests: in this file, `airssys-wasm-core/tests/reference/covering.rs`.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::Rule;
use crate::bounds::COMPARISONS_MAX;
use crate::capability::Scope;
use crate::steps::step;

/// The fixed part of the host or of the path that a rule matches.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Fixed<'a> {
    Nothing,
    /// All names up to this position, as a hash of them.
    All(usize, u64),
    /// A name at this position, preceded by names that are not fixed.
    Name(usize, &'a str),
}

/// The number of comparisons left, shared by all rule sets of one review.
pub(super) struct Comparisons(Cell<usize>);

/// Names with their positions.
type Names<'a> = Vec<(usize, &'a str)>;

/// A set of rules, indexed by their anchors.
pub(super) struct Covering<'a> {
    rules: Vec<&'a Rule>,
    by_anchor: HashMap<(Fixed<'a>, Fixed<'a>), Vec<usize>>,
    left: &'a Comparisons,
}

impl Comparisons {
    pub(super) fn new() -> Self {
        Self(Cell::new(COMPARISONS_MAX))
    }

    /// Returns `true` if every comparison was made.
    pub(super) fn sufficed(&self) -> bool {
        self.0.get() > 0
    }

    fn take(&self) -> bool {
        step(1);
        self.0.set(self.0.get().saturating_sub(1));
        self.sufficed()
    }
}

impl<'a> Covering<'a> {
    pub(super) fn of(rules: impl IntoIterator<Item = &'a Rule>, left: &'a Comparisons) -> Self {
        let rules: Vec<&Rule> = rules.into_iter().collect();
        let mut by_anchor: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, rule) in rules.iter().enumerate() {
            let (host, path) = fixed(rule);
            by_anchor
                .entry((anchor(&host), anchor(&path)))
                .or_default()
                .push(index);
        }
        Self {
            rules,
            by_anchor,
            left,
        }
    }

    /// Returns the rule at an index.
    pub(super) fn rule(&self, index: usize) -> &'a Rule {
        self.rules[index]
    }

    /// Returns the indices of the rules that may cover `narrow`: all that do, and some others.
    pub(super) fn near<'b>(&'b self, narrow: &'b Rule) -> impl Iterator<Item = usize> + 'b {
        let (host, path) = fixed(narrow);
        let (hosts, path) = (anchors(&host), anchors(&path));
        let by_anchor: &HashMap<(Fixed<'b>, Fixed<'b>), Vec<usize>> = &self.by_anchor;
        hosts
            .into_iter()
            .flat_map(move |host| path.clone().into_iter().map(move |path| (host, path)))
            .take_while(|_| self.left.take())
            .filter_map(|anchor| by_anchor.get(&anchor))
            .flatten()
            .copied()
            .take_while(|_| self.left.take())
    }

    /// Returns `true` if any rule covers `narrow` according to `covers`.
    pub(super) fn any(&self, narrow: &Rule, covers: impl Fn(&Rule) -> bool) -> bool {
        self.near(narrow).any(|index| covers(self.rules[index]))
    }
}

/// Returns the literal names that everything a rule matches contains, with their positions: those
/// of the host, and those of the path. The last of each determines the anchor.
fn fixed(rule: &Rule) -> (Names<'_>, Names<'_>) {
    match &rule.scope {
        Scope::File { path, .. } => (Vec::new(), path.fixed_names().collect()),
        Scope::Http(pattern) => (
            pattern.host.fixed_labels().collect(),
            pattern.fixed_names().collect(),
        ),
        Scope::Network { hosts, .. } => (hosts.host.fixed_labels().collect(), Vec::new()),
        Scope::Named { pattern, .. } if !pattern.contains('*') => {
            (Vec::new(), vec![(0, pattern.as_str())])
        }
        Scope::Named { .. } => (Vec::new(), Vec::new()),
        // Custom rules cover each other only if their words are equal.
        Scope::Custom { words, .. } => (
            Vec::new(),
            words
                .iter()
                .enumerate()
                .map(|(place, word)| (place, word.as_str()))
                .collect(),
        ),
    }
}

/// Returns the possible anchors of the rules that cover one with these names.
fn anchors<'a>(names: &[(usize, &'a str)]) -> Vec<Fixed<'a>> {
    let mut anchors = vec![Fixed::Nothing];
    let mut all = DefaultHasher::new();
    for (count, (place, name)) in names.iter().enumerate() {
        if count == *place {
            name.hash(&mut all);
            anchors.push(Fixed::All(*place, all.finish()));
        }
        anchors.push(Fixed::Name(*place, name));
    }
    anchors
}

/// Returns the anchor of a rule with these names.
fn anchor<'a>(names: &[(usize, &'a str)]) -> Fixed<'a> {
    let is_whole = names
        .last()
        .is_some_and(|(place, _)| place + 1 == names.len());
    let is_anchor = |anchor: &&Fixed<'_>| matches!(anchor, Fixed::All(..)) == is_whole;
    anchors(names)
        .iter()
        .rev()
        .find(is_anchor)
        .copied()
        .unwrap_or(Fixed::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: impl IntoIterator<Item = String>) -> Vec<Rule> {
        texts
            .into_iter()
            .map(|text| text.parse().expect("a rule"))
            .collect()
    }

    #[test]
    fn comparisons_beyond_the_bound_cover_nothing() {
        let wide = rules((0..2_000).map(|n| format!("config a{n}*")));
        let narrow = rules((0..2_000).map(|n| format!("config b{n}")));
        let left = Comparisons::new();
        let covering = Covering::of(&wide, &left);
        assert!(
            !narrow
                .iter()
                .any(|narrow| covering.any(narrow, |wide| wide.covers(narrow)))
        );
        assert!(!left.sufficed());
        let covered = rules(["config a7b".to_owned()]);
        assert!(!covering.any(&covered[0], |wide| wide.covers(&covered[0])));
        let left = Comparisons::new();
        let covering = Covering::of(&wide, &left);
        assert!(covering.any(&covered[0], |wide| wide.covers(&covered[0])) && left.sufficed());
    }
}
