//! Decisions about WebAssembly components, without I/O.
//!
//! This crate uses no runtime, files or clock, so everything in it can be tested exhaustively
//! without starting anything. The host carries out the decisions; the SDK's macros write the
//! sections that [`ComponentMetadata`] and [`Requests`] read.
//!
//! | item | purpose |
//! |---|---|
//! | [`ComponentName`], [`FunctionName`] | validated names |
//! | [`PackageRef`] | references to published versions |
//! | [`ComponentMetadata`], [`Requests`], [`section`] | the custom sections of a component |
//! | [`Capability`], [`Rule`], [`CapabilityKind`] | capabilities and their canonical text |
//! | `fuse` (feature) | fusing several components into one |
//! | [`policy`] | the permissions of a component, and the reasons for decisions |
//! | `pipeline` (feature) | checking that components fit together, port to port |
//! | [`terms`] | everything that a component runs under, and changes of it |
//! | [`Instancing`] | the choice of the instance that serves a call |
//! | [`bounds`] | maximum sizes of texts and files |
//!
//! ```
//! use airssys_wasm_core::{ComponentMetadata, Requests};
//!
//! let metadata = ComponentMetadata::from_section(b"airssys:component 1\nname greeter\nversion 1.0.0\n")?;
//! assert_eq!(metadata.version.map(|v| v.major), Some(1));
//! let requests = Requests::from_section(b"airssys:capabilities 1\nfile-read /data\n")?;
//! assert_eq!(requests.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod bounds;
mod capability;
mod component;
#[cfg(feature = "fuse")]
pub mod fuse;
mod instancing;
pub mod interfaces;
mod limits;
mod name;
mod package;
#[cfg(feature = "pipeline")]
pub mod pipeline;
pub mod policy;
mod rollout;
pub mod section;
mod steps;
pub mod suggest;
pub mod terms;
mod units;
mod value;
pub mod world;

pub use capability::{
    Capability, CapabilityError, CapabilityKind, Need, ReasonError, Requests, RequestsError, Rule,
};
#[cfg(feature = "component")]
pub use component::{Component, ComponentError, Digest, DigestError};
pub use component::{ComponentMetadata, MetadataError};
pub use instancing::{Instancing, InstancingError};
pub use limits::{Limits, LimitsChange, LimitsError};
pub use name::{ComponentName, ComponentNameError, FunctionName, FunctionNameError};
pub use package::{PackageRef, PackageRefError, VersionSelector};
#[cfg(feature = "pipeline")]
pub use pipeline::ComponentPipeline;
pub use rollout::{
    Effect, Outcome, Rollout, RolloutStep, Strategy, VersionNotNewer, check_version,
};
pub use units::parse_bytes;
#[cfg(feature = "wave")]
pub use value::WaveError;
pub use value::{Value, ValueMismatch};
