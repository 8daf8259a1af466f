//! Calls from one component to another: resolving the callee, passing values, updates of the
//! callee, and unsupported cases.

pub(crate) mod cycles;
mod ends;
mod health;
mod refused;
mod resources;
mod updates;
mod values;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Deployment, Host, Instancing};

use crate::support::{guest, host};

const CALL: &str = "call acme:store/kv";

fn may_call() -> Grants {
    Grants::new().allow(CALL).expect("a rule")
}

/// Deploys a store and a component that calls it.
async fn deploy_linked(instancing: Instancing) -> (Host, Deployment) {
    let host = host();
    let store = guest("store-v1").with_name("store").expect("a name");
    host.deploy(store)
        .instancing(instancing)
        .await
        .expect("deployed");
    let caller = host
        .deploy(guest("store-caller"))
        .grants(may_call())
        .instancing(Instancing::pooled(8));
    let caller = caller.await.expect("deployed");
    (host, caller)
}
