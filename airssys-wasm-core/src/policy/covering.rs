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
use crate::steps::count_steps;

/// The fixed part of the host or of the path that a rule matches.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum FixedPart<'a> {
    Nothing,
    /// All names up to this position, as a hash of them.
    Prefix(usize, u64),
    /// A name at this position, preceded by names that are not fixed.
    Name(usize, &'a str),
}

/// The number of comparisons left, shared by all rule sets of one review.
pub(super) struct ComparisonBudget(Cell<usize>);

/// Names with their positions.
type PlacedNames<'a> = Vec<(usize, &'a str)>;

/// A set of rules, indexed by their anchors.
pub(super) struct CoverIndex<'a> {
    rules: Vec<&'a Rule>,
    by_anchor: HashMap<(FixedPart<'a>, FixedPart<'a>), Vec<usize>>,
    budget: &'a ComparisonBudget,
}

impl ComparisonBudget {
    pub(super) fn new() -> Self {
        Self(Cell::new(COMPARISONS_MAX))
    }

    /// Returns `true` if every comparison was made.
    pub(super) fn has_remaining(&self) -> bool {
        self.0.get() > 0
    }

    fn spend(&self) -> bool {
        count_steps(1);
        self.0.set(self.0.get().saturating_sub(1));
        self.has_remaining()
    }
}

impl<'a> CoverIndex<'a> {
    pub(super) fn new(
        rules: impl IntoIterator<Item = &'a Rule>,
        left: &'a ComparisonBudget,
    ) -> Self {
        let rules: Vec<&Rule> = rules.into_iter().collect();
        let mut by_anchor: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, rule) in rules.iter().enumerate() {
            let (host, path) = literal_names(rule);
            by_anchor
                .entry((anchor(&host), anchor(&path)))
                .or_default()
                .push(index);
        }
        Self {
            rules,
            by_anchor,
            budget: left,
        }
    }

    /// Returns the rule at an index.
    pub(super) fn rule(&self, index: usize) -> &'a Rule {
        self.rules[index]
    }

    /// Returns the indices of the rules that may cover `narrow`: all that do, and some others.
    pub(super) fn candidates<'b>(&'b self, narrow: &'b Rule) -> impl Iterator<Item = usize> + 'b {
        let (host, path) = literal_names(narrow);
        let (hosts, path) = (possible_anchors(&host), possible_anchors(&path));
        let by_anchor: &HashMap<(FixedPart<'b>, FixedPart<'b>), Vec<usize>> = &self.by_anchor;
        hosts
            .into_iter()
            .flat_map(move |host| path.clone().into_iter().map(move |path| (host, path)))
            .take_while(|_| self.budget.spend())
            .filter_map(|anchor| by_anchor.get(&anchor))
            .flatten()
            .copied()
            .take_while(|_| self.budget.spend())
    }

    /// Returns `true` if any rule covers `narrow` according to `covers`.
    pub(super) fn any_covers(&self, narrow: &Rule, covers: impl Fn(&Rule) -> bool) -> bool {
        self.candidates(narrow)
            .any(|index| covers(self.rules[index]))
    }
}

/// Returns the literal names that everything a rule matches contains, with their positions: those
/// of the host, and those of the path. The last of each determines the anchor.
fn literal_names(rule: &Rule) -> (PlacedNames<'_>, PlacedNames<'_>) {
    match &rule.scope {
        Scope::File { path, .. } => (Vec::new(), path.literal_names().collect()),
        Scope::Http(pattern) => (
            pattern.host.literal_labels().collect(),
            pattern.fixed_names().collect(),
        ),
        Scope::Network { hosts, .. } => (hosts.host.literal_labels().collect(), Vec::new()),
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
fn possible_anchors<'a>(names: &[(usize, &'a str)]) -> Vec<FixedPart<'a>> {
    let mut anchors = vec![FixedPart::Nothing];
    let mut all = DefaultHasher::new();
    for (count, (place, name)) in names.iter().enumerate() {
        if count == *place {
            name.hash(&mut all);
            anchors.push(FixedPart::Prefix(*place, all.finish()));
        }
        anchors.push(FixedPart::Name(*place, name));
    }
    anchors
}

/// Returns the anchor of a rule with these names.
fn anchor<'a>(names: &[(usize, &'a str)]) -> FixedPart<'a> {
    let is_whole = names
        .last()
        .is_some_and(|(place, _)| place + 1 == names.len());
    let is_anchor = |anchor: &&FixedPart<'_>| matches!(anchor, FixedPart::Prefix(..)) == is_whole;
    possible_anchors(names)
        .iter()
        .rev()
        .find(is_anchor)
        .copied()
        .unwrap_or(FixedPart::Nothing)
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
        let left = ComparisonBudget::new();
        let covering = CoverIndex::new(&wide, &left);
        assert!(
            !narrow
                .iter()
                .any(|narrow| covering.any_covers(narrow, |wide| wide.covers(narrow)))
        );
        assert!(!left.has_remaining());
        let covered = rules(["config a7b".to_owned()]);
        assert!(!covering.any_covers(&covered[0], |wide| wide.covers(&covered[0])));
        let left = ComparisonBudget::new();
        let covering = CoverIndex::new(&wide, &left);
        assert!(
            covering.any_covers(&covered[0], |wide| wide.covers(&covered[0]))
                && left.has_remaining()
        );
    }
}
