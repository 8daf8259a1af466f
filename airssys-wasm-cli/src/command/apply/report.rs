//! The result of an `apply` or a `diff`.

use serde::Serialize;

use crate::api::{ApplyResult, Problem};
use crate::command::CommonOptions;
use crate::output::{Page, TextOutput};

/// The changes that were made, or would be, for each deployment and pipeline.
#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ApplyReport {
    #[serde(skip)]
    pub(super) dry_run: bool,
    pub(super) applied: Vec<ApplyResult>,
    /// Deployments and pipelines that could not be applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<FailedStep>,
}

#[derive(Serialize)]
pub(super) struct FailedStep {
    pub(super) name: String,
    pub(super) problem: Problem,
}

impl ApplyReport {
    /// Returns `true` if something was, or would be, changed.
    pub(super) fn has_changes(&self) -> bool {
        self.applied
            .iter()
            .any(|applied| applied.action != "nothing")
    }

    /// Prints the report. Returns the first failure, if there is one.
    pub(super) fn finish(self, common: &CommonOptions) -> Result<(), Problem> {
        common.output.print(&self);
        let (all, failed) = (self.applied.len() + self.failed.len(), self.failed.len());
        match self.failed.into_iter().next() {
            Some(FailedStep { name, problem }) if failed == 1 => {
                let message = format!("`{name}`: {}", problem.message);
                Err(Problem { message, ..problem })
            }
            Some(FailedStep { name, problem }) => {
                let message = format!(
                    "{failed} of {all} failed; the first, `{name}`: {}",
                    problem.message
                );
                Err(Problem { message, ..problem })
            }
            None => Ok(()),
        }
    }
}

impl TextOutput for ApplyReport {
    fn text(&self) -> Page {
        let would = if self.dry_run { "would " } else { "" };
        let mut lines = Vec::new();
        for applied in &self.applied {
            lines.push(match applied.action.as_str() {
                "nothing" => format!("{}: unchanged", applied.name),
                action => format!("{}: {would}{action}", applied.name),
            });
            lines.extend(applied.changes.iter().map(|change| format!("    {change}")));
        }
        // The first failure is printed in full as the error of the command.
        let failed = |failed: &FailedStep| {
            format!(
                "{}: failed: {}",
                failed.name,
                failed.problem.message.lines().next().unwrap_or_default()
            )
        };
        lines.extend(self.failed.iter().map(failed));
        if lines.is_empty() {
            "the file has no deployments and no pipelines".into()
        } else {
            Page::from_lines(lines)
        }
    }
}
