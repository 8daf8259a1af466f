//! The names of types and constructors.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};

use crate::report::Report;
use crate::source::{Crate, is_of_tests};

/// Participles, adverbs and prepositions whose ending does not give them away.
const NOT_NOUNS: [&str; 62] = [
    "After", "Again", "Ahead", "Alone", "Apart", "Asked", "Aside", "Asleep", "Away", "Awake",
    "Before", "Begun", "Beside", "Between", "Beyond", "Born", "Bound", "Broken", "By", "Came",
    "Caught", "Chosen", "Cut", "Done", "Drawn", "Due", "Found", "From", "Given", "Gone", "Held",
    "Here", "Hidden", "In", "Kept", "Known", "Lent", "Let", "Lost", "Made", "Meant", "Met", "Of",
    "Off", "Only", "Out", "Over", "Read", "Said", "Seen", "Sent", "Set", "Shown", "Sought",
    "Taken", "Then", "There", "Told", "Under", "With", "Written", "Would",
];

/// Words that end like a participle and are nouns or adjectives of the field.
const NOUNS: [&str; 8] = [
    "Binding",
    "Encoding",
    "Feed",
    "Instancing",
    "Need",
    "Seed",
    "Speed",
    "Typed",
];

struct Definition {
    name: String,
    line: usize,
    is_visible: bool,
}

/// Checks the types of a crate.
pub(crate) fn check(sources: &Crate, report: &mut Report) {
    let mut places: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    for source in &sources.files {
        let mut definitions = Definitions::default();
        definitions.visit_file(&source.syntax);
        for line in &definitions.constructors {
            report.add(&source.path, *line, "`fn of`: call it `new` or `from_…`");
        }
        for Definition {
            name,
            line,
            is_visible,
        } in definitions.types
        {
            report.count("types");
            if !is_visible {
                continue;
            }
            report.count("types that are visible beyond their file");
            if words(&name) == 1 {
                report.count("of them, names of one word");
            }
            if is_no_noun(&name) {
                let message = format!("`{name}` is no noun; name the thing that it is");
                report.add(&source.path, line, message);
            }
            places
                .entry(name)
                .or_default()
                .push((source.path.clone(), line));
        }
    }
    for (name, places) in places.iter().filter(|(_, places)| places.len() > 1) {
        for (file, line) in places {
            let message = format!("{} types of this crate are called `{name}`", places.len());
            report.add(file, *line, message);
        }
    }
}

fn words(name: &str) -> usize {
    name.chars().filter(|c| c.is_uppercase()).count()
}

fn is_no_noun(name: &str) -> bool {
    if words(name) > 1 || NOUNS.contains(&name) {
        return false;
    }
    NOT_NOUNS.contains(&name) || name.ends_with("ed") || (name.ends_with("ing") && name.len() > 5)
}

#[derive(Default)]
struct Definitions {
    types: Vec<Definition>,
    constructors: Vec<usize>,
}

impl Definitions {
    fn add(&mut self, name: &syn::Ident, visibility: &syn::Visibility) {
        self.types.push(Definition {
            name: name.to_string(),
            line: name.span().start().line,
            is_visible: !matches!(visibility, syn::Visibility::Inherited),
        });
    }
}

impl<'ast> Visit<'ast> for Definitions {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_of_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add(&item.ident, &item.vis);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.add(&item.ident, &item.vis);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.add(&item.ident, &item.vis);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.add(&item.ident, &item.vis);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if signature.ident == "of" {
            self.constructors.push(signature.ident.span().start().line);
        }
        visit::visit_signature(self, signature);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(texts: &[(&str, &str)]) -> Vec<String> {
        let mut report = Report::default();
        check(&Crate::from_texts(texts), &mut report);
        report.findings().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn participles_are_found() {
        let found = findings(&[(
            "a.rs",
            "pub(crate) struct Held; pub enum Counted {} struct Gone;",
        )]);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn two_types_of_a_name_are_found() {
        let found = findings(&[("a.rs", "pub struct Route;"), ("b.rs", "pub struct Route;")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(findings(&[("a.rs", "pub struct Route;"), ("b.rs", "struct Route;")]).is_empty());
    }

    #[test]
    fn a_constructor_that_is_called_of_is_found() {
        assert_eq!(findings(&[("a.rs", "impl A { fn of() -> A {} }")]).len(), 1);
    }
}
