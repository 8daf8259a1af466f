//! Attempts on files.
//!
//! Splits a path as wasi-libc does: into the preopened directory whose name is its longest prefix,
//! and the rest as it was written. A path below no directory is passed to the first one as a whole.

use std::cell::RefCell;

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};

type Outcome = Result<String, String>;

thread_local! {
    static KEPT: RefCell<Option<Descriptor>> = const { RefCell::new(None) };
}

fn told(error: ErrorCode) -> String {
    error.name().to_owned()
}

fn place(path: &str) -> Result<(Descriptor, String), String> {
    let mut directories = get_directories();
    let fits = |name: &str| {
        let name = name.trim_end_matches('/');
        path.strip_prefix(name)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
            .map(|_| name.len())
    };
    let best = directories
        .iter()
        .enumerate()
        .filter_map(|(n, (_, name))| fits(name).map(|length| (length, n)))
        .max();
    if let Some((length, n)) = best {
        let rest = path[length..].trim_start_matches('/');
        let rest = if rest.is_empty() { "." } else { rest };
        return Ok((directories.swap_remove(n).0, rest.to_owned()));
    }
    if directories.is_empty() {
        return Err("no directory is open".into());
    }
    Ok((directories.swap_remove(0).0, path.to_owned()))
}

fn open_with(path: &str, create: OpenFlags, flags: DescriptorFlags) -> Result<Descriptor, String> {
    let (directory, rest) = place(path)?;
    directory
        .open_at(PathFlags::SYMLINK_FOLLOW, &rest, create, flags)
        .map_err(told)
}

fn contents(file: &Descriptor) -> Outcome {
    let (bytes, _) = file.read(1 << 20, 0).map_err(told)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub fn read(path: &str) -> Outcome {
    contents(&open_with(path, OpenFlags::empty(), DescriptorFlags::READ)?)
}

pub fn read_stream(path: &str) -> Outcome {
    let file = open_with(path, OpenFlags::empty(), DescriptorFlags::READ)?;
    let stream = file.read_via_stream(0).map_err(told)?;
    let bytes = stream
        .blocking_read(1 << 16)
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Opens a file without access flags, and reads it nevertheless.
pub fn open_neither(path: &str) -> Outcome {
    contents(&open_with(
        path,
        OpenFlags::empty(),
        DescriptorFlags::empty(),
    )?)
}

pub fn list(path: &str) -> Outcome {
    let directory = open_with(path, OpenFlags::DIRECTORY, DescriptorFlags::READ)?;
    let entries = directory.read_directory().map_err(told)?;
    let mut names = Vec::new();
    while let Some(entry) = entries.read_directory_entry().map_err(told)? {
        names.push(entry.name);
    }
    names.sort();
    Ok(names.join(" "))
}

pub fn stat(path: &str) -> Outcome {
    let (directory, rest) = place(path)?;
    let stat = directory
        .stat_at(PathFlags::SYMLINK_FOLLOW, &rest)
        .map_err(told)?;
    Ok(format!("{} bytes", stat.size))
}

pub fn hash(path: &str) -> Outcome {
    let (directory, rest) = place(path)?;
    directory
        .metadata_hash_at(PathFlags::SYMLINK_FOLLOW, &rest)
        .map_err(told)?;
    Ok("hashed".into())
}

/// Returns the identity of a file, checked by every way to query it, and its size.
pub fn identity(path: &str) -> Outcome {
    let (directory, rest) = place(path)?;
    let at = directory
        .metadata_hash_at(PathFlags::SYMLINK_FOLLOW, &rest)
        .map_err(told)?;
    let file = open_with(path, OpenFlags::empty(), DescriptorFlags::READ)?;
    let alone = file.metadata_hash().map_err(told)?;
    let told = size_and_identity(&file)?;
    let all_the_same = [at, alone]
        .iter()
        .all(|hash| told.ends_with(&format!("{hash:?}")));
    if all_the_same {
        Ok(told)
    } else {
        Err(format!("{told}, {at:?}, {alone:?}"))
    }
}

pub fn identity_kept() -> Outcome {
    KEPT.with_borrow(|kept| size_and_identity(kept.as_ref().ok_or("no file is held")?))
}

pub fn hash_kept() -> Outcome {
    KEPT.with_borrow(|kept| {
        let file = kept.as_ref().ok_or("no file is held")?;
        file.metadata_hash()
            .map_err(told)
            .map(|hash| format!("{hash:?}"))
    })
}

/// Queries size and identity as `fstat` of the C library does.
fn size_and_identity(file: &Descriptor) -> Outcome {
    let size = file.stat().map_err(told)?.size;
    let hash = file.metadata_hash().map_err(told)?;
    Ok(format!("{size} bytes, {hash:?}"))
}

pub fn readlink(path: &str) -> Outcome {
    let (directory, rest) = place(path)?;
    directory.readlink_at(&rest).map_err(told)
}

pub fn write(path: &str, text: &str) -> Outcome {
    let file = open_with(
        path,
        OpenFlags::CREATE | OpenFlags::TRUNCATE,
        DescriptorFlags::WRITE,
    )?;
    write_stream(&file.write_via_stream(0).map_err(told)?, text)
}

pub fn append(path: &str, text: &str) -> Outcome {
    let file = open_with(path, OpenFlags::CREATE, DescriptorFlags::WRITE)?;
    write_stream(&file.append_via_stream().map_err(told)?, text)
}

fn write_stream(stream: &wasip2::io::streams::OutputStream, text: &str) -> Outcome {
    for part in text.as_bytes().chunks(4096) {
        stream
            .blocking_write_and_flush(part)
            .map_err(|error| error.to_string())?;
    }
    Ok(format!("{} bytes written", text.len()))
}

pub fn write_at(path: &str, offset: &str, text: &str) -> Outcome {
    let file = open_with(path, OpenFlags::empty(), DescriptorFlags::WRITE)?;
    let offset = offset.parse().map_err(|_| "where?")?;
    file.write(text.as_bytes(), offset)
        .map_err(told)
        .map(|written| format!("{written} bytes written"))
}

pub fn truncate(path: &str) -> Outcome {
    open_with(path, OpenFlags::TRUNCATE, DescriptorFlags::READ).map(|_| "truncated".into())
}

pub fn create(path: &str) -> Outcome {
    open_with(path, OpenFlags::CREATE, DescriptorFlags::READ).map(|_| "created".into())
}

pub fn set_size(path: &str, size: &str) -> Outcome {
    let file = open_with(path, OpenFlags::empty(), DescriptorFlags::READ)
        .or_else(|_| open_with(path, OpenFlags::empty(), DescriptorFlags::WRITE))?;
    let size = size.parse().map_err(|_| "the size is not a number")?;
    let writable = open_with(path, OpenFlags::empty(), DescriptorFlags::WRITE);
    writable
        .as_ref()
        .unwrap_or(&file)
        .set_size(size)
        .map_err(told)
        .map(|()| "resized".into())
}

pub fn set_times(path: &str) -> Outcome {
    let (directory, rest) = place(path)?;
    directory
        .set_times_at(
            PathFlags::SYMLINK_FOLLOW,
            &rest,
            NewTimestamp::Now,
            NewTimestamp::Now,
        )
        .map_err(told)
        .map(|()| "touched".into())
}

pub fn create_directory(path: &str) -> Outcome {
    let (directory, rest) = place(path)?;
    directory
        .create_directory_at(&rest)
        .map_err(told)
        .map(|()| "made".into())
}

pub fn remove_directory(path: &str) -> Outcome {
    let (directory, rest) = place(path)?;
    directory
        .remove_directory_at(&rest)
        .map_err(told)
        .map(|()| "removed".into())
}

pub fn remove(path: &str) -> Outcome {
    let (directory, rest) = place(path)?;
    directory
        .unlink_file_at(&rest)
        .map_err(told)
        .map(|()| "removed".into())
}

pub fn rename(from: &str, to: &str) -> Outcome {
    let (from_directory, from) = place(from)?;
    let (to_directory, to) = place(to)?;
    from_directory
        .rename_at(&from, &to_directory, &to)
        .map_err(told)
        .map(|()| "renamed".into())
}

pub fn copy(from: &str, to: &str) -> Outcome {
    write(to, &read(from)?)
}

pub fn link(from: &str, to: &str) -> Outcome {
    let (from_directory, from) = place(from)?;
    let (to_directory, to) = place(to)?;
    from_directory
        .link_at(PathFlags::empty(), &from, &to_directory, &to)
        .map_err(told)
        .map(|()| "linked".into())
}

pub fn symlink(target: &str, path: &str) -> Outcome {
    let (directory, rest) = place(path)?;
    directory
        .symlink_at(target, &rest)
        .map_err(told)
        .map(|()| "linked".into())
}

/// Reads repeatedly while the host replaces the file. Returns the first text other than the
/// harmless one.
pub fn race(path: &str, times: &str) -> Outcome {
    let times: u32 = times.parse().map_err(|_| "`times` is not a number")?;
    let mut last = "nothing was seen".to_owned();
    for _ in 0..times {
        match read(path) {
            Ok(text) if text.contains("harmless") => {}
            Ok(text) => return Ok(text),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Opens a file `times` times and holds all descriptors.
pub fn open_many(path: &str, times: &str) -> Outcome {
    crate::hold(times, || {
        open_with(path, OpenFlags::empty(), DescriptorFlags::READ)
    })
}

/// Opens a file and holds it for later calls.
pub fn keep(path: &str) -> Outcome {
    let kept = open_with(path, OpenFlags::empty(), DescriptorFlags::READ)?;
    KEPT.set(Some(kept));
    Ok("kept".into())
}

/// Opens a file for reading and writing, and holds it for later calls.
pub fn keep_writable(path: &str) -> Outcome {
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let kept = open_with(path, OpenFlags::empty(), flags)?;
    KEPT.set(Some(kept));
    Ok("kept".into())
}

fn with_kept<T>(operation: impl FnOnce(&Descriptor) -> Result<T, ErrorCode>) -> Result<T, String> {
    KEPT.with_borrow(|kept| {
        let file = kept.as_ref().ok_or("no file is held")?;
        operation(file).map_err(told)
    })
}

pub fn read_kept() -> Outcome {
    KEPT.with_borrow(|kept| contents(kept.as_ref().ok_or("no file is held")?))
}

pub fn stat_kept() -> Outcome {
    with_kept(Descriptor::stat).map(|stat| format!("{} bytes", stat.size))
}

pub fn write_kept(text: &str) -> Outcome {
    with_kept(|file| file.write(text.as_bytes(), 0))
        .map(|written| format!("{written} bytes written"))
}

pub fn set_times_kept() -> Outcome {
    with_kept(|file| file.set_times(NewTimestamp::Now, NewTimestamp::Now))
        .map(|()| "touched".into())
}

pub fn read_in_kept(path: &str) -> Outcome {
    KEPT.with_borrow(|kept| {
        let directory = kept.as_ref().ok_or("no file is held")?;
        let file = directory
            .open_at(
                PathFlags::SYMLINK_FOLLOW,
                path,
                OpenFlags::empty(),
                DescriptorFlags::READ,
            )
            .map_err(told)?;
        contents(&file)
    })
}
