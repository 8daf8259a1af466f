//! The file descriptor limit of this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the file descriptor limit of this process to its hard limit.
pub(crate) fn raise_descriptor_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    )
    .expect("the hard limit is allowed");
}
