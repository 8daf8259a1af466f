//! A run of a program under callgrind, and its profile.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::shell::run as shell_run;

/// The threads whose instructions count.
#[derive(Clone, Copy, PartialEq)]
pub enum Threads {
    /// The first, on which everything single-threaded runs.
    First,
    All,
}

/// Instructions by function, without those of its callees.
#[derive(Default)]
pub struct Profile(pub BTreeMap<String, f64>);

impl Profile {
    pub fn total(&self) -> f64 {
        self.0.values().sum()
    }

    pub fn minus(mut self, other: &Self) -> Self {
        for (function, count) in &other.0 {
            *self.0.entry(function.clone()).or_default() -= count;
        }
        self
    }

    pub fn divided_by(mut self, count: u32) -> Self {
        self.0
            .values_mut()
            .for_each(|value| *value /= f64::from(count));
        self
    }
}

/// Runs an operation `count` times.
pub fn run(
    program: &Path,
    row: &str,
    count: u32,
    threads: Threads,
    folder: &Path,
) -> Result<Profile, String> {
    let begin = format!("{row}.{count}.out");
    remove(&files(folder, &begin)?)?;
    shell_run(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--quiet", "--separate-threads=yes"])
            .arg(format!(
                "--callgrind-out-file={}",
                folder.join(&begin).display()
            ))
            .arg(program)
            .args([row, &count.to_string()])
            .arg(folder.join("code"))
            .stdout(Stdio::null()),
    )?;
    let mut profile = Profile::default();
    for file in files(folder, &begin)? {
        if threads == Threads::All || file.to_string_lossy().ends_with("-01") {
            let text = std::fs::read_to_string(&file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            read(&text, &mut profile);
        }
    }
    remove(&files(folder, &begin)?)?;
    Ok(profile)
}

/// The files that a run writes: one for each thread.
fn files(folder: &Path, begin: &str) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(paths
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(begin))
        })
        .collect())
}

fn remove(files: &[PathBuf]) -> Result<(), String> {
    files.iter().try_for_each(|file| {
        std::fs::remove_file(file)
            .map_err(|error| format!("cannot remove {}: {error}", file.display()))
    })
}

/// Adds the costs in a file of callgrind's format to a profile.
///
/// `fn=(id) name` begins a function, and only its first mention has the name. A line of two
/// numbers is a position and a cost. The line after `calls=` is the cost of a callee, which is
/// counted where the callee is.
fn read(text: &str, profile: &mut Profile) {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    let mut function = String::new();
    let mut is_of_callee = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            function = named(name, &mut names);
        } else if let Some(name) = line.strip_prefix("cfn=") {
            named(name, &mut names);
        } else if line.starts_with("calls=") {
            is_of_callee = true;
        } else if is_cost(line) && !std::mem::take(&mut is_of_callee) {
            let cost = line.split(' ').nth(1);
            let cost = cost.and_then(|cost| cost.parse::<f64>().ok());
            *profile.0.entry(function.clone()).or_default() += cost.unwrap_or_default();
        }
    }
}

/// A line of costs begins with a position, which may be relative.
fn is_cost(line: &str) -> bool {
    line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first))
}

/// The function of `(id) name` or `(id)`.
fn named<'text>(text: &'text str, names: &mut BTreeMap<&'text str, String>) -> String {
    let (id, name) = text.split_once(' ').unwrap_or((text, ""));
    if !name.is_empty() {
        names.insert(id, without_hash(name));
    }
    names.get(id).cloned().unwrap_or_default()
}

/// A function's name as people write it: without the hash of its crate, the number of a clone, and
/// with one name for compiled guests and the stubs around them.
fn without_hash(name: &str) -> String {
    if name.starts_with("0x") || name == "???" {
        return "(compiled guest)".into();
    }
    let name = name.split('\'').next().unwrap_or(name);
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()) => {
            path.into()
        }
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_a_callee_once() {
        let text = "events: Ir\n\nfn=(1) host::call::h0123456789abcdef\n10 5\n+1 2\ncfn=(2) guest\n\
                    calls=3 20\n11 400\n12 1\n\nfn=(2)\n20 400\n";
        let mut profile = Profile::default();
        read(text, &mut profile);
        assert_eq!(profile.0["host::call"], 8.0);
        assert_eq!(profile.0["guest"], 400.0);
        assert_eq!(profile.total(), 408.0);
    }
}
