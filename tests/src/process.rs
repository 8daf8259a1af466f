//! Figures of a process from `/proc`. Those of a process that has ended are missing.

use std::fs;

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Reads a number from `/proc/<id>/status` by its name, such as `VmRSS`. Amounts of memory are in
/// KiB.
#[must_use]
pub fn status_field(process: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let value = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse().ok()
}

/// Reads the fields of `/proc/<id>/stat` that follow the name of the process in parentheses: its
/// state, its parent, its group and so on.
#[must_use]
pub fn stat_fields(process: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default();
    behind.split_whitespace().map(str::to_owned).collect()
}

/// Raises the descriptor limit of this process to its maximum: it opens more descriptors than the
/// host process that it attacks may.
///
/// # Panics
///
/// Panics if the limit cannot be raised.
#[cfg(unix)]
pub fn raise_descriptor_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("the limit is raised");
}

/// Returns the processes started by `process` that still exist.
#[must_use]
pub fn children_of(process: u32) -> Vec<u32> {
    processes_with(1, process)
}

/// Returns the processes of a group.
#[must_use]
pub fn processes_of_group(group: u32) -> Vec<u32> {
    processes_with(2, group)
}

/// Returns the processes that have `number` in a field of their [`stat_fields`].
fn processes_with(field: usize, number: u32) -> Vec<u32> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let has_it = |id: &u32| {
        stat_fields(*id)
            .get(field)
            .and_then(|text| text.parse().ok())
            == Some(number)
    };
    ids.filter(has_it).collect()
}
