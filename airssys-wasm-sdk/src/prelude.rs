//! What one `use airssys_wasm_sdk::prelude::*;` brings into scope.
//!
//! The two macros, [`Capability`], and [`log`] for its macros: `log::info!`.
//! Nothing that a component's own names are likely to meet.

#[cfg(feature = "log")]
pub use crate::log;
pub use crate::{Capability, component, component_capabilities};
