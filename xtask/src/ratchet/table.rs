//! The checked-in table: a total for each row, and the functions behind it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::callgrind::Profile;

/// Functions with a smaller part of a row's total are left out.
const PART_MIN: f64 = 0.002;
const REST: &str = "(other functions)";

/// The table and where it is stored.
pub struct Table {
    folder: PathBuf,
    totals: BTreeMap<String, f64>,
    profiles: BTreeMap<String, Profile>,
    /// Rows measured since the table was read.
    measured: BTreeMap<String, Profile>,
}

impl Table {
    /// Reads `table.tsv` and `functions/*.tsv`; a missing file is an empty one.
    pub fn read(folder: PathBuf) -> Result<Self, String> {
        let totals = lines(&folder.join("table.tsv"))?;
        let mut profiles = BTreeMap::new();
        for row in totals.keys() {
            let functions = lines(&folder.join(format!("functions/{row}.tsv")))?;
            if !functions.is_empty() {
                profiles.insert(row.clone(), Profile(functions));
            }
        }
        Ok(Self {
            folder,
            totals,
            profiles,
            measured: BTreeMap::new(),
        })
    }

    pub fn row(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name)
    }

    pub fn total(&self, name: &str) -> Option<f64> {
        self.totals.get(name).copied()
    }

    pub fn set(&mut self, name: &str, profile: Profile) {
        self.set_total(name, profile.total());
        self.measured.insert(name.into(), profile);
    }

    pub fn set_total(&mut self, name: &str, total: f64) {
        self.totals.insert(name.into(), total);
    }

    /// Writes the table and the functions of each measured row, the largest first.
    pub fn write(&self) -> Result<(), String> {
        let mut table = String::new();
        for (name, total) in &self.totals {
            let _ = writeln!(table, "{name}\t{total:.0}");
        }
        self.write_file("table.tsv", &table)?;
        for (name, profile) in &self.measured {
            self.write_file(&format!("functions/{name}.tsv"), &functions(profile))?;
        }
        Ok(())
    }

    fn write_file(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.folder.join(name);
        let written = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, text));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}

fn functions(profile: &Profile) -> String {
    let least = profile.total() * PART_MIN;
    let (mut named, small): (Vec<_>, Vec<_>) = profile
        .0
        .iter()
        .partition(|(name, count)| **count >= least && *name != REST);
    named.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let rest: f64 = small.into_iter().map(|(_, count)| count).sum();
    let mut text = String::new();
    for (function, count) in named {
        let _ = writeln!(text, "{function}\t{count:.1}");
    }
    let _ = writeln!(text, "{REST}\t{rest:.1}");
    text
}

/// The lines `name<TAB>number` of a file.
fn lines(path: &PathBuf) -> Result<BTreeMap<String, f64>, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
    };
    text.lines()
        .map(|line| {
            let number = line
                .rsplit_once('\t')
                .and_then(|(name, number)| Some((name.to_owned(), number.parse::<f64>().ok()?)));
            number.ok_or_else(|| format!("{}: not `name<TAB>number`: {line}", path.display()))
        })
        .collect()
}
