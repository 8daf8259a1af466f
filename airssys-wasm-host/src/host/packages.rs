//! The published packages of a host.
//!
//! Tests: `tests/suite/state/packages.rs`.

use std::sync::Arc;

use airssys_wasm_core::PackageRef;

use super::Host;
use crate::services::HostServices;
use crate::state::{Package, PackageVersion};
use crate::{Component, Result};

/// The components published in the state directory of a host, by name and version. Returned by
/// [`Host::packages`].
///
/// The directory is read and written on threads of the host. Without a state directory, every
/// method fails with [`StateUnavailable`](crate::ErrorKind::StateUnavailable).
///
/// ```
/// use airssys_wasm_host::{Component, Host};
///
/// # let place = tempfile::tempdir()?;
/// # let directory = place.path().join("state");
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let host = Host::builder().state_directory(&directory).build()?;
/// let component = Component::from_bytes(wat::parse_str("(component)")?)?
///     .with_name("acme:nothing")?
///     .with_version("1.2.0".parse()?);
/// host.packages().publish(&component).await?;
///
/// let found = host.packages().get(&"acme:nothing@^1".parse()?).await?;
/// assert_eq!(found.digest(), component.digest());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Packages<'a>(&'a Host);

impl<'a> Packages<'a> {
    pub(super) fn new(host: &'a Host) -> Self {
        Self(host)
    }

    fn services(self) -> &'a Arc<HostServices> {
        &self.0.0.context.services
    }

    /// Publishes a component under its name and version. A version is permanently bound to its
    /// bytes; publishing the same bytes again changes nothing.
    ///
    /// Cancel safe: if the future is dropped, the component is either published or not.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists) if the version is published with different
    /// bytes, [`InvalidName`](crate::ErrorKind::InvalidName) if the component has no name or no version,
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable) if there is no state directory or
    /// it cannot be written.
    pub async fn publish(self, component: &Component) -> Result<PackageVersion> {
        let (state, component) = (self.0.state()?, component.clone());
        let publish = move || state.publish(&component);
        self.services().blocking.run_to_completion(publish).await
    }

    /// Checks that a component could be published.
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Self::publish).
    pub async fn check_publication(self, component: &Component) -> Result<()> {
        let (state, component) = (self.0.state()?, component.clone());
        let check = move || state.check_publication(&component);
        self.services().blocking.run(check).await
    }

    /// Returns the published component with the highest version that `wanted` selects.
    ///
    /// # Errors
    ///
    /// [`NotPublished`](crate::ErrorKind::NotPublished), with the published names or versions;
    /// [`StateDamaged`](crate::ErrorKind::StateDamaged);
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable).
    pub async fn get(self, wanted: &PackageRef) -> Result<Component> {
        let (state, wanted) = (self.0.state()?, wanted.clone());
        let get = move || state.package(&wanted);
        self.services().blocking.run(get).await
    }

    /// Returns every published name with its versions, ordered by name.
    ///
    /// # Errors
    ///
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable).
    pub async fn list(self) -> Result<Vec<Package>> {
        let state = self.0.state()?;
        self.services().blocking.run(move || state.packages()).await
    }
}
