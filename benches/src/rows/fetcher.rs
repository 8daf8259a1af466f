//! The guest `plain-fetcher` in both hosts: in ours with a grant, in the peer's with everything
//! allowed.

use std::path::Path;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Deployment, Host, Instancing};
use airssys_wasm_tests::guests::guest;
use wasmtime::Store;
use wasmtime::component::Instance;
use wasmtime_wasi::{FsPerms, WasiCtx};

use crate::bare;

pub(super) const GUEST: &str = "plain-fetcher";

/// Deploys the guest with a grant. The host must live as long as the deployment.
pub(super) async fn deploy_with_grant(rule: &str) -> (Host, Deployment) {
    let host = Host::builder().build().expect("a host");
    let grants = Grants::new().allow(rule).expect("a grant");
    let deployment = host
        .deploy(guest(GUEST))
        .grants(grants)
        .instancing(Instancing::pooled(1))
        .await
        .expect("deployed");
    (host, deployment)
}

/// Instantiates the guest in wasmtime alone, with a directory preopened as `/data`.
pub(super) async fn instantiate_with_all(data: &Path) -> (Store<bare::BareState>, Instance) {
    let engine = bare::engine_like_host();
    let pre = bare::link_with_http(&engine, guest(GUEST).bytes());
    let mut wasi = WasiCtx::builder();
    wasi.preopened_dir(data, "/data", FsPerms::ReadOnly)
        .expect("opened");
    let mut store = bare::store_with(&engine, wasi.build());
    let instance = pre
        .instantiate_async(&mut store)
        .await
        .expect("instantiated");
    (store, instance)
}
