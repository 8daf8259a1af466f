//! Names brought into scope by `use airssys_wasm_sdk::prelude::*;`.
//!
//! The two macros, [`Capability`], and [`log`] for its macros such as `log::info!`. Contains
//! nothing that is likely to conflict with names in a component.

#[cfg(feature = "log")]
pub use crate::log;
pub use crate::{Capability, component, component_capabilities};
