//! Resolves a path in an open directory to the directory in which an operation is done and one name
//! there. Walks by handles, name by name, and inspects each name before it opens anything.
//!
//! A name is opened as a handle to the path alone (`O_PATH`), which neither blocks nor touches the
//! file, and reveals its type and device. A mount is crossed only to a file system that holds
//! regular files, or to a permitted one. Links are followed by their text, so that a magic link of
//! `/proc` leads nowhere. Other Unix systems have no such handle and do not reveal the type of a
//! file system: names are inspected with `fstatat`, and every other device counts as `unknown`.
//! Tests: in this file, `tests/attacks`, `tests/suite/capabilities/files_special.rs`.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use airssys_wasm_core::policy::{FileSystem, Special, SpecialType};
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;

use super::route::{EntryKind, Links, Place, Route, Stopped};
use super::way::{Step, Way};

/// The most links followed in one path, as on Linux.
const LINKS_MAX: usize = 40;

/// The most names inspected for one path, those of links included: more than the longest path has,
/// and few enough that no thread is held for long.
const NAMES_MAX: usize = 8_192;

impl From<Errno> for Stopped {
    fn from(error: Errno) -> Self {
        Self::At(error.into())
    }
}

/// An inspected entry of a directory.
struct Met {
    /// A handle to the path alone; `None` where the system has no such handles.
    handle: Option<File>,
    found: EntryKind,
    device: u64,
}

impl Route {
    /// Resolves the path. Blocks.
    pub(super) fn resolve(&self) -> Result<Place, Stopped> {
        let start = Step {
            directory: Arc::clone(&self.start),
            device: device(&fstat(&self.start)?),
        };
        let mut way = Way::new(start);
        let mut is_directory = ends_as_directory(&self.path);
        let mut names = names_of(&self.path);
        let (mut links, mut looks) = (0, 0);
        while let Some(name) = names.pop() {
            if name == ".." {
                let mut enter =
                    |here: &Step, name: &str| counted(&mut looks).and_then(|()| enter(here, name));
                if !way.back(&mut enter)? {
                    return Err(Stopped::Outside);
                }
                continue;
            }
            counted(&mut looks)?;
            let here = way.here();
            let is_last = names.is_empty();
            let Some(met) = self.look(here, &name)? else {
                return if is_last {
                    Ok(here.place(name, None, is_directory))
                } else {
                    Err(Errno::NOENT.into())
                };
            };
            match met.found {
                EntryKind::Link if is_last && self.links != Links::Followed => {
                    return match is_directory {
                        true if self.links == Links::Refused => Err(Stopped::AtALink),
                        true => Err(Errno::NOTDIR.into()),
                        false => Ok(here.place(name, Some(met.found), false)),
                    };
                }
                EntryKind::Link if self.links == Links::Refused => return Err(Stopped::AtALink),
                EntryKind::Link => {
                    links += 1;
                    let target = read_link(here, &name, &met)?;
                    if links > LINKS_MAX {
                        return Err(Errno::LOOP.into());
                    }
                    if target.starts_with('/') {
                        return Err(Stopped::Outside);
                    }
                    is_directory |= is_last && ends_as_directory(&target);
                    names.extend(names_of(&target));
                }
                found if is_last && is_directory && found != EntryKind::Directory => {
                    return Err(Errno::NOTDIR.into());
                }
                found if is_last => return Ok(here.place(name, Some(found), is_directory)),
                EntryKind::Directory => {
                    let step = descend(here, &name, met)?;
                    way.enter(name, step);
                }
                EntryKind::File | EntryKind::Special(_) => return Err(Errno::NOTDIR.into()),
            }
        }
        Ok(way
            .here()
            .place(".".into(), Some(EntryKind::Directory), true))
    }

    /// Inspects a name in a directory. Fails if it is a mount of a file system that was not
    /// permitted.
    fn look(&self, here: &Step, name: &str) -> Result<Option<Met>, Stopped> {
        let Some(met) = look(&here.directory, name)? else {
            return Ok(None);
        };
        if met.device != here.device {
            self.check_file_system(met.handle.as_ref())?;
        }
        Ok(Some(met))
    }

    fn check_file_system(&self, on: Option<&File>) -> Result<(), Stopped> {
        let file_system = file_system(on)?;
        if file_system.holds_ordinary_files() || self.admitted.file_systems.contains(&file_system) {
            return Ok(());
        }
        let mut special = self.admitted.clone();
        special.file_systems.push(file_system);
        Err(Stopped::AtSpecial(special))
    }

    /// Opens the entry in a place, with additional flags that keep the call from blocking and from
    /// following a link. Inspects the opened file again, so that a file swapped in meanwhile is
    /// refused.
    pub(super) fn open(&self, place: &Place, flags: OFlags) -> Result<(File, EntryKind), Stopped> {
        place.found.map_or(Ok(()), |found| self.check_type(found))?;
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        let file = File::from(openat(&place.directory, place.name.as_str(), flags, mode)?);
        let stat = fstat(&file)?;
        let found = found(&stat);
        self.check_type(found)?;
        if device(&stat) != place.device {
            self.check_file_system(Some(&file))?;
        }
        if matches!(found, EntryKind::Special(_)) {
            // Reads and writes wait for the other end, each in a slot of the deployment.
            rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
        }
        Ok((file, found))
    }

    fn check_type(&self, found: EntryKind) -> Result<(), Stopped> {
        match found {
            EntryKind::Special(special) if self.admitted.file_type != Some(special) => {
                Err(Stopped::AtSpecial(Special {
                    file_type: Some(special),
                    ..self.admitted.clone()
                }))
            }
            _ => Ok(()),
        }
    }
}

impl Step {
    fn place(&self, name: String, found: Option<EntryKind>, is_directory: bool) -> Place {
        Place {
            directory: Arc::clone(&self.directory),
            name,
            found,
            is_directory,
            device: self.device,
        }
    }
}

/// Opens a directory of the operator for a deployment. Returns its file system too, if the system
/// reveals it.
pub(super) fn open_directory(path: &std::path::Path) -> io::Result<(File, Option<FileSystem>)> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY | OFlags::NONBLOCK;
    let directory = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let file_system = file_system(Some(&directory))?;
    Ok((
        directory,
        Some(file_system).filter(|known| *known != FileSystem::UNKNOWN),
    ))
}

/// Returns the kind of the entry at a path of the operator; follows links.
pub(super) fn at(path: &std::path::Path) -> Option<EntryKind> {
    rustix::fs::stat(path).ok().map(|stat| found(&stat))
}

fn found(stat: &Stat) -> EntryKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Link,
        FileType::Fifo => EntryKind::Special(SpecialType::Fifo),
        FileType::Socket => EntryKind::Special(SpecialType::Socket),
        // An unknown type is refused like a device.
        FileType::CharacterDevice | FileType::BlockDevice | FileType::Unknown => {
            EntryKind::Special(SpecialType::Device)
        }
    }
}

/// Returns the names of a path in reverse order, so that they can be popped from the end.
fn names_of(path: &str) -> Vec<String> {
    let names = path.split('/').filter(|name| !matches!(*name, "" | "."));
    names.rev().map(str::to_owned).collect()
}

fn ends_as_directory(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("" | "." | ".."))
}

#[allow(
    clippy::unnecessary_cast,
    reason = "devices have other types on other systems"
)]
fn device(stat: &Stat) -> u64 {
    stat.st_dev as u64
}

fn met(stat: &Stat, handle: Option<File>) -> Met {
    Met {
        handle,
        found: found(stat),
        device: device(stat),
    }
}

/// Inspects a name by a handle to the path alone. Returns `None` if the name does not exist.
#[cfg(target_os = "linux")]
fn look(directory: &File, name: &str) -> Result<Option<Met>, Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(directory, name, flags, Mode::empty()) {
        Ok(handle) => Ok(Some(met(&fstat(&handle)?, Some(handle.into())))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(not(target_os = "linux"))]
fn look(directory: &File, name: &str) -> Result<Option<Met>, Errno> {
    match rustix::fs::statat(directory, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(met(&stat, None))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Counts an inspected name. Fails beyond [`NAMES_MAX`].
fn counted(looks: &mut usize) -> Result<(), Errno> {
    *looks += 1;
    if *looks <= NAMES_MAX {
        Ok(())
    } else {
        Err(Errno::LOOP)
    }
}

/// Enters a directory that was passed before.
fn enter(here: &Step, name: &str) -> Result<Step, Errno> {
    let met = look(&here.directory, name)?.ok_or(Errno::NOENT)?;
    if met.found == EntryKind::Directory {
        descend(here, name, met)
    } else {
        Err(Errno::NOTDIR)
    }
}

/// Enters the directory that was inspected.
fn descend(here: &Step, name: &str, met: Met) -> Result<Step, Errno> {
    let device_met = met.device;
    if let Some(handle) = met.handle {
        return Ok(Step {
            directory: Arc::new(handle),
            device: device_met,
        });
    }
    let flags =
        OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY | OFlags::NONBLOCK;
    let directory = openat(&here.directory, name, flags, Mode::empty())?;
    // A different device means that something was mounted meanwhile.
    match device(&fstat(&directory)?) == device_met {
        true => Ok(Step {
            directory: Arc::new(directory.into()),
            device: device_met,
        }),
        false => Err(Errno::AGAIN),
    }
}

fn read_link(here: &Step, name: &str, met: &Met) -> Result<String, Stopped> {
    let target = match &met.handle {
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
fn file_system(on: Option<&File>) -> Result<FileSystem, Errno> {
    let Some(on) = on else {
        return Ok(FileSystem::UNKNOWN);
    };
    Ok(FileSystem::from_magic(
        rustix::fs::fstatfs(on)?.f_type as u32,
    ))
}

#[cfg(not(target_os = "linux"))]
fn file_system(_: Option<&File>) -> Result<FileSystem, Errno> {
    Ok(FileSystem::UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(start: &std::path::Path, path: &str, links: Links) -> Route {
        let start = Arc::new(File::open(start).expect("opened"));
        Route {
            start,
            path: path.into(),
            links,
            admitted: Special::default(),
        }
    }

    /// Returns the name that a path leads to, and its kind.
    fn leads(
        start: &std::path::Path,
        path: &str,
        links: Links,
    ) -> Result<(String, Option<EntryKind>), String> {
        match route(start, path, links).resolve() {
            Ok(place) => Ok((place.name, place.found)),
            Err(Stopped::At(error)) => Err(format!("{:?}", error.kind())),
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
        let refused = |path: &str| leads(folder.path(), path, Links::Refused);
        assert_eq!(
            refused("a/b/file"),
            Ok(("file".into(), Some(EntryKind::File)))
        );
        assert_eq!(refused("link/b"), Err("AtALink".into()));
        assert_eq!(refused("link/"), Err("AtALink".into()));
        assert_eq!(refused("link"), Ok(("link".into(), Some(EntryKind::Link))));
        assert_eq!(refused("nothing/x"), Err("NotFound".into()));
    }

    #[test]
    fn follows_links_within_and_none_that_leads_out() {
        let folder = folder();
        let followed = |path: &str| leads(folder.path(), path, Links::Followed);
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
        let below = leads(&folder.path().join("a"), "out/b", Links::Followed);
        assert_eq!(below, Err("Outside".into()), "`../a` from within `a`");
        let kept = leads(folder.path(), "link/../to-file", Links::FollowedToLast);
        assert_eq!(kept, Ok(("to-file".into(), Some(EntryKind::Link))));
    }

    #[test]
    fn a_deep_path_holds_few_handles_and_leads_back() {
        let folder = folder();
        let deep = ["d"; 60].join("/");
        std::fs::create_dir_all(folder.path().join(&deep)).expect("folders");
        let back = format!("{deep}/{}/a/b/file", [".."; 60].join("/"));
        assert_eq!(
            leads(folder.path(), &back, Links::Followed)
                .expect("the path leads to a file")
                .0,
            "file"
        );
        let out = format!("{deep}/{}", [".."; 61].join("/"));
        assert_eq!(
            leads(folder.path(), &out, Links::Followed),
            Err("Outside".into())
        );
        let endless = "a/../".repeat(NAMES_MAX + 1);
        assert!(leads(folder.path(), &endless, Links::Followed).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn crosses_no_mount_to_a_file_system_without_ordinary_files() {
        let proc = FileSystem::from_magic(0x9fa0);
        let mut route = route(std::path::Path::new("/"), "proc/self/stat", Links::Followed);
        let Err(Stopped::AtSpecial(special)) = route.resolve() else {
            panic!("the mount was crossed")
        };
        assert_eq!(special.file_systems, [proc]);
        route.admitted = special;
        assert_eq!(
            route
                .resolve()
                .map(|place| place.name)
                .expect("a permitted special file"),
            "stat"
        );
        route.path = "proc/self/root/etc/passwd".into();
        assert!(
            matches!(route.resolve(), Err(Stopped::Outside)),
            "a magic link leads out"
        );
    }

    #[test]
    fn opens_nothing_special_and_waits_for_nothing() {
        let folder = folder();
        let path = folder.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .expect("a FIFO");
        let mut route = route(folder.path(), "fifo", Links::Followed);
        let place = route.resolve().expect("the name exists");
        let Err(Stopped::AtSpecial(special)) = route.open(&place, OFlags::RDONLY) else {
            panic!("opened")
        };
        assert_eq!(special.file_type, Some(SpecialType::Fifo));
        let unopened = route.open(&place, OFlags::WRONLY);
        assert!(
            matches!(unopened, Err(Stopped::AtSpecial(_))),
            "the system's error would be that the FIFO has no reader"
        );
        // Swapped in after the inspection.
        let swapped = Place {
            found: Some(EntryKind::File),
            ..place.clone()
        };
        assert!(matches!(
            route.open(&swapped, OFlags::RDONLY),
            Err(Stopped::AtSpecial(_))
        ));
        route.admitted = special;
        assert_eq!(
            route
                .open(&place, OFlags::RDONLY)
                .expect("a permitted special file")
                .1,
            EntryKind::Special(SpecialType::Fifo)
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn opens_no_file_of_a_file_system_that_was_mounted_after_the_look() {
        let folder = folder();
        let route = route(folder.path(), "a/b/file", Links::Followed);
        let place = route.resolve().expect("the name exists");
        route.open(&place, OFlags::RDONLY).expect("a file");
        // The device that was inspected, with a file of another file system.
        let directory = Arc::new(File::open("/proc").expect("Linux has `/proc`"));
        let mounted = Place {
            directory,
            name: "version".into(),
            ..place
        };
        let Err(Stopped::AtSpecial(special)) = route.open(&mounted, OFlags::RDONLY) else {
            panic!("opened")
        };
        assert_eq!(special.file_systems.len(), 1);
    }
}
