//! The state that a host function of the embedder can reach: data, the resource table, and the
//! identity of its instance.
//!
//! Everything is reached through `&mut InstanceState`, because `add_to_linker` of generated
//! bindings takes a plain function that captures nothing.
//! Tests: `tests/suite/embedding`.

use std::any::{Any, type_name};

use wasmtime::component::ResourceTable;

use super::InstanceState;
use crate::data::Slots;
use crate::observe::{CallId, Identity};

impl InstanceState {
    /// Returns the name, revision and digest of this instance's component, and its version if it
    /// has one. Set by the host when the instance starts; a guest cannot choose it.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the number of this instance, which is unique in the host, and the number of its
    /// current call.
    #[must_use]
    pub fn call_id(&self) -> CallId {
        self.calls.current()
    }

    /// Returns the deployment's data of type `T`, or the host's if the deployment has none. Set by
    /// [`Deploy::data`](crate::Deploy::data) and [`HostBuilder::data`](crate::HostBuilder::data).
    ///
    /// # Panics
    ///
    /// Panics if neither has data of this type. In a host function, the panic ends the guest's call
    /// with [`HostFunctionFailed`](crate::ErrorKind::HostFunctionFailed); use
    /// [`try_data`](Self::try_data) to handle missing data.
    #[must_use]
    pub fn data<T: Any>(&self) -> &T {
        let missing =
            || panic_without_data::<T>("no data", "call `HostBuilder::data` or `Deploy::data`");
        self.try_data().unwrap_or_else(missing)
    }

    /// Returns the deployment's data of type `T`, or the host's, or `None` if neither has any.
    #[must_use]
    pub fn try_data<T: Any>(&self) -> Option<&T> {
        self.shared.get()
    }

    /// Returns this instance's own data of type `T`, which
    /// [`HostBuilder::instance_data`](crate::HostBuilder::instance_data) created when it started.
    ///
    /// # Panics
    ///
    /// Panics if the host creates no instance data of this type.
    #[must_use]
    pub fn instance_data<T: Any>(&self) -> &T {
        self.slots
            .get()
            .unwrap_or_else(|| panic_without_instance_data::<T>())
    }

    /// Returns this instance's own data of type `T`, mutably. As a plain function, it fits
    /// `add_to_linker` of generated bindings whose traits `T` implements:
    /// `add_to_linker::<_, HasSelf<T>>(linker, InstanceState::instance_data_mut::<T>)`.
    ///
    /// # Panics
    ///
    /// Panics if the host creates no instance data of this type.
    #[must_use]
    pub fn instance_data_mut<T: Any>(&mut self) -> &mut T {
        self.slots
            .get_mut()
            .unwrap_or_else(|| panic_without_instance_data::<T>())
    }

    /// Returns this instance's resource table, which holds the values behind the guest's handles.
    /// Every entry is dropped with the instance at the latest.
    ///
    /// Bounded by [`Limits::handles_max`](crate::Limits::handles_max). Beyond that, `push` returns
    /// [`ResourceTableError`](wasmtime::component::ResourceTableError), and a host function that
    /// returns the error in turn ends the call.
    #[must_use]
    pub fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// Returns this instance's own data of type `T` together with the resource table, for a view
    /// that borrows both.
    ///
    /// # Panics
    ///
    /// Panics if the host creates no instance data of this type.
    #[must_use]
    pub fn instance_data_and_table<T: Any>(&mut self) -> (&mut T, &mut ResourceTable) {
        (
            self.slots
                .get_mut()
                .unwrap_or_else(|| panic_without_instance_data::<T>()),
            &mut self.table,
        )
    }

    pub(crate) fn slots(&mut self) -> &mut Slots {
        &mut self.slots
    }
}

fn panic_without_instance_data<T>() -> ! {
    panic_without_data::<T>("no instance data", "call `HostBuilder::instance_data`")
}

fn panic_without_data<T>(what: &str, how: &str) -> ! {
    panic!("{what} of type `{}`: {how}", type_name::<T>())
}
