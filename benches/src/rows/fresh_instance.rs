//! A new instance for every call.

use airssys_wasm_host::{Host, Instancing};
use airssys_wasm_tests::guests::guest;

use crate::bare;
use crate::measure::{alternate, on_one_thread};
use crate::report::Row;

const GUEST: &str = "plain-bindgen";

pub(crate) fn rows() -> Vec<Row> {
    let (ours, theirs) = on_one_thread(async {
        let host = Host::builder().build().expect("a host");
        let deployment = host
            .deploy(guest(GUEST))
            .instancing(Instancing::PerCall)
            .await
            .expect("deployed");
        let function = deployment
            .function::<(u32, u32), (u32,)>("add")
            .expect("an exported function");

        let engine = bare::engine_like_host();
        let pre = bare::link(&engine, guest(GUEST).bytes());
        let index = pre
            .component()
            .get_export_index(None, "add")
            .expect("exported");

        alternate(
            200,
            async || {
                function.call((20, 22)).await.expect("an answer");
            },
            async || {
                let mut store = bare::store(&engine);
                let instance = pre
                    .instantiate_async(&mut store)
                    .await
                    .expect("instantiated");
                let function = instance
                    .get_typed_func::<(u32, u32), (u32,)>(&mut store, index)
                    .expect("it fits");
                function
                    .call_async(&mut store, (20, 22))
                    .await
                    .expect("an answer");
            },
        )
        .await
    });
    vec![Row::from_times(
        "fresh instance and a call",
        GUEST,
        "wasmtime, same settings, pooled",
        (ours, theirs),
        1.15,
    )]
}
