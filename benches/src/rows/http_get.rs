//! A GET to a server on loopback, a connection each.

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Host, Instancing};
use airssys_wasm_tests::guests::guest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wasmtime_wasi::{FsPerms, WasiCtx};

use crate::bare;
use crate::measure::{in_turns, on_threads};
use crate::report::{Goal, Row, Unit};

const GUEST: &str = "plain-fetcher";

type Fetched = Result<u64, String>;

pub(crate) fn rows() -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("name.txt"), "Ada").expect("a file");
    let (ours, theirs) = on_threads(2, async {
        let authority = serve().await;
        let host = Host::builder().build().expect("a host");
        let grants = Grants::new()
            .allow(&format!("file-read /data from={}", folder.path().display()))
            .and_then(|grants| grants.allow(&format!("http GET http://{authority}/**")));
        let deployment = host
            .deploy(guest(GUEST))
            .grants(grants.expect("grants"))
            .instancing(Instancing::pooled(1))
            .await
            .expect("deployed");
        let fetch = deployment.function::<(String, String), (Fetched,)>("fetch").expect("it is there");

        let engine = bare::same_engine();
        let pre = bare::linked_with_http(&engine, guest(GUEST).bytes());
        let mut wasi = WasiCtx::builder();
        wasi.preopened_dir(folder.path(), "/data", FsPerms::ReadOnly).expect("opened");
        let mut store = bare::store_with(&engine, wasi.build());
        let instance = pre.instantiate_async(&mut store).await.expect("instantiated");
        let bare_fetch =
            instance.get_typed_func::<(String, String), (Fetched,)>(&mut store, "fetch").expect("it fits");
        let words = || (authority.clone(), "/hello".to_owned());

        in_turns(
            50,
            async || {
                let (fetched,) = fetch.call(words()).await.expect("an answer");
                assert_eq!(fetched, Ok(5));
            },
            async || {
                let (fetched,) = bare_fetch.call_async(&mut store, words()).await.expect("an answer");
                assert_eq!(fetched, Ok(5));
            },
        )
        .await
    });
    vec![Row {
        name: "a granted HTTP GET, and a file of 3 B read for it",
        guest: GUEST,
        peer: "wasmtime-wasi-http, everything allowed",
        ours,
        theirs,
        unit: Unit::Nanoseconds,
        goal: Goal::RatioAtMost(1.1),
    }]
}

/// A server that answers everybody with five bytes.
async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let authority = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 2048];
                while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    authority
}
