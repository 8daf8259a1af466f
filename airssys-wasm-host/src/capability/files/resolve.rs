//! Resolves a path in an open directory to the directory in which an operation is done and one name
//! there. Walks by handles, name by name, and inspects each name before it opens anything.
//!
//! A name is opened as a handle to the path alone (`O_PATH`), which neither blocks nor touches the
//! file, and reveals its type and device. A mount is crossed only to a file system that holds
//! regular files, or to a permitted one. Symbolic links are followed by their text, so that a magic
//! link of `/proc` leads nowhere. Other Unix systems have no such handle and do not reveal the type
//! of a file system: names are inspected with `fstatat`, and every other device counts as `unknown`.
//! Tests: in this file, `tests/attacks`, `tests/suite/capabilities/files_special.rs`.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use airssys_wasm_core::policy::{FileSystemType, SpecialFile, SpecialFileType};
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;

use super::directory_stack::{DirectoryStack, DirectoryStep};
use super::resolution::{
    EntryKind, PathForm, ResolveError, ResolvedPath, SymlinkPolicy, UnresolvedPath,
};

/// The most symbolic links followed in one path, as on Linux.
const SYMLINKS_MAX: usize = 40;

/// The most names inspected for one path, those of symbolic links included: more than the longest
/// path has, and few enough that no thread is held for long.
const NAMES_MAX: usize = 8_192;

impl From<Errno> for ResolveError {
    fn from(error: Errno) -> Self {
        Self::Io(error.into())
    }
}

/// An inspected entry of a directory.
struct InspectedEntry {
    /// A handle to the path alone; `None` where the system has no such handles.
    handle: Option<File>,
    kind: EntryKind,
    device: u64,
}

impl UnresolvedPath {
    /// Resolves the path. Blocks.
    pub(super) fn resolve(&self) -> Result<ResolvedPath, ResolveError> {
        let start = DirectoryStep {
            directory: Arc::clone(&self.start),
            device: device(&fstat(&self.start)?),
        };
        let mut stack = DirectoryStack::new(start);
        let mut form = PathForm::from_path(&self.path);
        let mut names = names_of(&self.path);
        let (mut symlinks, mut inspections) = (0, 0);
        while let Some(name) = names.pop() {
            if name == ".." {
                let mut enter = |here: &DirectoryStep, name: &str| {
                    count_inspection(&mut inspections).and_then(|()| enter_again(here, name))
                };
                if !stack.leave(&mut enter)? {
                    return Err(ResolveError::Outside);
                }
                continue;
            }
            count_inspection(&mut inspections)?;
            let here = stack.current();
            let is_last = names.is_empty();
            let Some(entry) = self.inspect(here, &name)? else {
                return if is_last {
                    Ok(here.resolved(name, None, form))
                } else {
                    Err(Errno::NOENT.into())
                };
            };
            match entry.kind {
                EntryKind::Symlink if is_last && self.symlinks != SymlinkPolicy::Followed => {
                    return self.resolve_last(here, name, entry.kind, form);
                }
                EntryKind::Symlink if self.symlinks == SymlinkPolicy::Refused => {
                    return Err(ResolveError::Symlink);
                }
                EntryKind::Symlink => {
                    symlinks += 1;
                    let target = read_link(here, &name, &entry)?;
                    if symlinks > SYMLINKS_MAX {
                        return Err(Errno::LOOP.into());
                    }
                    if target.starts_with('/') {
                        return Err(ResolveError::Outside);
                    }
                    if is_last && PathForm::from_path(&target) == PathForm::Directory {
                        form = PathForm::Directory;
                    }
                    names.extend(names_of(&target));
                }
                kind if is_last => return self.resolve_last(here, name, kind, form),
                EntryKind::Directory => {
                    let step = enter_inspected(here, &name, entry)?;
                    stack.enter(name, step);
                }
                EntryKind::File | EntryKind::Special(_) => return Err(Errno::NOTDIR.into()),
            }
        }
        Ok(stack
            .current()
            .resolved(".".into(), Some(EntryKind::Directory), PathForm::Directory))
    }

    /// Resolves the last name of the path, which exists. A link is one that is not followed.
    fn resolve_last(
        &self,
        here: &DirectoryStep,
        name: String,
        kind: EntryKind,
        form: PathForm,
    ) -> Result<ResolvedPath, ResolveError> {
        match (form, kind) {
            (PathForm::Entry, _) | (PathForm::Directory, EntryKind::Directory) => {
                Ok(here.resolved(name, Some(kind), form))
            }
            (PathForm::Directory, EntryKind::Symlink)
                if self.symlinks == SymlinkPolicy::Refused =>
            {
                Err(ResolveError::Symlink)
            }
            (PathForm::Directory, _) => Err(Errno::NOTDIR.into()),
        }
    }

    /// Inspects a name in a directory. Fails if it is a mount of a file system that was not
    /// permitted.
    fn inspect(
        &self,
        here: &DirectoryStep,
        name: &str,
    ) -> Result<Option<InspectedEntry>, ResolveError> {
        let Some(entry) = inspect(&here.directory, name)? else {
            return Ok(None);
        };
        if entry.device != here.device {
            self.check_file_system(entry.handle.as_ref())?;
        }
        Ok(Some(entry))
    }

    fn check_file_system(&self, on: Option<&File>) -> Result<(), ResolveError> {
        let file_system = file_system(on)?;
        if file_system.holds_ordinary_files() || self.admitted.file_systems.contains(&file_system) {
            return Ok(());
        }
        let mut special = self.admitted.clone();
        special.file_systems.push(file_system);
        Err(ResolveError::Special(special))
    }

    /// Opens the entry at a resolved path, with additional flags that keep the call from blocking
    /// and from following a link. Inspects the opened file again, so that a file swapped in
    /// meanwhile is refused.
    pub(super) fn open(
        &self,
        entry: &ResolvedPath,
        flags: OFlags,
    ) -> Result<(File, EntryKind), ResolveError> {
        entry.kind.map_or(Ok(()), |kind| self.check_type(kind))?;
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        let file = File::from(openat(&entry.directory, entry.name.as_str(), flags, mode)?);
        let stat = fstat(&file)?;
        let kind = entry_kind(&stat);
        self.check_type(kind)?;
        if device(&stat) != entry.device {
            self.check_file_system(Some(&file))?;
        }
        if matches!(kind, EntryKind::Special(_)) {
            // Reads and writes wait for the other end, each in a slot of the deployment.
            rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
        }
        Ok((file, kind))
    }

    fn check_type(&self, kind: EntryKind) -> Result<(), ResolveError> {
        match kind {
            EntryKind::Special(special) if self.admitted.file_type != Some(special) => {
                Err(ResolveError::Special(SpecialFile {
                    file_type: Some(special),
                    ..self.admitted.clone()
                }))
            }
            _ => Ok(()),
        }
    }
}

impl DirectoryStep {
    fn resolved(&self, name: String, kind: Option<EntryKind>, form: PathForm) -> ResolvedPath {
        ResolvedPath {
            directory: Arc::clone(&self.directory),
            name,
            kind,
            form,
            device: self.device,
        }
    }
}

/// Opens a directory of the operator for a deployment. Returns its file system too, if the system
/// reveals it.
pub(super) fn open_directory(path: &std::path::Path) -> io::Result<(File, Option<FileSystemType>)> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY | OFlags::NONBLOCK;
    let directory = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let file_system = file_system(Some(&directory))?;
    Ok((
        directory,
        Some(file_system).filter(|known| *known != FileSystemType::UNKNOWN),
    ))
}

/// Returns the kind of the entry at a path of the operator; follows links.
pub(super) fn entry_kind_at(path: &std::path::Path) -> Option<EntryKind> {
    rustix::fs::stat(path).ok().map(|stat| entry_kind(&stat))
}

fn entry_kind(stat: &Stat) -> EntryKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Symlink,
        FileType::Fifo => EntryKind::Special(SpecialFileType::Fifo),
        FileType::Socket => EntryKind::Special(SpecialFileType::Socket),
        // An unknown type is refused like a device.
        FileType::CharacterDevice | FileType::BlockDevice | FileType::Unknown => {
            EntryKind::Special(SpecialFileType::Device)
        }
    }
}

/// Returns the names of a path in reverse order, so that they can be popped from the end.
fn names_of(path: &str) -> Vec<String> {
    let names = path.split('/').filter(|name| !matches!(*name, "" | "."));
    names.rev().map(str::to_owned).collect()
}

#[allow(
    clippy::unnecessary_cast,
    reason = "devices have other types on other systems"
)]
fn device(stat: &Stat) -> u64 {
    stat.st_dev as u64
}

fn inspected_entry(stat: &Stat, handle: Option<File>) -> InspectedEntry {
    InspectedEntry {
        handle,
        kind: entry_kind(stat),
        device: device(stat),
    }
}

/// Inspects a name by a handle to the path alone. Returns `None` if the name does not exist.
#[cfg(target_os = "linux")]
fn inspect(directory: &File, name: &str) -> Result<Option<InspectedEntry>, Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(directory, name, flags, Mode::empty()) {
        Ok(handle) => Ok(Some(inspected_entry(&fstat(&handle)?, Some(handle.into())))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(not(target_os = "linux"))]
fn inspect(directory: &File, name: &str) -> Result<Option<InspectedEntry>, Errno> {
    match rustix::fs::statat(directory, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(inspected_entry(&stat, None))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Counts an inspected name. Fails beyond [`NAMES_MAX`].
fn count_inspection(inspections: &mut usize) -> Result<(), Errno> {
    *inspections += 1;
    if *inspections <= NAMES_MAX {
        Ok(())
    } else {
        Err(Errno::LOOP)
    }
}

/// Enters a directory that was passed before.
fn enter_again(here: &DirectoryStep, name: &str) -> Result<DirectoryStep, Errno> {
    let entry = inspect(&here.directory, name)?.ok_or(Errno::NOENT)?;
    if entry.kind == EntryKind::Directory {
        enter_inspected(here, name, entry)
    } else {
        Err(Errno::NOTDIR)
    }
}

/// Enters the directory that was inspected.
fn enter_inspected(
    here: &DirectoryStep,
    name: &str,
    entry: InspectedEntry,
) -> Result<DirectoryStep, Errno> {
    let inspected_device = entry.device;
    if let Some(handle) = entry.handle {
        return Ok(DirectoryStep {
            directory: Arc::new(handle),
            device: inspected_device,
        });
    }
    let flags =
        OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY | OFlags::NONBLOCK;
    let directory = openat(&here.directory, name, flags, Mode::empty())?;
    // A different device means that something was mounted meanwhile.
    match device(&fstat(&directory)?) == inspected_device {
        true => Ok(DirectoryStep {
            directory: Arc::new(directory.into()),
            device: inspected_device,
        }),
        false => Err(Errno::AGAIN),
    }
}

fn read_link(
    here: &DirectoryStep,
    name: &str,
    entry: &InspectedEntry,
) -> Result<String, ResolveError> {
    let target = match &entry.handle {
        Some(link) => rustix::fs::readlinkat(link, "", Vec::new())?,
        None => rustix::fs::readlinkat(&here.directory, name, Vec::new())?,
    };
    let text = std::ffi::OsString::from_vec(target.into_bytes()).into_string();
    text.map_err(|_| Errno::ILSEQ.into())
}

/// Returns the type of the file system that a file is on.
#[cfg(target_os = "linux")]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of 32 bits"
)]
fn file_system(on: Option<&File>) -> Result<FileSystemType, Errno> {
    let Some(on) = on else {
        return Ok(FileSystemType::UNKNOWN);
    };
    Ok(FileSystemType::from_magic(
        rustix::fs::fstatfs(on)?.f_type as u32,
    ))
}

#[cfg(not(target_os = "linux"))]
fn file_system(_: Option<&File>) -> Result<FileSystemType, Errno> {
    Ok(FileSystemType::UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unresolved(start: &std::path::Path, path: &str, symlinks: SymlinkPolicy) -> UnresolvedPath {
        let start = Arc::new(File::open(start).expect("opened"));
        UnresolvedPath {
            start,
            path: path.into(),
            symlinks,
            admitted: SpecialFile::default(),
        }
    }

    /// Returns the name that a path leads to, and its kind.
    fn leads(
        start: &std::path::Path,
        path: &str,
        symlinks: SymlinkPolicy,
    ) -> Result<(String, Option<EntryKind>), String> {
        match unresolved(start, path, symlinks).resolve() {
            Ok(resolved) => Ok((resolved.name, resolved.kind)),
            Err(ResolveError::Io(error)) => Err(format!("{:?}", error.kind())),
            Err(stopped) => Err(format!("{stopped:?}")),
        }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("a/b")).expect("folders");
        std::fs::write(at("a/b/file"), "x").expect("a file");
        for (target, link) in [
            ("a", "link"),
            ("../a", "a/out"),
            ("/etc", "absolute"),
            ("loop", "loop"),
            ("a/b/file", "to-file"),
            ("a/./", "slash"),
        ] {
            std::os::unix::fs::symlink(target, at(link)).expect("a link");
        }
        folder
    }

    #[test]
    fn follows_no_link() {
        let folder = folder();
        let refused = |path: &str| leads(folder.path(), path, SymlinkPolicy::Refused);
        assert_eq!(
            refused("a/b/file"),
            Ok(("file".into(), Some(EntryKind::File)))
        );
        assert_eq!(refused("link/b"), Err("Symlink".into()));
        assert_eq!(refused("link/"), Err("Symlink".into()));
        assert_eq!(
            refused("link"),
            Ok(("link".into(), Some(EntryKind::Symlink)))
        );
        assert_eq!(refused("nothing/x"), Err("NotFound".into()));
    }

    #[test]
    fn follows_links_inside_the_directory_only() {
        let folder = folder();
        let followed = |path: &str| leads(folder.path(), path, SymlinkPolicy::Followed);
        for (path, expected) in [
            ("link/b/file", Ok(("file".into(), Some(EntryKind::File)))),
            ("to-file", Ok(("file".into(), Some(EntryKind::File)))),
            ("a/out/b", Ok(("b".into(), Some(EntryKind::Directory)))),
            ("slash/b", Ok(("b".into(), Some(EntryKind::Directory)))),
            ("link/new", Ok(("new".into(), None))),
            (".", Ok((".".into(), Some(EntryKind::Directory)))),
            ("a/..", Ok((".".into(), Some(EntryKind::Directory)))),
            ("a/../..", Err("Outside".into())),
            ("absolute/passwd", Err("Outside".into())),
            ("a/b/file/x", Err("NotADirectory".into())),
            ("to-file/", Err("NotADirectory".into())),
            ("a/b/../../to-file/..", Err("NotADirectory".into())),
        ] {
            assert_eq!(followed(path), expected, "{path}");
        }
        assert!(followed("loop").is_err());
        let below = leads(&folder.path().join("a"), "out/b", SymlinkPolicy::Followed);
        assert_eq!(below, Err("Outside".into()), "`../a` from within `a`");
        let kept = leads(
            folder.path(),
            "link/../to-file",
            SymlinkPolicy::FollowedExceptLast,
        );
        assert_eq!(kept, Ok(("to-file".into(), Some(EntryKind::Symlink))));
    }

    #[test]
    fn a_deep_path_holds_few_handles_and_leads_back() {
        let folder = folder();
        let deep = ["d"; 60].join("/");
        std::fs::create_dir_all(folder.path().join(&deep)).expect("folders");
        let back = format!("{deep}/{}/a/b/file", [".."; 60].join("/"));
        assert_eq!(
            leads(folder.path(), &back, SymlinkPolicy::Followed)
                .expect("the path leads to a file")
                .0,
            "file"
        );
        let out = format!("{deep}/{}", [".."; 61].join("/"));
        assert_eq!(
            leads(folder.path(), &out, SymlinkPolicy::Followed),
            Err("Outside".into())
        );
        let endless = "a/../".repeat(NAMES_MAX + 1);
        assert!(leads(folder.path(), &endless, SymlinkPolicy::Followed).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn crosses_no_mount_to_a_file_system_without_ordinary_files() {
        let proc = FileSystemType::from_magic(0x9fa0);
        let mut path = unresolved(
            std::path::Path::new("/"),
            "proc/self/stat",
            SymlinkPolicy::Followed,
        );
        let Err(ResolveError::Special(special)) = path.resolve() else {
            panic!("the mount was crossed")
        };
        assert_eq!(special.file_systems, [proc]);
        path.admitted = special;
        assert_eq!(
            path.resolve()
                .map(|resolved| resolved.name)
                .expect("a permitted special file"),
            "stat"
        );
        path.path = "proc/self/root/etc/passwd".into();
        assert!(
            matches!(path.resolve(), Err(ResolveError::Outside)),
            "a magic link leads out"
        );
    }

    #[test]
    fn opens_nothing_special_and_waits_for_nothing() {
        let folder = folder();
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .expect("a FIFO");
        let mut path = unresolved(folder.path(), "fifo", SymlinkPolicy::Followed);
        let resolved = path.resolve().expect("the name exists");
        let Err(ResolveError::Special(special)) = path.open(&resolved, OFlags::RDONLY) else {
            panic!("opened")
        };
        assert_eq!(special.file_type, Some(SpecialFileType::Fifo));
        let unopened = path.open(&resolved, OFlags::WRONLY);
        assert!(
            matches!(unopened, Err(ResolveError::Special(_))),
            "the system's error would be that the FIFO has no reader"
        );
        // Swapped in after the inspection.
        let swapped = ResolvedPath {
            kind: Some(EntryKind::File),
            ..resolved.clone()
        };
        assert!(matches!(
            path.open(&swapped, OFlags::RDONLY),
            Err(ResolveError::Special(_))
        ));
        path.admitted = special;
        assert_eq!(
            path.open(&resolved, OFlags::RDONLY)
                .expect("a permitted special file")
                .1,
            EntryKind::Special(SpecialFileType::Fifo)
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn opens_no_file_of_a_file_system_that_was_mounted_after_the_inspection() {
        let folder = folder();
        let path = unresolved(folder.path(), "a/b/file", SymlinkPolicy::Followed);
        let resolved = path.resolve().expect("the name exists");
        path.open(&resolved, OFlags::RDONLY).expect("a file");
        // The device that was inspected, with a file of another file system.
        let directory = Arc::new(File::open("/proc").expect("Linux has `/proc`"));
        let mounted = ResolvedPath {
            directory,
            name: "version".into(),
            ..resolved
        };
        let Err(ResolveError::Special(special)) = path.open(&mounted, OFlags::RDONLY) else {
            panic!("opened")
        };
        assert_eq!(special.file_systems.len(), 1);
    }
}
