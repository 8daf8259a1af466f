//! A GET to a server on loopback, with a new connection each time.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::fetcher::{GUEST, deploy_with_grant, instantiate_with_all};
use crate::measure::{alternate, on_one_thread};
use crate::report::Row;

type FetchResult = Result<u64, String>;

pub(crate) fn rows() -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = on_one_thread(async {
        let authority = serve().await;
        let (_host, deployment) =
            deploy_with_grant(&format!("http GET http://{authority}/**")).await;
        let get = deployment
            .function::<(String, String), (FetchResult,)>("get")
            .expect("an exported function");
        let (mut store, instance) = instantiate_with_all(folder.path()).await;
        let bare_get = instance
            .get_typed_func::<(String, String), (FetchResult,)>(&mut store, "get")
            .expect("it fits");
        let words = || (authority.clone(), "/hello".to_owned());

        alternate(
            100,
            async || {
                let (fetched,) = get.call(words()).await.expect("an answer");
                assert_eq!(fetched, Ok(5));
            },
            async || {
                let (fetched,) = bare_get
                    .call_async(&mut store, words())
                    .await
                    .expect("an answer");
                assert_eq!(fetched, Ok(5));
            },
        )
        .await
    });
    vec![Row::from_times(
        "a granted HTTP GET on loopback",
        GUEST,
        "wasmtime-wasi-http, everything allowed",
        (ours, theirs),
        1.1,
    )]
}

/// Starts a server that answers every request with five bytes.
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
