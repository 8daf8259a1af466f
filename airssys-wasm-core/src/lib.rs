//! Decisions about WebAssembly components, without I/O.
//!
//! No runtime, no files, no clock: what stands here can be tested to the last
//! branch without starting anything. The host carries decisions out; the SDK's
//! macros write what [`About`] and [`Requests`] read.
//!
//! | room | what it decides |
//! |---|---|
//! | [`ComponentName`], [`FunctionName`] | what a name may be |
//! | [`PackageRef`] | which published version is meant |
//! | [`About`], [`Requests`], [`section`] | what a component's custom sections say |
//! | [`Capability`], [`Rule`], [`Kind`] | the one text of a capability |
//! | `compose` (feature) | how several components become one |
//! | [`policy`] | what a component may do, and why |
//! | `pipeline` | whether components fit together, port to port |
//! | [`Instancing`] | which instance serves a call |
//! | [`bounds`] | how large a text or a file may be |
//!
//! ```
//! use airssys_wasm_core::{About, Requests};
//!
//! let about = About::from_section(b"airssys:component 1\nname greeter\nversion 1.0.0\n")?;
//! assert_eq!(about.version.map(|v| v.major), Some(1));
//! let requests = Requests::from_section(b"airssys:capabilities 1\nfile-read /data\n")?;
//! assert_eq!(requests.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod bounds;
mod capability;
mod component;
#[cfg(feature = "compose")]
pub mod compose;
mod instancing;
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
mod units;
mod value;
pub mod world;

pub use capability::{
    Capability, CapabilityError, Kind, Need, ReasonError, Requests, RequestsError, Rule,
};
pub use component::{About, AboutError};
#[cfg(feature = "component")]
pub use component::{Component, ComponentError, Digest, DigestError};
pub use instancing::{Instancing, InstancingError};
pub use limits::{Limits, LimitsError};
pub use name::{ComponentName, ComponentNameError, FunctionName, FunctionNameError};
pub use package::{PackageRef, PackageRefError, Wanted};
#[cfg(feature = "pipeline")]
pub use pipeline::ComponentPipeline;
pub use rollout::{Decision, Effect, Outcome, Rollout, Strategy, VersionNotNewer, check_version};
pub use units::parse_bytes;
#[cfg(feature = "wave")]
pub use value::WaveError;
pub use value::{Mismatch, Value};
