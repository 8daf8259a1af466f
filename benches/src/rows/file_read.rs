//! A small file, opened and read through a granted directory.

use super::fetcher::{GUEST, deploy_with_grant, instantiate_with_all};
use crate::measure::{alternate, on_one_thread};
use crate::report::Row;

const FILE: &str = "/data/name.txt";

type ReadResult = Result<u64, String>;

pub(crate) fn rows() -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("name.txt"), [b'x'; 4096]).expect("a file");
    let (ours, theirs) = on_one_thread(async {
        let rule = format!("file-read /data from={}", folder.path().display());
        let (_host, deployment) = deploy_with_grant(&rule).await;
        let read = deployment
            .function::<(String,), (ReadResult,)>("count-file")
            .expect("an exported function");
        let (mut store, instance) = instantiate_with_all(folder.path()).await;
        let bare_read = instance
            .get_typed_func::<(String,), (ReadResult,)>(&mut store, "count-file")
            .expect("it fits");

        alternate(
            200,
            async || {
                let (read,) = read.call((FILE.into(),)).await.expect("an answer");
                assert_eq!(read, Ok(4096));
            },
            async || {
                let (read,) = bare_read
                    .call_async(&mut store, (FILE.into(),))
                    .await
                    .expect("an answer");
                assert_eq!(read, Ok(4096));
            },
        )
        .await
    });
    vec![Row::from_times(
        "a granted file of 4 KiB, opened and read",
        GUEST,
        "wasmtime-wasi, the directory preopened",
        (ours, theirs),
        1.1,
    )]
}
