//! Reads the limits of the machine and of this process's control group.
//!
//! Tests: in this file.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the memory that this process may use, in bytes; `None` if it cannot be determined.
pub(super) fn memory_bytes() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| parse_mem_total(&text));
    let group = fs::read_to_string("/proc/self/cgroup")
        .ok()
        .and_then(|text| cgroup_limit(&text));
    machine.into_iter().chain(group).min()
}

/// Returns the number of descriptors that this process may open; `None` if there is no limit.
#[cfg(unix)]
pub(crate) fn descriptors_max() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
pub(crate) fn descriptors_max() -> Option<u64> {
    None
}

/// Parses `MemTotal` of `/proc/meminfo`, which is in KiB.
fn parse_mem_total(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

/// Returns the lowest limit of the control groups listed in `/proc/self/cgroup` and their
/// ancestors.
fn cgroup_limit(cgroups: &str) -> Option<u64> {
    let limits = cgroups.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => return None,
        };
        lowest_limit(Path::new(root), path, file)
    });
    limits.min()
}

fn lowest_limit(root: &Path, group: &str, file: &str) -> Option<u64> {
    let group: PathBuf = root.join(group.trim_start_matches('/'));
    let groups = group
        .ancestors()
        .take_while(|group| group.starts_with(root));
    // `max` means no limit, and is not a number.
    groups
        .filter_map(|group| {
            fs::read_to_string(group.join(file))
                .ok()?
                .trim()
                .parse()
                .ok()
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_memory_of_the_machine() {
        assert_eq!(
            parse_mem_total("MemTotal:       16384 kB\nMemFree:  1 kB\n"),
            Some(16 << 20)
        );
        for text in [
            "",
            "MemTotal: many kB",
            "MemTotal: 1",
            "MemTotal: 99999999999999999999 kB",
        ] {
            assert_eq!(parse_mem_total(text), None, "{text}");
        }
    }

    #[test]
    fn lowest_limit_of_the_ancestors_applies() {
        let root = tempfile::tempdir().expect("a folder");
        let inner = root.path().join("a/b");
        fs::create_dir_all(&inner).expect("folders");
        assert_eq!(lowest_limit(root.path(), "/a/b", "memory.max"), None);
        fs::write(inner.join("memory.max"), "max\n").expect("a file");
        fs::write(root.path().join("a/memory.max"), "1048576\n").expect("a file");
        assert_eq!(
            lowest_limit(root.path(), "/a/b", "memory.max"),
            Some(1 << 20)
        );
        fs::write(inner.join("memory.max"), "4096\n").expect("a file");
        assert_eq!(lowest_limit(root.path(), "/a/b", "memory.max"), Some(4096));
    }
}
