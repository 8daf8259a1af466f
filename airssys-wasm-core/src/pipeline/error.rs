//! Everything that is wrong with a pipeline, told at once.
//!
//! Words the report; what is wrong is found in `build`.
//! Tests: golden reports in `tests/pipeline`.

use std::fmt;

use crate::capability::shown;

/// Everything that is wrong with a pipeline; never empty.
///
/// Prints as paragraphs, a problem each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineErrors {
    pipeline: String,
    problems: Vec<PipelineProblem>,
}

/// One thing that is wrong, where, and what would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineProblem {
    kind: ProblemKind,
    place: String,
    what: String,
    details: Vec<(&'static str, String)>,
}

/// What a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// There are no stages.
    Empty,
    /// The name of the pipeline or of a stage is none.
    Name,
    /// Two stages have one name.
    StageTwice,
    /// No stage has that name.
    UnknownStage,
    /// The component of a stage cannot be had.
    Component,
    /// The component exports no such function, or it is unclear which is meant.
    Function,
    /// Ports of one stage mean different functions.
    TwoFunctions,
    /// The function uses types that no edge carries.
    NotAStage,
    /// The function has no such port, or the text names none.
    Port,
    /// An edge begins at an input or ends at an output.
    Direction,
    /// The same ports are connected twice.
    EdgeTwice,
    /// What comes out does not fit where it would go.
    Types,
    /// Items would go round.
    Cycle,
    /// A stage is connected to nothing while others are.
    Dead,
    /// An input has nothing to come from while another of the stage has.
    Unconnected,
    /// Nothing says what happens with errors.
    Errors,
    /// A stream would have to be read twice.
    Stream,
    /// Options that do not go together, or are out of range.
    Options,
    /// A condition that cannot be read, or does not fit the type.
    Condition,
    /// A key that the type does not have.
    Key,
    /// What is said of the pipeline's own inputs and outputs is not so.
    Ends,
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

    /// How many there are, at least one.
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
    /// A problem at a place: a stage, an edge, or the pipeline.
    pub(super) fn new(
        kind: ProblemKind,
        place: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            place: place.into(),
            what: what.into(),
            details: Vec::new(),
        }
    }

    /// A line below it.
    pub(super) fn with(mut self, label: &'static str, text: impl AsRef<str>) -> Self {
        self.details.push((label, shown(text.as_ref())));
        self
    }

    /// A line below it that says what would help.
    pub(super) fn hint(self, text: impl AsRef<str>) -> Self {
        self.with("hint", text)
    }

    /// A line below it, if there is one.
    pub(super) fn maybe(self, label: &'static str, text: Option<String>) -> Self {
        match text {
            Some(text) => self.with(label, text),
            None => self,
        }
    }

    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// Where it is: ``stage `parse` `` or ``edge `read.output` -> `parse.input` ``.
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
            shown(&self.pipeline),
            self.problems.len()
        )?;
        self.problems
            .iter()
            .try_for_each(|problem| write!(f, "\n\n{problem}"))
    }
}

impl fmt::Display for PipelineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", shown(&self.place), shown(&self.what))?;
        self.details
            .iter()
            .try_for_each(|(label, text)| write!(f, "\n    {:<6}{text}", format!("{label}:")))
    }
}
