//! How large a text or a file may be that this project parses, each bound with its reason.
//!
//! A reader checks the size before it looks at the first byte, so the time and memory of every
//! parse are bounded by the constants here. Limits on a component that runs are in
//! [`Limits`](crate::Limits).
//! Tests: beside each reader; the steps of our own parsers in `steps`.

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Bytes of a component's file or upload.
///
/// 512 MiB: a component that bundles a language runtime has 20 MiB, and one with a model in
/// its data some hundreds.
pub const COMPONENT_BYTES_MAX: usize = 512 * MIB;

/// Bytes of all custom sections of one name in a component, which are kept with each revision.
///
/// 1 MiB: ten thousand requests, more than anybody reviews.
pub const SECTION_BYTES_MAX: usize = MIB;

/// Bytes of one rule: a request, a grant or a deny.
///
/// 64 KiB: the `value` of a variable may be a certificate or a document.
pub const RULE_BYTES_MAX: usize = 64 * KIB;

/// Bytes of what a rule is about: a path, a URL, a name, or a pattern of them.
///
/// 4 KiB: the longest path that Linux opens.
pub const TARGET_BYTES_MAX: usize = 4 * KIB;

/// Bytes of the reasons of one optional request together.
///
/// 4 KiB: each is a line that an operator reads.
pub const REASONS_BYTES_MAX: usize = 4 * KIB;

/// Bytes of the standard description of a component. A longer one is ignored.
///
/// 16 KiB: a page or two.
pub const DESCRIPTION_BYTES_MAX: usize = 16 * KIB;

/// Bytes of a component's version. A longer one in a standard section is ignored.
///
/// 256: longer than any that a registry takes.
pub const VERSION_BYTES_MAX: usize = 256;

/// Bytes of a file or text of grants or of requests.
///
/// 1 MiB: as a section has.
pub const GRANTS_BYTES_MAX: usize = MIB;

/// Bytes of the definition of a pipeline, or of a file of deployments.
///
/// 1 MiB: a kilobyte for each of a thousand deployments.
pub const DEFINITION_BYTES_MAX: usize = MIB;

/// Stages of a pipeline.
///
/// 256: each is a deployment with instances of its own, and checking one looks at all others.
pub const STAGES_MAX: usize = 256;

/// Edges, inputs and outputs of a pipeline together.
///
/// 1,024: four for each stage.
pub const EDGES_MAX: usize = 1_024;

/// Problems of a pipeline for which the nearest name or port is looked for.
///
/// 20: looking costs far more than checking, and nobody reads more at once.
#[cfg(feature = "pipeline")]
pub(crate) const HINTS_MAX: usize = 20;

/// Bytes of a value, or of the arguments of a call, as text.
///
/// 16 MiB: larger values are passed in memory.
pub const VALUE_TEXT_BYTES_MAX: usize = 16 * MIB;

/// Rules that are compared with each other in one review of grants or one comparison of two
/// sets of requests.
///
/// 2 million: two sets of a thousand rules each, or of fifty thousand that an index tells
/// apart. What is not compared counts as not granted.
pub(crate) const COMPARISONS_MAX: usize = 2_000_000;

/// Names that are compared with a misspelt one.
///
/// 1,000: each comparison costs the product of both lengths.
pub(crate) const SUGGESTIONS_MAX: usize = 1_000;
