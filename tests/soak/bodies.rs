//! Echoes a gibibyte across three updates: every byte arrives, one revision serves the whole
//! exchange, and memory stays flat. A separate test program because it measures the memory of its
//! own process.
#![cfg(target_os = "linux")]
#![expect(
    clippy::print_stdout,
    reason = "measurements are part of the test's output"
)]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use airssys_wasm_host::Host;
use airssys_wasm_host::policy::Grants;
use airssys_wasm_tests::guests::guest;
use airssys_wasm_tests::process::status_field;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Request;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

const BYTES: u64 = 1 << 30;

/// A prime length, so that lost or duplicated pieces are detected.
const PERIOD: u64 = 251;

const PIECE: u64 = 64 << 10;

fn resident_kib() -> u64 {
    status_field(std::process::id(), "VmRSS").expect("`/proc` is readable")
}

/// Returns the piece of the body that starts at byte `from`.
fn piece(pattern: &Bytes, from: u64) -> Bytes {
    let begin = (from % PERIOD) as usize;
    pattern.slice(begin..begin + PIECE.min(BYTES - from) as usize)
}

/// Returns the version named in the `x-version` header of a response.
async fn version(host: &Host) -> String {
    let asked = Request::get("http://localhost/")
        .body(http_body_util::Empty::<Bytes>::new())
        .expect("a request");
    let answer = host
        .http()
        .service("web")
        .expect("a name")
        .handle(asked)
        .await;
    answer.headers()["x-version"]
        .to_str()
        .expect("text")
        .to_owned()
}

async fn serve(name: &str) -> (Host, SocketAddr) {
    let host = Host::builder()
        .pooled_instances_max(20)
        .build()
        .expect("a host");
    host.deploy(guest(name).with_name("web").expect("a name"))
        .await
        .expect("deployed");
    host.http().set_route("/", "web").await.expect("routed");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(host.http().server().serve(listener, std::future::pending()));
    (host, address)
}

/// Starts sending the whole body and returns the response with its body unread.
async fn begin_echo(address: SocketAddr, pattern: &Bytes) -> http::Response<Incoming> {
    let pattern = pattern.clone();
    let frames = stream::iter((0..BYTES).step_by(PIECE as usize))
        .map(move |from| Ok::<_, Infallible>(Frame::data(piece(&pattern, from))));
    let stream = TcpStream::connect(address).await.expect("connected");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .expect("an HTTP/1 connection");
    tokio::spawn(connection);
    let asked = Request::post("/echo")
        .header("host", "localhost")
        .body(StreamBody::new(frames));
    sender
        .send_request(asked.expect("a request"))
        .await
        .expect("a head")
}

/// Reads the echoed body and updates the component three times meanwhile.
async fn echo_a_gibibyte(name: &str, versions: [&str; 3]) {
    let (host, address) = serve(name).await;
    let pattern: Bytes = (0..PERIOD + PIECE)
        .map(|place| (place % PERIOD) as u8)
        .collect();
    let begun = Instant::now();
    let answer = begin_echo(address, &pattern).await;
    let first = answer.headers()["x-version"].clone();
    let (mut body, mut came, mut updates) = (answer.into_body(), 0, 0);
    let (mut settled, mut most) = (0, 0);
    while let Some(frame) = body.frame().await {
        let data = frame.expect("whole").into_data().expect("data");
        for data in data.chunks(PIECE as usize) {
            let due = piece(&pattern, came);
            assert!(data == &due[..data.len()], "after {came} bytes");
            came += data.len() as u64;
        }
        if came > (updates + 1) * BYTES / 4 && updates < 3 {
            let next = guest(versions[updates as usize])
                .with_name("web")
                .expect("a name");
            host.update("web", next)
                .any_version()
                .grants(Grants::new())
                .await
                .expect("updated");
            updates += 1;
            assert_ne!(
                version(&host).await,
                first,
                "new requests are answered by another revision"
            );
            settled = if updates == 1 {
                resident_kib()
            } else {
                settled
            };
        }
        most = most.max(sampled_resident_kib(came));
    }
    assert_eq!((came, updates), (BYTES, 3));
    println!(
        "{name}: {:.1?}, {settled} KiB after the first update, {most} KiB at most",
        begun.elapsed()
    );
    assert!(most < settled + 48 * 1024, "{settled} KiB, then {most} KiB");
}

/// Reading `/proc` costs more than reading a piece, so memory is measured only now and then.
fn sampled_resident_kib(came: u64) -> u64 {
    if came % (1 << 22) < PIECE {
        resident_kib()
    } else {
        0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pass_through_updates_in_flat_memory() {
    let time = Duration::from_secs(240);
    let all = async {
        echo_a_gibibyte("http-v1", ["http-v2", "http-service", "http-v2"]).await;
        echo_a_gibibyte("http-service", ["http-v2", "http-v1", "http-v2"]).await;
    };
    tokio::time::timeout(time, all)
        .await
        .expect("the transfers finish in time");
}
