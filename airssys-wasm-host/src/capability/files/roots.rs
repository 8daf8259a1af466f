//! Opens the directories that a set of grants names, once, when the component is deployed.
//!
//! From then on they are handles. If the operator renames or replaces a directory later, nothing
//! changes for the component.
//! Tests: `tests/suite/capabilities/files.rs`.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::{FileRule, Policy, SpecialFile};
use wasmtime_wasi::filesystem::Dir;
use wasmtime_wasi::{FsPerms, OpenMode};

use super::path::GuestPath;
use super::quota::Quota;
use super::resolution::EntryKind;
use super::resolve;
use crate::{Error, ErrorKind, Result};

/// The directories of one revision.
#[derive(Default)]
pub(crate) struct Roots {
    pub(super) all: Vec<Root>,
    /// The quotas, by the rule that sets each.
    pub(super) quotas: BTreeMap<Rule, Arc<Quota>>,
}

/// A directory that the component can see.
pub(super) struct Root {
    /// The path that the component sees.
    pub(super) path: GuestPath,
    pub(super) dir: Dir,
    /// `true` if paths in it have different grants, so that no symbolic link may be followed.
    is_fine_grained: Arc<AtomicBool>,
}

impl Roots {
    /// Opens the directories that the grants name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::GrantUnusable`] with the rule whose directory cannot be opened.
    pub(crate) fn open(policy: &Policy) -> Result<Self> {
        let grants = policy.grants();
        let rules: Vec<FileRule> = grants.allowed().filter_map(FileRule::from_rule).collect();
        let mounts = mounts(&rules)?;
        let mut opened: BTreeMap<String, Root> = BTreeMap::new();
        let mut quotas = BTreeMap::new();
        let mut hosts: BTreeMap<String, PathBuf> = BTreeMap::new();
        for rule in &rules {
            let location = RootLocation::from_rule(rule, &mounts)?;
            let (handle, special) = location.open(rule)?;
            if let Some(bytes_max) = rule.bytes_max {
                let quota = Quota::new(
                    rule.rule.clone(),
                    handle
                        .try_clone()
                        .map_err(|error| location.unusable_directory(error))?,
                    bytes_max,
                );
                quotas.insert(rule.rule.clone(), Arc::new(quota));
            }
            match hosts.insert(location.guest.clone(), location.host.clone()) {
                None => {
                    let root = Root::new(&location, handle, special, policy, &rules)?;
                    opened.insert(location.guest.clone(), root);
                }
                Some(other) if other != location.host => {
                    return Err(location.conflicting_location(&other));
                }
                Some(_) => {}
            }
        }
        Ok(Self {
            all: opened.into_values().collect(),
            quotas,
        })
    }

    /// Stops following symbolic links in directories whose paths have different grants from now on.
    pub(crate) fn update_symlink_policy(&self, policy: &Policy) {
        for root in &self.all {
            if !is_uniform(&root.path, policy) {
                root.is_fine_grained.store(true, Ordering::Release);
            }
        }
    }
}

/// The location of a rule's directory.
struct RootLocation {
    /// The path that the component sees; empty for `/`.
    guest: String,
    host: PathBuf,
    /// The rule, for messages.
    rule: String,
    /// `true` if the rule names a file, and this is the directory that contains it.
    is_parent_of_file: bool,
}

impl RootLocation {
    fn from_rule(rule: &FileRule, mounts: &BTreeMap<String, String>) -> Result<Self> {
        let (guest, host) = (rule.root.clone(), host_path(&rule.root, mounts));
        match resolve::entry_kind_at(&host) {
            Some(EntryKind::File) if rule.is_subtree => {
                return Self::parent_of_file(rule, &guest, &host);
            }
            Some(EntryKind::Special(file_type)) if rule.is_subtree => {
                let special = SpecialFile {
                    file_type: Some(file_type),
                    ..SpecialFile::default()
                };
                check_special(rule, &host, &special)?;
                return Self::parent_of_file(rule, &guest, &host);
            }
            _ => {}
        }
        Ok(Self {
            guest,
            host,
            rule: rule.rule.to_string(),
            is_parent_of_file: false,
        })
    }

    /// Opens the directory, if the rule permits its file system, and returns its special
    /// properties. Blocks.
    fn open(&self, rule: &FileRule) -> Result<(File, SpecialFile)> {
        let (directory, file_system) =
            resolve::open_directory(&self.host).map_err(|error| self.unusable_directory(error))?;
        let special = SpecialFile {
            file_systems: file_system
                .into_iter()
                .filter(|it| !it.holds_ordinary_files())
                .collect(),
            file_type: None,
        };
        check_special(rule, &self.host, &special)?;
        Ok((directory, special))
    }

    fn unusable_directory(&self, error: std::io::Error) -> Error {
        let message = format!(
            "`{}`: the directory `{}` cannot be opened on this machine; create it, or set its location with `from=`",
            self.rule,
            self.host.display()
        );
        Error::new(ErrorKind::GrantUnusable, message).with_source(error)
    }

    fn conflicting_location(&self, other: &Path) -> Error {
        let message = format!(
            "`{}`: `{}` would be both `{}` and `{}` on the host; give them different names",
            self.rule,
            self.guest,
            self.host.display(),
            other.display()
        );
        Error::new(ErrorKind::GrantUnusable, message)
    }

    /// Locates a single file by its directory. The file must have the same name on the host.
    fn parent_of_file(rule: &FileRule, guest: &str, host: &Path) -> Result<Self> {
        let (directory, name) = guest.rsplit_once('/').unwrap_or_default();
        match host.parent() {
            Some(parent) if host.file_name() == Some(name.as_ref()) => Ok(Self {
                guest: directory.to_owned(),
                host: parent.to_owned(),
                rule: rule.rule.to_string(),
                is_parent_of_file: true,
            }),
            _ => Err(Error::new(
                ErrorKind::GrantUnusable,
                format!(
                    "`{}`: a file granted on its own must have the same name on the host, `{name}`",
                    rule.rule
                ),
            )),
        }
    }
}

impl Root {
    fn new(
        location: &RootLocation,
        handle: File,
        special: SpecialFile,
        policy: &Policy,
        rules: &[FileRule],
    ) -> Result<Self> {
        let path = GuestPath::root(&location.guest).with_special(special);
        let (reads, writes) = whole_directory_uses(&path, rules);
        let is_fine = location.is_parent_of_file || !(reads && is_uniform(&path, policy));
        if is_fine && !cfg!(unix) {
            let message = format!(
                "`{}` requires paths to be resolved without following symbolic links, which this system cannot do safely; grant whole directories, to read or to read and write",
                location.rule
            );
            return Err(Error::new(ErrorKind::GrantUnusable, message));
        }
        let perms = if is_fine || writes {
            FsPerms::ReadWrite
        } else {
            FsPerms::ReadOnly
        };
        let mode = if perms == FsPerms::ReadWrite {
            OpenMode::READ | OpenMode::WRITE
        } else {
            OpenMode::READ
        };
        let dir = Dir::new(handle, perms, mode, true);
        Ok(Self {
            path,
            dir,
            is_fine_grained: Arc::new(is_fine.into()),
        })
    }

    /// Returns the flag that becomes `true` once paths in it have different grants.
    pub(super) fn fine_grained_flag(&self) -> &Arc<AtomicBool> {
        &self.is_fine_grained
    }

    pub(super) fn is_fine_grained(&self) -> bool {
        self.is_fine_grained.load(Ordering::Acquire)
    }
}

/// Returns whether everything in a directory may be read, and whether it may be written.
fn whole_directory_uses(path: &GuestPath, rules: &[FileRule]) -> (bool, bool) {
    let whole = |writes: bool| {
        rules.iter().any(|rule| {
            rule.is_subtree
                && rule.is_write == writes
                && path.below(&GuestPath::root(&rule.root)).is_some()
        })
    };
    (whole(false), whole(true))
}

/// Returns `true` if no rule distinguishes the paths within a directory: each covers all of them or
/// none, and all ways to write.
pub(super) fn is_uniform(path: &GuestPath, policy: &Policy) -> bool {
    let grants = policy.grants();
    let requested = policy.requested().rules();
    let all = grants
        .allowed()
        .chain(grants.denied())
        .chain(grants.revoked())
        .chain(requested);
    all.filter_map(FileRule::from_rule).all(|rule| {
        let root = GuestPath::root(&rule.root);
        let covers_all = rule.is_subtree && path.below(&root).is_some();
        let is_elsewhere = root.below(path).is_none() && path.below(&root).is_none();
        is_elsewhere || (covers_all && rule.bytes_max.is_none() && !rule.appends_only)
    })
}

/// Returns the mapped directories of the component, with their paths on the host.
fn mounts(rules: &[FileRule]) -> Result<BTreeMap<String, String>> {
    let mut mounts: BTreeMap<String, String> = BTreeMap::new();
    for rule in rules {
        let Some(from) = &rule.host_directory else {
            continue;
        };
        if let Some(other) = mounts.insert(rule.root.clone(), from.clone())
            && other != *from
        {
            let message = format!(
                "`{}` has two locations, `from={other}` and `from={from}`",
                rule.rule.target()
            );
            return Err(Error::new(ErrorKind::GrantUnusable, message));
        }
    }
    Ok(mounts)
}

/// Returns the host path of a directory of the component: below the nearest mapped directory above
/// it, or the same path if there is none.
fn host_path(guest: &str, mounts: &BTreeMap<String, String>) -> PathBuf {
    let path = GuestPath::root(guest);
    let below = |mount: &String| path.below(&GuestPath::root(mount));
    let nearest = mounts
        .iter()
        .filter_map(|(mount, from)| Some((from, below(mount)?)))
        .min_by_key(|(_, below)| below.len());
    match nearest {
        Some((from, below)) => below
            .iter()
            .fold(PathBuf::from(from), |path, name| path.join(name)),
        None => Path::new("/").join(guest.trim_start_matches('/')),
    }
}

/// Fails if a path is special and its rule does not name that.
fn check_special(rule: &FileRule, host: &Path, special: &SpecialFile) -> Result<()> {
    if special.is_empty() || rule.allows_special(special) {
        return Ok(());
    }
    let advice = match rule.extended_for(special) {
        Some(rule) => format!("if this is intended, write `{rule}`"),
        None => "no grant allows it".into(),
    };
    let message = format!("`{}`: `{}` {special}; {advice}", rule.rule, host.display());
    Err(Error::new(ErrorKind::GrantUnusable, message))
}
