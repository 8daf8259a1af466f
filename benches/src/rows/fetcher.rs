//! One guest in both hosts: ours with a grant, the peer's with everything allowed.

use std::path::Path;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Deployment, Host, Instancing};
use airssys_wasm_tests::guests::guest;
use wasmtime::Store;
use wasmtime::component::Instance;
use wasmtime_wasi::{FsPerms, WasiCtx};

use crate::bare;

pub(super) const GUEST: &str = "plain-fetcher";

/// The guest in a host of ours, which has to live as long.
pub(super) async fn granted(rule: &str) -> (Host, Deployment) {
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

/// The same guest in wasmtime alone; `/data` leads to a folder.
pub(super) async fn allowed(data: &Path) -> (Store<bare::State>, Instance) {
    let engine = bare::same_engine();
    let pre = bare::linked_with_http(&engine, guest(GUEST).bytes());
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
