//! The report of every problem with a pipeline.
//!
//! Formats the report; the checks are in `build`.
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

use std::fmt;

use crate::capability::escape_for_message;

/// All problems with a pipeline; never empty.
///
/// Displays one paragraph per problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineErrors {
    pipeline: String,
    problems: Vec<PipelineProblem>,
}

/// A problem with a pipeline: its place, its description and hints for a fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineProblem {
    kind: ProblemKind,
    place: String,
    message: String,
    details: Vec<(&'static str, String)>,
}

/// The kind of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The pipeline has no stages.
    Empty,
    /// The name of the pipeline or of a stage is not valid.
    InvalidName,
    /// Two stages have the same name.
    DuplicateStage,
    /// No stage has the given name.
    UnknownStage,
    /// The component of a stage could not be resolved.
    Component,
    /// The component exports no such function, or it is unclear which function is meant.
    Function,
    /// Ports of one stage name different functions.
    ConflictingFunctions,
    /// The function uses types that edges cannot carry.
    NotAStage,
    /// The function has no such port, or the text does not name a port.
    Port,
    /// An edge starts at an input or ends at an output.
    Direction,
    /// Two edges connect the same ports.
    DuplicateEdge,
    /// The types at the two ends of an edge do not match.
    Types,
    /// The edges form a cycle.
    Cycle,
    /// A stage is not connected, although other stages are.
    DisconnectedStage,
    /// An input is not connected, although another input of the stage is.
    UnconnectedInput,
    /// No action is set for the errors that a function can return.
    UnhandledErrors,
    /// A stream would have to be read twice.
    Stream,
    /// Options that do not go together, or are out of range.
    Options,
    /// A condition that cannot be parsed or does not fit the type.
    Condition,
    /// A key that the type does not have.
    Key,
    /// The declared inputs or outputs of the pipeline do not match its edges.
    InputsAndOutputs,
}

impl PipelineErrors {
    pub(super) fn new(pipeline: &str, problems: Vec<PipelineProblem>) -> Self {
        Self {
            pipeline: pipeline.to_owned(),
            problems,
        }
    }

    /// The problems, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &PipelineProblem> {
        self.problems.iter()
    }

    /// The number of problems; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.problems.len()
    }
}

impl<'a> IntoIterator for &'a PipelineErrors {
    type Item = &'a PipelineProblem;
    type IntoIter = std::slice::Iter<'a, PipelineProblem>;

    fn into_iter(self) -> Self::IntoIter {
        self.problems.iter()
    }
}

impl PipelineProblem {
    /// Creates a problem at a place: a stage, an edge, or the pipeline.
    pub(super) fn new(
        kind: ProblemKind,
        place: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            place: place.into(),
            message: what.into(),
            details: Vec::new(),
        }
    }

    /// Adds a detail line.
    pub(super) fn with_detail(mut self, label: &'static str, text: impl AsRef<str>) -> Self {
        self.details
            .push((label, escape_for_message(text.as_ref())));
        self
    }

    /// Adds a detail line with a hint.
    pub(super) fn with_hint(self, text: impl AsRef<str>) -> Self {
        self.with_detail("hint", text)
    }

    /// Adds a detail line if `text` is `Some`.
    pub(super) fn with_optional_detail(self, label: &'static str, text: Option<String>) -> Self {
        match text {
            Some(text) => self.with_detail(label, text),
            None => self,
        }
    }

    /// The kind of the problem.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The place of the problem: ``stage `parse` `` or ``edge `read.output` -> `parse.input` ``.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl std::error::Error for PipelineErrors {}

impl std::error::Error for PipelineProblem {}

impl fmt::Display for PipelineErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = if self.problems.len() == 1 {
            "problem"
        } else {
            "problems"
        };
        write!(
            f,
            "pipeline `{}` has {} {problems}:",
            escape_for_message(&self.pipeline),
            self.problems.len()
        )?;
        self.problems
            .iter()
            .try_for_each(|problem| write!(f, "\n\n{problem}"))
    }
}

impl fmt::Display for PipelineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}",
            escape_for_message(&self.place),
            escape_for_message(&self.message)
        )?;
        self.details
            .iter()
            .try_for_each(|(label, text)| write!(f, "\n    {:<6}{text}", format!("{label}:")))
    }
}
