//! The call that an instance serves, as far as the calls that it makes in turn need it.
//!
//! Tests: `tests/suite/links`.

use std::sync::Arc;

use super::CallTree;
use crate::deployment::ActiveRevision;
use crate::instance::InstanceState;

/// The context of the current call. A slot of instances that are linked to others.
#[derive(Default)]
pub(crate) struct CallContext {
    active_revision: Option<Arc<ActiveRevision>>,
    /// The call tree that the call belongs to.
    tree: Option<Arc<CallTree>>,
    /// The tree that the call begins if it belongs to none; reused for the next call.
    own: Option<Arc<CallTree>>,
}

/// Begins a call in which the instance may call other components. `tree` is the tree of its caller.
pub(super) fn enter(
    state: &mut InstanceState,
    active_revision: &Arc<ActiveRevision>,
    tree: Option<&Arc<CallTree>>,
) {
    let context: &mut CallContext = state.slot_mut();
    context.active_revision = Some(Arc::clone(active_revision));
    context.tree = tree.cloned();
}

/// Ends that call, and with it the tree that it began.
pub(crate) fn leave(state: &mut InstanceState) {
    let context: &mut CallContext = state.slot_mut();
    (context.active_revision, context.tree) = (None, None);
    match context.own.as_mut().map(Arc::get_mut) {
        Some(Some(own)) => own.end(),
        // Another call still holds it, or there is none.
        _ => context.own = None,
    }
}

/// Returns the call tree of the current call.
pub(crate) fn call_tree(state: &mut InstanceState) -> Arc<CallTree> {
    let CallContext {
        active_revision,
        tree,
        own,
    } = state.slot_mut();
    let tree = tree.get_or_insert_with(|| {
        let own = own.get_or_insert_default();
        if let Some(root) = active_revision {
            own.begin(root);
        }
        Arc::clone(own)
    });
    Arc::clone(tree)
}
