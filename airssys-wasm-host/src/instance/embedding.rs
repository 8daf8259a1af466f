//! What a host function of the embedder's reaches: their data, the resource table, and whose
//! instance it serves.
//!
//! All of it hangs off `&mut InstanceState`, because `add_to_linker` of generated bindings takes
//! a plain function that captures nothing.
//! Tests: the workspace's `tests/suite/embedding`.

use std::any::{Any, type_name};

use wasmtime::component::ResourceTable;

use super::InstanceState;
use crate::data::Slots;
use crate::observe::{CallId, Identity};

impl InstanceState {
    /// Returns the name, revision and digest of the component that this is an instance of, and its
    /// version if it has one. The host sets it when the instance starts; a guest cannot choose it.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.authority.identity
    }

    /// Returns the number of this instance, which no other instance of the host has, and the
    /// number of its current call.
    #[must_use]
    pub fn call_id(&self) -> CallId {
        self.call()
    }

    /// Returns the deployment's data of type `T`, or the host's if the deployment has none:
    /// [`Deploy::data`](crate::Deploy::data), [`HostBuilder::data`](crate::HostBuilder::data).
    ///
    /// # Panics
    ///
    /// If neither has data of this type. In a host function that ends the guest's call with
    /// [`HostFunctionFailed`](crate::ErrorKind::HostFunctionFailed);
    /// [`try_data`](Self::try_data) lets it do something else.
    #[must_use]
    pub fn data<T: Any>(&self) -> &T {
        let missing = || missing::<T>("no data", "`HostBuilder::data` and `Deploy::data` give it");
        self.try_data().unwrap_or_else(missing)
    }

    /// Returns the deployment's data of type `T`, or the host's, or `None` if neither has any.
    #[must_use]
    pub fn try_data<T: Any>(&self) -> Option<&T> {
        self.shared.get()
    }

    /// Returns this instance's own data of type `T`, which
    /// [`HostBuilder::instance_data`](crate::HostBuilder::instance_data) made when it started.
    ///
    /// # Panics
    ///
    /// If the host makes no instance data of this type.
    #[must_use]
    pub fn instance_data<T: Any>(&self) -> &T {
        self.slots.get().unwrap_or_else(|| missing_slot::<T>())
    }

    /// Returns this instance's own data of type `T`, to change it. As a plain function it fits
    /// `add_to_linker` of generated bindings whose traits `T` implements:
    /// `add_to_linker::<_, HasSelf<T>>(linker, InstanceState::instance_data_mut::<T>)`.
    ///
    /// # Panics
    ///
    /// If the host makes no instance data of this type.
    #[must_use]
    pub fn instance_data_mut<T: Any>(&mut self) -> &mut T {
        self.slots.get_mut().unwrap_or_else(|| missing_slot::<T>())
    }

    /// Returns this instance's resource table: it holds what the guest has handles to. Every
    /// entry is dropped with the instance at the latest.
    ///
    /// [`Limits::handles_max`](crate::Limits::handles_max) bounds it. Beyond that `push` returns
    /// [`ResourceTableError`](wasmtime::component::ResourceTableError), and a host function that
    /// passes it on ends the call.
    #[must_use]
    pub fn table(&mut self) -> &mut ResourceTable {
        &mut self.handles
    }

    /// Returns the instance's own data of type `T` and the resource table at once, for a view
    /// that borrows both.
    ///
    /// # Panics
    ///
    /// If the host makes no instance data of this type.
    #[must_use]
    pub fn instance_data_and_table<T: Any>(&mut self) -> (&mut T, &mut ResourceTable) {
        (
            self.slots.get_mut().unwrap_or_else(|| missing_slot::<T>()),
            &mut self.handles,
        )
    }

    pub(crate) fn slots(&mut self) -> &mut Slots {
        &mut self.slots
    }
}

fn missing_slot<T>() -> ! {
    missing::<T>("no instance data", "`HostBuilder::instance_data` gives it")
}

fn missing<T>(what: &str, how: &str) -> ! {
    panic!("{what} of type `{}`: {how}", type_name::<T>())
}
