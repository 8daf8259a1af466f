//! The two tokio runtimes of a host process: one serves the API, the other runs guests.
//!
//! Guests may occupy every worker and every blocking thread of their runtime. They cannot reach
//! the other one, so the API always responds.
//!
//! Tests: in this file, and `airssys-wasm-cli/tests/cli/busy.rs`.

use std::io;
use std::thread::available_parallelism;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinSet;

use super::reply::{ProblemResponse, handler_panicked};
use crate::api::{Problem, kinds};

/// Number of worker threads that serve the API.
const ADMIN_WORKERS: usize = 2;

/// Maximum number of threads for the API's blocking operations, such as reading the state
/// directory.
const ADMIN_BLOCKING_THREADS_MAX: usize = 64;

/// Time to wait for the threads of guests to end. Threads that are stuck are abandoned.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);

/// The runtimes of a host process.
pub(super) struct Runtimes {
    /// Serves the API over the socket and TCP, including metrics.
    admin: Runtime,
    /// Runs guests: HTTP requests to components, calls, rollouts, pipelines.
    guests: Runtime,
}

impl Runtimes {
    /// Creates both runtimes.
    ///
    /// # Errors
    ///
    /// Fails if a thread cannot be started.
    pub(super) fn new() -> Result<Self, Problem> {
        let problem =
            |error: io::Error| Problem::new(kinds::IO, "cannot start threads").with_cause(error);
        let admin = Builder::new_multi_thread()
            .worker_threads(ADMIN_WORKERS)
            .max_blocking_threads(ADMIN_BLOCKING_THREADS_MAX)
            .thread_name("airssys-admin")
            .enable_all()
            .build()
            .map_err(problem)?;
        let guests = Builder::new_multi_thread()
            .worker_threads(guest_workers())
            .thread_name("airssys-guests")
            .enable_all()
            .build()
            .map_err(problem)?;
        Ok(Self { admin, guests })
    }

    /// Returns a handle to the runtime for guests.
    pub(super) fn guests(&self) -> Handle {
        self.guests.handle().clone()
    }

    /// Runs a future on this thread, in the context of the runtime that serves the API.
    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.admin.block_on(future)
    }

    /// Shuts down both runtimes. Waits up to [`SHUTDOWN_TIMEOUT`] for the guests' threads.
    pub(super) fn shutdown(self) {
        self.guests.shutdown_timeout(SHUTDOWN_TIMEOUT);
        self.admin.shutdown_background();
    }
}

/// Returns the number of worker threads for guests: two more than there are cores, so that a thread
/// is free even while a guest computes on every core.
pub(super) fn guest_workers() -> usize {
    available_parallelism().map_or(1, std::num::NonZero::get) + 2
}

/// Handles a request on the runtime for guests. Cancels it if the client disconnects.
pub(super) async fn run_on_guest_runtime(
    State(guests): State<Handle>,
    request: Request,
    next: Next,
) -> Response {
    // Dropping the set aborts its task.
    let mut tasks = JoinSet::new();
    tasks.spawn_on(next.run(request), &guests);
    match tasks.join_next().await {
        Some(response) => response.unwrap_or_else(handler_panicked),
        None => ProblemResponse(Problem::new(
            kinds::INTERNAL,
            "the request handler was not started",
        ))
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use axum::body::Body;
    use http::{Method, StatusCode};
    use tower_service::Service as _;

    use airssys_wasm_host::Host;

    use super::*;
    use crate::server::{ServerState, Shutdown, handlers};

    /// Time after which a test fails.
    const TIMEOUT: Duration = Duration::from_secs(30);

    /// Maximum number of blocking threads of a runtime, by tokio's default.
    const BLOCKING_THREADS: usize = 512;

    /// Creates a process without a state directory on these runtimes.
    fn server(runtimes: &Runtimes) -> ServerState {
        ServerState {
            host: Host::builder()
                .pooled_instances_max(10)
                .build()
                .expect("a host"),
            journal: Arc::default(),
            requests: Arc::default(),
            shutdown: Shutdown::on_signals(Duration::ZERO).expect("signals"),
            admin: Handle::current(),
            guests: runtimes.guests(),
        }
    }

    async fn send(
        mut router: axum::Router,
        method: Method,
        path: &str,
        body: &'static str,
    ) -> StatusCode {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json");
        let request = request.body(Body::from(body)).expect("a request");
        let Ok(answer) = router.call(request).await;
        answer.status()
    }

    /// Blocks every thread that guests can use, until the sender is dropped.
    fn block_guest_threads(runtimes: &Runtimes) -> mpsc::Sender<()> {
        let (end, ended) = mpsc::channel::<()>();
        let ended = Arc::new(parking_lot::Mutex::new(ended));
        let (begun, has_begun) = mpsc::channel();
        let threads = guest_workers();
        for _ in 0..threads {
            let (ended, begun) = (Arc::clone(&ended), begun.clone());
            runtimes.guests().spawn(async move {
                begun.send(()).expect("the test waits for it");
                let _ = ended.lock().recv();
            });
        }
        for _ in 0..BLOCKING_THREADS {
            let (ended, begun) = (Arc::clone(&ended), begun.clone());
            runtimes.guests().spawn_blocking(move || {
                begun.send(()).expect("the test waits for it");
                let _ = ended.lock().recv();
            });
        }
        let all = threads + BLOCKING_THREADS;
        (0..all).for_each(|_| has_begun.recv_timeout(TIMEOUT).expect("it holds a thread"));
        end
    }

    #[test]
    fn the_api_responds_while_guests_block_all_their_threads() {
        let runtimes = Runtimes::new().expect("runtimes");
        let held = block_guest_threads(&runtimes);
        runtimes.block_on(async {
            let router = handlers::router(server(&runtimes));
            for (method, path, body, expected) in [
                (Method::GET, "/v1/about", "", StatusCode::OK),
                (Method::GET, "/v1/deployments", "", StatusCode::OK),
                (Method::GET, "/v1/deployments/x", "", StatusCode::NOT_FOUND),
                (
                    Method::DELETE,
                    "/v1/deployments/x",
                    "",
                    StatusCode::NOT_FOUND,
                ),
                (
                    Method::POST,
                    "/v1/deployments/x/revoke",
                    r#"{"rule": "dns **"}"#,
                    StatusCode::NOT_FOUND,
                ),
                (
                    Method::GET,
                    "/v1/deployments/x/functions",
                    "",
                    StatusCode::NOT_FOUND,
                ),
                (Method::GET, "/v1/pipelines", "", StatusCode::OK),
                (Method::GET, "/v1/pipelines/x", "", StatusCode::NOT_FOUND),
                (Method::DELETE, "/v1/pipelines/x", "", StatusCode::NOT_FOUND),
                (Method::GET, "/v1/logs", "", StatusCode::OK),
                (Method::GET, "/v1/events", "", StatusCode::OK),
                (Method::GET, "/metrics", "", StatusCode::OK),
            ] {
                let sent = send(router.clone(), method.clone(), path, body);
                let answer = tokio::time::timeout(TIMEOUT, sent).await;
                assert_eq!(answer, Ok(expected), "{method} {path}");
            }
            let call = r#"{"function": "f", "wave": "()"}"#;
            let call = tokio::spawn(send(
                router.clone(),
                Method::POST,
                "/v1/deployments/x/call",
                call,
            ));
            for _ in 0..20 {
                send(router.clone(), Method::GET, "/v1/deployments", "").await;
            }
            assert!(!call.is_finished(), "guests run on their own runtime");
            drop(held);
            call.await.expect("no panic");
        });
        runtimes.shutdown();
    }

    #[test]
    fn runtimes_shut_down_with_a_stuck_thread() {
        let (ended, has_ended) = mpsc::channel();
        std::thread::spawn(move || {
            let runtimes = Runtimes::new().expect("runtimes");
            let (begun, has_begun) = mpsc::channel();
            runtimes.guests().spawn_blocking(move || {
                begun.send(()).expect("the test waits for it");
                std::thread::park();
            });
            has_begun.recv().expect("it is stuck");
            runtimes.shutdown();
            ended.send(()).expect("the test waits for it");
        });
        has_ended.recv_timeout(TIMEOUT).expect("they end");
    }
}
