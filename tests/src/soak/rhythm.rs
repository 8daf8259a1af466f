//! Requests in a steady rhythm: each is sent when it is due, even if earlier ones are unanswered.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::client;

/// Time between two requests: 100 a second.
const PERIOD: Duration = Duration::from_millis(10);

const REQUEST: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// A request with a due time.
#[derive(Debug)]
pub(super) struct TimedRequest {
    /// The time at which it was due, relative to the first request.
    pub(super) due: Duration,
    /// Time from then to the last byte of the answer, or the reason why the request failed.
    pub(super) took: Result<Duration, String>,
}

/// Sends requests to `good` and to the control at the same moments, and returns both in the order
/// in which they were due.
///
/// A single thread sends all requests, so that a delay of the thread affects both.
///
/// # Panics
///
/// Panics if no more threads can be started.
pub(super) fn ask_both(
    good: SocketAddr,
    control: SocketAddr,
    time: Duration,
) -> (Vec<TimedRequest>, Vec<TimedRequest>) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let begun = Instant::now();
        let (mut of_good, mut of_control) = (JoinSet::new(), JoinSet::new());
        let mut due = Duration::ZERO;
        while due < time {
            sleep_until(begun + due).await;
            of_good.spawn(ask(good, begun, due));
            of_control.spawn(ask(control, begun, due));
            due += PERIOD;
        }
        (in_order(of_good).await, in_order(of_control).await)
    })
}

async fn ask(address: SocketAddr, begun: Instant, due: Duration) -> TimedRequest {
    let took = match client::ask(TcpStream::connect(address), REQUEST).await {
        Ok(answer) if answer.status == 200 && answer.body.starts_with("hello") => {
            Ok((begun + due).elapsed())
        }
        Ok(answer) => Err(format!("{} {}", answer.status, answer.body.trim_end())),
        Err(error) => Err(error.to_string()),
    };
    TimedRequest { due, took }
}

async fn in_order(all: JoinSet<TimedRequest>) -> Vec<TimedRequest> {
    let mut asked = all.join_all().await;
    asked.sort_by_key(|asked| asked.due);
    asked
}
