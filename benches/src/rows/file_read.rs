//! A small file, opened and read through a granted directory.

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Host, Instancing};
use airssys_wasm_tests::guests::guest;
use wasmtime_wasi::{FsPerms, WasiCtx};

use crate::bare;
use crate::measure::{in_turns, on_one_thread};
use crate::report::{Goal, Row, Unit};

const GUEST: &str = "plain-fetcher";
const FILE: &str = "/data/name.txt";

type Read = Result<u64, String>;

pub(crate) fn rows() -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("name.txt"), [b'x'; 4096]).expect("a file");
    let (ours, theirs) = on_one_thread(async {
        let host = Host::builder().build().expect("a host");
        let grants = Grants::new().allow(&format!("file-read /data from={}", folder.path().display()));
        let deployment = host
            .deploy(guest(GUEST))
            .grants(grants.expect("a grant"))
            .instancing(Instancing::pooled(1))
            .await
            .expect("deployed");
        let read = deployment.function::<(String,), (Read,)>("count-file").expect("the function is there");

        let engine = bare::same_engine();
        let pre = bare::linked_with_http(&engine, guest(GUEST).bytes());
        let mut wasi = WasiCtx::builder();
        wasi.preopened_dir(folder.path(), "/data", FsPerms::ReadOnly).expect("opened");
        let mut store = bare::store_with(&engine, wasi.build());
        let instance = pre.instantiate_async(&mut store).await.expect("instantiated");
        let bare_read =
            instance.get_typed_func::<(String,), (Read,)>(&mut store, "count-file").expect("it fits");

        in_turns(
            200,
            async || {
                let (read,) = read.call((FILE.into(),)).await.expect("an answer");
                assert_eq!(read, Ok(4096));
            },
            async || {
                let (read,) = bare_read.call_async(&mut store, (FILE.into(),)).await.expect("an answer");
                assert_eq!(read, Ok(4096));
            },
        )
        .await
    });
    vec![Row {
        name: "a granted file of 4 KiB, opened and read",
        guest: GUEST,
        peer: "wasmtime-wasi, the directory preopened",
        ours,
        theirs,
        unit: Unit::Nanoseconds,
        goal: Goal::RatioAtMost(1.1),
    }]
}
