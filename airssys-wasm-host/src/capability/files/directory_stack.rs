//! The directories between the start of a path and its current position, so that `..` leads back to
//! the one that was passed, even if it has been moved since.
//!
//! Holds few handles at a time, however deep the path is.
//! Tests: `airssys-wasm-host/src/capability/files/resolve.rs`.

use std::fs::File;
use std::sync::Arc;

use rustix::io::Errno;

/// The most handles held at a time; a path in which `..` goes further back is walked again from its
/// start.
const HANDLES_MAX: usize = 16;

/// A directory on the path.
#[derive(Clone, Debug)]
pub(super) struct DirectoryStep {
    pub(super) directory: Arc<File>,
    pub(super) device: u64,
}

/// The directories passed so far.
pub(super) struct DirectoryStack {
    start: DirectoryStep,
    passed: Vec<PassedDirectory>,
}

struct PassedDirectory {
    name: String,
    /// `None` if it is too far back.
    step: Option<DirectoryStep>,
}

impl DirectoryStack {
    pub(super) fn new(start: DirectoryStep) -> Self {
        Self {
            start,
            passed: Vec::new(),
        }
    }

    /// Returns the current directory.
    pub(super) fn current(&self) -> &DirectoryStep {
        match self.passed.last() {
            Some(last) => last.step.as_ref().expect("the last handles are held"),
            None => &self.start,
        }
    }

    pub(super) fn enter(&mut self, name: String, step: DirectoryStep) {
        self.passed.push(PassedDirectory {
            name,
            step: Some(step),
        });
        if let Some(far) = self.passed.len().checked_sub(HANDLES_MAX + 1) {
            self.passed[far].step = None;
        }
    }

    /// Goes back to the previous directory. Returns `false` if that would leave the start. `enter`
    /// opens a directory by its name in another, without following links.
    pub(super) fn leave(
        &mut self,
        enter: &mut impl FnMut(&DirectoryStep, &str) -> Result<DirectoryStep, Errno>,
    ) -> Result<bool, Errno> {
        if self.passed.pop().is_none() {
            return Ok(false);
        }
        if self.passed.last().is_some_and(|last| last.step.is_none()) {
            let names: Vec<String> = self.passed.drain(..).map(|passed| passed.name).collect();
            for name in names {
                let step = enter(self.current(), &name)?;
                self.enter(name, step);
            }
        }
        Ok(true)
    }
}
