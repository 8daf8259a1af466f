//! A host on a runtime of one thread, with its own server on the same thread.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use airssys_wasm_host::{Deployment, Host, Limits};
use airssys_wasm_tests::guests::guest;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::{FOREVER, SPINNER, SpinnerHost, WEB, compare, http_p99, measure_beside_each};
use crate::measure::on_one_thread;
use crate::report::Row;

pub(super) fn rows() -> Vec<Row> {
    let embedder = Embedder::start();
    let http = measure_beside_each(&embedder, || http_p99(embedder.address));
    compare("HTTP p99, a runtime of one thread", &http)
}

/// A host that runs as long as the bench.
struct Embedder {
    address: SocketAddr,
    runtime: Handle,
    spinner: Deployment,
}

impl Embedder {
    fn start() -> Self {
        let (ready, is_ready) = mpsc::channel();
        thread::spawn(move || {
            on_one_thread(async move {
                let (host, embedder, listener) = deploy().await;
                ready.send(embedder).expect("the bench waits for it");
                host.http()
                    .server()
                    .serve(listener, pending())
                    .await
                    .expect("the server runs");
            });
        });
        is_ready.recv().expect("the host starts")
    }
}

async fn deploy() -> (Host, Embedder, TcpListener) {
    let host = Host::builder().build().expect("a host");
    host.deploy(guest(WEB)).await.expect("deployed");
    host.http().set_route("/", WEB).await.expect("routed");
    let limits = Limits {
        call_deadline: Duration::from_secs(FOREVER),
        ..Limits::default()
    };
    let spinner = host
        .deploy(guest(SPINNER))
        .limits(limits)
        .await
        .expect("deployed");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    (
        host,
        Embedder {
            address,
            runtime: Handle::current(),
            spinner,
        },
        listener,
    )
}

/// A task that is aborted when this is dropped.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl SpinnerHost for Embedder {
    type Call = AbortOnDrop;

    fn begin_call(&self) -> AbortOnDrop {
        let spin = self.spinner.dynamic_function("spin").expect("it spins");
        AbortOnDrop(
            self.runtime
                .spawn(async move { spin.call_wave("()").await })
                .abort_handle(),
        )
    }

    fn calls_in_flight(&self) -> u64 {
        self.spinner.status().calls_in_flight
    }
}
