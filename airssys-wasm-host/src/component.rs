//! A component as a host takes it: core's, and a way to read it from a file.
//!
//! Decides nothing about it. Tests: the workspace's `tests/bad_input`.

use std::io::Read as _;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use airssys_wasm_core as core;
use airssys_wasm_core::Requests;
use airssys_wasm_core::bounds::COMPONENT_BYTES_MAX;
use semver::Version;

use crate::{Error, ErrorKind, Result};

/// A component ready to be deployed. Cloning is cheap.
///
/// Everything that can be known without running it is known: see
/// [`airssys_wasm_core::Component`], to which this dereferences.
///
/// ```
/// use airssys_wasm_host::Component;
///
/// let bytes = wat::parse_str("(component)")?;
/// let component = Component::from_bytes(bytes)?.with_name("nothing")?;
/// assert_eq!(component.world().exports.interfaces.len(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Component {
    core: core::Component,
    /// What it was fused of, in its order; nothing for most.
    parts: Arc<[Component]>,
}

impl Component {
    /// Reads a component from a file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if the file cannot be read, [`ErrorKind::InvalidComponent`]
    /// if it is not a component; both name the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_at_most(path).map_err(|error| {
            Error::new(ErrorKind::Io, format!("cannot read `{}`", path.display()))
                .with_source(error)
        })?;
        core::Component::from_bytes(bytes)
            .map(Self::from)
            .map_err(|error| {
                Error::new(
                    ErrorKind::InvalidComponent,
                    format!("`{}` is not a usable component: {error}", path.display()),
                )
                .with_source(error)
            })
    }

    /// Reads a component from bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidComponent`] if they are not a component.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Result<Self> {
        Ok(core::Component::from_bytes(bytes)?.into())
    }

    /// The same component under another name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidName`] if it is none.
    pub fn with_name(self, name: &str) -> Result<Self> {
        Ok(Self {
            core: self.core.with_name(name.parse()?),
            ..self
        })
    }

    /// The same component with requests that somebody wrote down for it, if it says none
    /// itself; one that does keeps its own.
    #[must_use]
    pub fn with_requests(self, requests: Requests) -> Self {
        Self {
            core: self.core.with_requests(requests),
            ..self
        }
    }

    /// The same component with another version.
    #[must_use]
    pub fn with_version(self, version: Version) -> Self {
        Self {
            core: self.core.with_version(version),
            ..self
        }
    }

    /// The same component, fused of these.
    pub(crate) fn fused_of(self, parts: Vec<Component>) -> Self {
        Self {
            parts: parts.into(),
            ..self
        }
    }

    /// The components of the stages that it runs: what it was fused of, or itself.
    pub(crate) fn stages(&self) -> &[Component] {
        if self.parts.is_empty() {
            std::slice::from_ref(self)
        } else {
            &self.parts
        }
    }

    /// What it was fused of, in its order; nothing for most.
    pub(crate) fn parts(&self) -> &[Component] {
        &self.parts
    }
}

/// Reads one byte more than a component may have, which core then refuses.
fn read_at_most(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    let mut bytes = Vec::new();
    file.take(COMPONENT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl From<core::Component> for Component {
    fn from(component: core::Component) -> Self {
        Self {
            core: component,
            parts: Arc::default(),
        }
    }
}

impl From<Component> for core::Component {
    fn from(component: Component) -> Self {
        component.core
    }
}

impl Deref for Component {
    type Target = core::Component;

    fn deref(&self) -> &core::Component {
        &self.core
    }
}
