//! The contract of a capability that every host has: the interfaces that it links, the state that
//! it opens for a revision, and the state that it adds to each instance.
//!
//! Tests: `tests/suite/capabilities`.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use airssys_wasm_core::policy::Policy;
use airssys_wasm_core::world::World;
use wasmtime::component::Linker;

use super::baseline::{Console, Printer};
use super::resolver::{Resolver, SystemResolver};
use super::{Authority, BlockingSlots, CapabilitySettings};
use crate::Result;
use crate::budget::DeploymentShare;
use crate::clock::Clock;
use crate::data::Slots;
use crate::engine::Profile;
use crate::instance::{InstanceState, LifetimeFlag};
use crate::observe::{CallCounter, CallId};

/// A capability that every host has.
///
/// Each has a folder, in which `mod` implements this trait. `CONTRIBUTING.md` lists everything that
/// a new one needs. An embedder's own capability is a [`Provider`](crate::Provider).
pub(super) trait Capability: 'static {
    /// The state that the instances of a revision share.
    type Revision: Send + Sync;
    /// The state of an instance.
    type Instance: Send;

    /// The interfaces that it links, by path. Each has a row in core's table,
    /// [`INTERFACES`](airssys_wasm_core::interfaces::INTERFACES).
    const INTERFACES: &'static [&'static str];

    /// Opens what a policy grants. Blocks.
    ///
    /// # Errors
    ///
    /// [`GrantUnusable`](crate::ErrorKind::GrantUnusable), with the rule.
    fn open(opening: &RevisionOpening<'_>) -> Result<Self::Revision>;

    /// Returns `true` if instances of a component with this world may use the state that
    /// [`start`](Self::start) creates. By default, if it imports one of the interfaces.
    fn is_used_by(world: &World) -> bool {
        imports_any(world, Self::INTERFACES)
    }

    /// Creates the state of an instance, which is stored in a slot of the instance's data.
    fn start(revision: &Arc<Self::Revision>, opening: &InstanceOpening<'_>) -> Self::Instance;

    /// Applies a narrower policy, before the authority decides by it.
    fn narrow(_revision: &Self::Revision, _policy: &Policy) {}

    /// Closes what no instance may use any more, after the authority decides by the new policy.
    fn close_revoked(_revision: &Self::Revision) {}

    /// Adds its functions to a linker. This gives no access: each function asks the authority.
    fn link(linker: &mut Linker<InstanceState>, profile: Profile) -> wasmtime::Result<()>;
}

/// Returns `true` if a world imports one of these interfaces, which are given by path.
pub(super) fn imports_any(world: &World, interfaces: &[&str]) -> bool {
    let mut imports = world.imports.interfaces.iter();
    imports.any(|import| interfaces.contains(&import.name.path()))
}

/// The revision for which capabilities are opened.
pub(crate) struct RevisionOpening<'a> {
    pub(crate) world: &'a World,
    pub(crate) policy: &'a Policy,
    pub(crate) settings: &'a CapabilitySettings,
    pub(crate) share: &'a Arc<DeploymentShare>,
    pub(crate) blocking_slots: &'a BlockingSlots,
    pub(crate) printer: &'a Arc<Printer>,
    pub(crate) console: Option<&'a Arc<Console>>,
    pub(crate) clock: &'a Arc<Clock>,
}

impl RevisionOpening<'_> {
    /// Returns the embedder's resolver, or the system's.
    pub(super) fn resolver(&self) -> Arc<dyn Resolver> {
        let system =
            || Arc::new(SystemResolver::new(self.blocking_slots.clone())) as Arc<dyn Resolver>;
        self.settings.resolver.clone().unwrap_or_else(system)
    }
}

/// The instance for which capabilities are started.
pub(crate) struct InstanceOpening<'a> {
    pub(crate) caller: Caller,
    pub(crate) lifetime: &'a LifetimeFlag,
}

/// The identity and the authority on whose behalf an instance acts.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) authority: Arc<Authority>,
    pub(crate) calls: Arc<CallCounter>,
}

impl Caller {
    /// Returns the identity of the current call.
    pub(crate) fn call(&self) -> CallId {
        self.calls.current()
    }
}

/// The state of one capability for a revision, whatever its type.
pub(super) type OpenState = Arc<dyn Any + Send + Sync>;

/// The interface of a capability without its types, for the list of all capabilities.
pub(super) trait AnyCapability: Sync {
    fn interfaces(&self) -> &'static [&'static str];

    fn open(&self, opening: &RevisionOpening<'_>) -> Result<OpenState>;

    fn is_used_by(&self, world: &World) -> bool;

    fn start(&self, open: &OpenState, opening: &InstanceOpening<'_>, slots: &mut Slots);

    fn narrow(&self, open: &OpenState, policy: &Policy);

    fn close_revoked(&self, open: &OpenState);

    fn link(&self, linker: &mut Linker<InstanceState>, profile: Profile) -> wasmtime::Result<()>;
}

/// A capability with its types erased.
pub(super) struct ErasedCapability<C>(PhantomData<fn(C)>);

impl<C> ErasedCapability<C> {
    pub(super) const NEW: Self = Self(PhantomData);
}

/// Returns the state of a revision by its type.
fn typed<C: Capability>(open: &OpenState) -> Arc<C::Revision> {
    let open = Arc::clone(open).downcast();
    open.expect("each state is stored beside its capability")
}

impl<C: Capability> AnyCapability for ErasedCapability<C> {
    fn interfaces(&self) -> &'static [&'static str] {
        C::INTERFACES
    }

    fn open(&self, opening: &RevisionOpening<'_>) -> Result<OpenState> {
        Ok(Arc::new(C::open(opening)?))
    }

    fn is_used_by(&self, world: &World) -> bool {
        C::is_used_by(world)
    }

    fn start(&self, open: &OpenState, opening: &InstanceOpening<'_>, slots: &mut Slots) {
        slots.add(C::start(&typed::<C>(open), opening));
    }

    fn narrow(&self, open: &OpenState, policy: &Policy) {
        C::narrow(&typed::<C>(open), policy);
    }

    fn close_revoked(&self, open: &OpenState) {
        C::close_revoked(&typed::<C>(open));
    }

    fn link(&self, linker: &mut Linker<InstanceState>, profile: Profile) -> wasmtime::Result<()> {
        C::link(linker, profile)
    }
}
