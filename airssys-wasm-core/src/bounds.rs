//! Maximum sizes of the texts and files that this project parses, with their reasons.
//!
//! A reader checks the size before the first byte, so these constants bound the time and memory of
//! every parse. The limits of a running component are in [`Limits`](crate::Limits).
//! Tests: `airssys-wasm-core/tests/bounds.rs`, `airssys-wasm-core/src/steps.rs`.

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Maximum size of a component file or upload, in bytes.
///
/// 512 MiB: a component with a language runtime has 20 MiB, and one with an embedded model some
/// hundreds.
pub const COMPONENT_BYTES_MAX: usize = 512 * MIB;

/// Maximum size of all custom sections of one name in a component, in bytes. They are stored with
/// each revision.
///
/// 1 MiB: ten thousand requests, more than anybody reviews.
pub const SECTION_BYTES_MAX: usize = MIB;

/// Maximum size of one rule (a request, a grant or a deny), in bytes.
///
/// 64 KiB: the `value` of a variable may be a certificate or a document.
pub const RULE_BYTES_MAX: usize = 64 * KIB;

/// Maximum size of the target of a rule (a path, a URL, a name, or a pattern of them), in bytes.
///
/// 4 KiB: the longest path that Linux opens.
pub const TARGET_BYTES_MAX: usize = 4 * KIB;

/// Maximum size of the joined reasons of one optional request, in bytes.
///
/// 4 KiB: each is a line that an operator reads.
pub const REASONS_BYTES_MAX: usize = 4 * KIB;

/// Maximum size of the standard description of a component, in bytes. Longer ones are ignored.
///
/// 16 KiB: a page or two.
pub const DESCRIPTION_BYTES_MAX: usize = 16 * KIB;

/// Maximum size of a component's version, in bytes. Longer ones in a standard section are ignored.
///
/// 256: longer than any that a registry accepts.
pub const VERSION_BYTES_MAX: usize = 256;

/// Maximum size of a file or text of grants or of requests, in bytes.
///
/// 1 MiB: the same as for a section.
pub const GRANTS_BYTES_MAX: usize = MIB;

/// Maximum size of the definition of a pipeline, or of a deployment file, in bytes.
///
/// 1 MiB: a kilobyte for each of a thousand deployments.
pub const DEFINITION_BYTES_MAX: usize = MIB;

/// Maximum number of stages of a pipeline.
///
/// 256: each is a deployment with its own instances, and checking one compares it with all others.
pub const STAGES_MAX: usize = 256;

/// Maximum number of edges, inputs and outputs of a pipeline together.
///
/// 1,024: four for each stage.
pub const EDGES_MAX: usize = 1_024;

/// Maximum number of problems of a pipeline for which a similar name or port is suggested.
///
/// 20: a suggestion costs far more than a check, and nobody reads more at once.
#[cfg(feature = "pipeline")]
pub(crate) const HINTS_MAX: usize = 20;

/// Maximum size of a value, or of the arguments of a call, as text, in bytes.
///
/// 16 MiB: larger values are passed in memory.
pub const VALUE_TEXT_BYTES_MAX: usize = 16 * MIB;

/// Maximum number of comparisons of rules in one review of grants or one comparison of two sets of
/// requests.
///
/// 2 million: two sets of a thousand rules each, or of fifty thousand that an index separates.
/// Rules that are not compared count as not granted.
pub(crate) const COMPARISONS_MAX: usize = 2_000_000;

/// Maximum number of names that are compared with a misspelt one.
///
/// 1,000: each comparison costs the product of both lengths.
pub(crate) const SUGGESTIONS_MAX: usize = 1_000;
