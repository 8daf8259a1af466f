//! Finds those of many rules that cover another, without a comparison with each.
//!
//! A rule stands under its anchor: the names that everything it speaks of begins with, or a
//! name that all of that has at a certain place. A rule that it covers has the same there, so
//! only the rules under the names of the other one are looked at. How many comparisons there are in all is bounded: beyond
//! that nothing covers anything, which grants nothing.
//! Tests: below, and `tests/reference/covering`, which compares each with each.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::Rule;
use crate::bounds::COMPARISONS_MAX;
use crate::capability::Scope;
use crate::steps::step;

/// What everything that a rule speaks of has, of its host or of its path.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Fixed<'a> {
    Nothing,
    /// Names at all places up to this one, as a number made of them.
    All(usize, u64),
    /// A name at a place, with others before it that are not fixed.
    Name(usize, &'a str),
}

/// How many comparisons are left, for several sets of rules that are compared together.
pub(super) struct Comparisons(Cell<usize>);

/// Names with their places.
type Names<'a> = Vec<(usize, &'a str)>;

/// Rules by their anchors.
pub(super) struct Covering<'a> {
    rules: Vec<&'a Rule>,
    by_anchor: HashMap<(Fixed<'a>, Fixed<'a>), Vec<usize>>,
    left: &'a Comparisons,
}

impl Comparisons {
    pub(super) fn new() -> Self {
        Self(Cell::new(COMPARISONS_MAX))
    }

    /// Whether all that should have been compared was.
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

    /// The rule at a place of those that this was made of.
    pub(super) fn rule(&self, index: usize) -> &'a Rule {
        self.rules[index]
    }

    /// The places of the rules that may cover `narrow`: all that do, and some others.
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

    /// Whether a rule covers `narrow`, as `covers` says.
    pub(super) fn any(&self, narrow: &Rule, covers: impl Fn(&Rule) -> bool) -> bool {
        self.near(narrow).any(|index| covers(self.rules[index]))
    }
}

/// The names that everything a rule speaks of has, each with its place: of the host, and of
/// the path. The last of each is the rule's anchor.
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
        // One covers another only if both have the same words.
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

/// The anchors that a rule may have that covers one with these names.
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

/// The anchor of a rule with these names.
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
