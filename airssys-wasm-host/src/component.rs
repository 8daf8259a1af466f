//! A component as the host takes it: core's type, read from a file or from bytes.
//!
//! Tests: `tests/suite/bad_input.rs`.

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
/// Dereferences to [`airssys_wasm_core::Component`], which has everything that is known without
/// running the component.
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
    /// The components that this one was fused from, in order; usually empty.
    parts: Arc<[Component]>,
}

impl Component {
    /// Reads a component from a file. Blocks while the file is read and its contents are checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if the file cannot be read, [`ErrorKind::InvalidComponent`]
    /// if it is not a component; both name the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_bounded(path).map_err(|error| {
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

    /// Reads a component from bytes. Blocks while they are checked, some milliseconds for each MB.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidComponent`] if they are not a component.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Result<Self> {
        Ok(core::Component::from_bytes(bytes)?.into())
    }

    /// Sets the component's name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidName`] if `name` is not a valid name.
    pub fn with_name(self, name: &str) -> Result<Self> {
        Ok(Self {
            core: self.core.with_name(name.parse()?),
            ..self
        })
    }

    /// Sets the requests of a component whose metadata has none. Does nothing if it has some: those
    /// of its author apply.
    #[must_use]
    pub fn with_requests(self, requests: Requests) -> Self {
        Self {
            core: self.core.with_requests(requests),
            ..self
        }
    }

    /// Sets the component's version.
    #[must_use]
    pub fn with_version(self, version: Version) -> Self {
        Self {
            core: self.core.with_version(version),
            ..self
        }
    }

    /// Records the components that this one was fused from.
    pub(crate) fn with_parts(self, parts: Vec<Component>) -> Self {
        Self {
            parts: parts.into(),
            ..self
        }
    }

    /// The components of the stages that this component runs: those it was fused from, or itself.
    pub(crate) fn stages(&self) -> &[Component] {
        if self.parts.is_empty() {
            std::slice::from_ref(self)
        } else {
            &self.parts
        }
    }

    /// The components that this one was fused from, in order; usually empty.
    pub(crate) fn parts(&self) -> &[Component] {
        &self.parts
    }
}

/// Reads a file up to one byte beyond the maximum size of a component, which core then rejects.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
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
