//! Our side: a host in this process with the built-in server.

use std::future::pending;
use std::net::SocketAddr;

use airssys_wasm_host::policy::Grants;
use airssys_wasm_host::{Host, Instancing};
use airssys_wasm_tests::guests::guest;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A server that runs until dropped.
pub(super) struct OurServer {
    pub(super) address: SocketAddr,
    pub(super) host: Host,
    pub(super) runtime: Runtime,
}

/// Serves the guest with default settings except for these.
pub(super) fn serve(instancing: Instancing, callee: SocketAddr) -> OurServer {
    let runtime = Runtime::new().expect("a runtime");
    let (host, address) = runtime.block_on(async {
        let host = Host::builder().build().expect("a host");
        let grants = Grants::new()
            .allow(&format!("http GET http://{callee}/**"))
            .expect("a grant");
        let component = guest(super::GUEST).with_name("web").expect("a name");
        host.deploy(component)
            .grants(grants)
            .instancing(instancing)
            .await
            .expect("deployed");
        host.http().set_route("/", "web").await.expect("routed");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(host.http().server().serve(listener, pending()));
        (host, address)
    });
    OurServer {
        address,
        host,
        runtime,
    }
}
