//! The walls between the rooms of a crate: its top-level modules.
//!
//! ARCHITECTURE.md has a table for each crate: a room, its task, and the rooms that it uses. Every
//! path of the code that is not for tests is held against it, `use crate::…` and paths in
//! expressions alike. A room in no table, an arrow in no row, a row's arrow that nobody uses and
//! a circle are findings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use syn::visit::{self, Visit};

use crate::report::Report;
use crate::source::{Crate, is_of_tests};

type Arrows = BTreeMap<String, BTreeMap<String, (String, usize)>>;

/// Holds a crate against its table; a crate without one has no rooms.
pub(crate) fn check(root: &Path, name: &str, sources: &Crate, report: &mut Report) {
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("readable");
    let Some(table) = table(&text, name) else {
        return;
    };
    let arrows = arrows(sources);
    for (from, targets) in &arrows {
        for (to, (file, line)) in targets {
            report.count("arrows between rooms");
            if !table.get(from).is_some_and(|allowed| allowed.contains(to)) {
                let message =
                    format!("`{from}` uses `{to}`, which its row in ARCHITECTURE.md does not list");
                report.add(file, *line, message);
            }
        }
    }
    for (from, allowed) in &table {
        for to in allowed {
            if !arrows
                .get(from)
                .is_some_and(|targets| targets.contains_key(to))
            {
                let message =
                    format!("{name}: the row of `{from}` lists `{to}`, which it does not use");
                report.add("ARCHITECTURE.md", 1, message);
            }
        }
    }
    if let Some(circle) = circle(&arrows) {
        let message = format!(
            "{name}: rooms use each other in a circle: {}",
            circle.join(" -> ")
        );
        report.add("ARCHITECTURE.md", 1, message);
    }
}

/// The rooms of a crate and those that each of them uses.
pub(crate) fn shown(name: &str, sources: &Crate) -> String {
    let arrows = arrows(sources);
    let mut text = format!("### Rooms of `{name}`\n");
    for (from, targets) in &arrows {
        let targets: Vec<String> = targets.keys().map(|to| format!("`{to}`")).collect();
        let _ = writeln!(text, "| `{from}` | {} |", targets.join(", "));
    }
    if let Some(circle) = circle(&arrows) {
        let _ = writeln!(text, "a circle: {}", circle.join(" -> "));
    }
    text
}

/// The rows below the heading that names the crate: room, task, rooms that it uses.
fn table(text: &str, name: &str) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let (_, section) = text.split_once(&format!("### Rooms of `{name}`\n"))?;
    let section = section.split("\n#").next().unwrap_or_default();
    let mut rows = BTreeMap::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let words = |cell: &str| -> Vec<String> {
            cell.split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect()
        };
        let uses: BTreeSet<String> = words(
            cells
                .last()
                .copied()
                .filter(|cell| !cell.is_empty())
                .unwrap_or(cells[cells.len() - 2]),
        )
        .into_iter()
        .collect();
        for room in words(cells[1]) {
            rows.insert(room, uses.clone());
        }
    }
    Some(rows)
}

fn arrows(sources: &Crate) -> Arrows {
    let rooms: BTreeSet<&str> = sources
        .files
        .iter()
        .filter_map(|source| source.module.first())
        .map(String::as_str)
        .collect();
    let exports = exports(sources);
    let mut arrows = Arrows::new();
    for source in &sources.files {
        let Some(from) = source.module.first() else {
            continue;
        };
        let mut paths = Paths {
            depth: source.module.len(),
            found: Vec::new(),
        };
        paths.visit_file(&source.syntax);
        for (name, line) in paths.found {
            let to = exports.get(&name).cloned().unwrap_or(name);
            if to != *from && rooms.contains(to.as_str()) {
                let targets = arrows.entry(from.clone()).or_default();
                targets.entry(to).or_insert((source.path.clone(), line));
            }
        }
    }
    arrows
}

/// The names that the root of a crate exports, with the rooms that define them: `crate::Error` is a
/// path into `error`.
fn exports(sources: &Crate) -> BTreeMap<String, String> {
    let mut exports = BTreeMap::new();
    for source in sources
        .files
        .iter()
        .filter(|source| source.module.is_empty())
    {
        for item in &source.syntax.items {
            if let syn::Item::Use(item) = item {
                export(&mut Vec::new(), &item.tree, &mut exports);
            }
        }
    }
    exports
}

fn export(before: &mut Vec<String>, tree: &syn::UseTree, exports: &mut BTreeMap<String, String>) {
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.to_string());
            export(before, &path.tree, exports);
            before.pop();
        }
        syn::UseTree::Name(name) => add_export(before, &name.ident, exports),
        syn::UseTree::Rename(rename) => add_export(before, &rename.rename, exports),
        syn::UseTree::Group(group) => {
            group
                .items
                .iter()
                .for_each(|tree| export(before, tree, exports));
        }
        syn::UseTree::Glob(_) => {}
    }
}

fn add_export(before: &[String], name: &syn::Ident, exports: &mut BTreeMap<String, String>) {
    if let Some(room) = before
        .iter()
        .find(|name| !matches!(name.as_str(), "crate" | "self"))
    {
        exports.insert(name.to_string(), room.clone());
    }
}

/// The rooms that a file names.
struct Paths {
    /// The depth of the file in modules: this number of `super`s leads to the crate.
    depth: usize,
    found: Vec<(String, usize)>,
}

impl Paths {
    fn add(&mut self, names: &[&syn::Ident]) {
        let supers = names.iter().take_while(|name| **name == "super").count();
        let room = match names.first() {
            Some(first) if *first == "crate" => names.get(1),
            Some(_) if supers > 0 && supers == self.depth => names.get(supers),
            _ => None,
        };
        if let Some(room) = room {
            self.found
                .push((room.to_string(), room.span().start().line));
        }
    }

    fn tree<'a>(&mut self, before: &mut Vec<&'a syn::Ident>, tree: &'a syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(&path.ident);
                self.tree(before, &path.tree);
                before.pop();
            }
            syn::UseTree::Name(name) => self.leaf(before, &name.ident),
            syn::UseTree::Rename(rename) => self.leaf(before, &rename.ident),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.tree(before, tree))
            }
            syn::UseTree::Glob(_) => self.add(before),
        }
    }

    fn leaf<'a>(&mut self, before: &mut Vec<&'a syn::Ident>, name: &'a syn::Ident) {
        before.push(name);
        self.add(before);
        before.pop();
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_of_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&mut Vec::new(), &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<&syn::Ident> = path.segments.iter().map(|segment| &segment.ident).collect();
        self.add(&names);
        visit::visit_path(self, path);
    }

    /// The arguments of a macro, as far as they look like paths.
    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        self.tokens(invocation.tokens.clone());
        visit::visit_macro(self, invocation);
    }
}

impl Paths {
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let mut path: Vec<syn::Ident> = Vec::new();
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Ident(name) => {
                    path.push(name);
                    self.add(&path.iter().collect::<Vec<_>>());
                }
                proc_macro2::TokenTree::Punct(mark) if mark.as_char() == ':' => {}
                proc_macro2::TokenTree::Group(group) => {
                    path.clear();
                    self.tokens(group.stream());
                }
                _ => path.clear(),
            }
        }
    }
}

/// Rooms that use each other in a circle, the first one again at its end.
fn circle(arrows: &Arrows) -> Option<Vec<String>> {
    let mut left: BTreeMap<&String, BTreeSet<&String>> = arrows
        .iter()
        .map(|(from, to)| (from, to.keys().collect()))
        .collect();
    // Rooms from which no arrow leads to one that is left are on no circle.
    loop {
        let on_none: Vec<&String> = left
            .iter()
            .filter(|(_, to)| !to.iter().any(|to| left.contains_key(to)))
            .map(|(from, _)| *from)
            .collect();
        if on_none.is_empty() {
            break;
        }
        for room in on_none {
            left.remove(room);
        }
    }
    let mut room = *left.keys().next()?;
    let mut walked = Vec::new();
    while !walked.contains(&room) {
        walked.push(room);
        room = left[room].iter().find(|to| left.contains_key(**to))?;
    }
    let start = walked.iter().position(|walked| *walked == room)?;
    let circle = walked[start..].iter().chain([&room]);
    Some(circle.map(|room| (*room).clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_every_kind_are_arrows() {
        let sources = Crate::from_texts(&[
            (
                "a.rs",
                "use crate::b::{self, C}; fn f() { crate::c::g(); m!(crate::d::X) }",
            ),
            (
                "b/mod.rs",
                "use super::c; #[cfg(test)] mod tests { use crate::d; }",
            ),
            ("b/e.rs", "use super::c; use super::super::a::F;"),
            ("c.rs", ""),
            ("d.rs", ""),
            ("lib.rs", "mod d; pub use d::Shown;"),
            ("e.rs", "use crate::Shown;"),
        ]);
        let arrows = arrows(&sources);
        let of = |room: &str| -> Vec<String> {
            arrows
                .get(room)
                .map(|to| to.keys().cloned().collect())
                .unwrap_or_default()
        };
        assert_eq!(of("a"), ["b", "c", "d"]);
        assert_eq!(of("b"), ["a", "c"]);
        assert_eq!(of("e"), ["d"]);
        assert_eq!(
            circle(&arrows),
            Some(vec!["a".into(), "b".into(), "a".into()])
        );
    }
}
