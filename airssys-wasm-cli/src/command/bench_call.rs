//! `airssys-wasm bench-call`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use parking_lot::Mutex;
use serde::Serialize;

use super::CommonOptions;
use crate::api::{CallRequest, CallResult, Problem, ValueFormat, kinds};
use crate::client::{Client, encode_segment};
use crate::output::{Page, TextOutput};

/// Measure the rate, latency and failures of repeated calls
///
/// Every call is a separate request over the socket, so the measurement includes the API of the
/// host process. Exits with the code of the first failure if any call failed.
#[derive(Args, Debug)]
pub(super) struct BenchCallCommand {
    /// Name of the deployment
    name: String,
    /// Call to make: 'greet("Ada")'
    #[arg(value_name = "CALL")]
    call: String,
    /// Duration of the measurement
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    time: Duration,
    /// Number of concurrent callers
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    concurrency: usize,
}

/// The results of the measurement.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Measurements {
    calls: u64,
    failed: u64,
    /// The message of the first failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_failure: Option<String>,
    calls_per_second: u64,
    p50_microseconds: u64,
    p99_microseconds: u64,
    longest_microseconds: u64,
    /// The number of calls for each distinct answer.
    answers: std::collections::BTreeMap<String, u64>,
}

/// Counters shared by all callers.
#[derive(Default)]
struct CallCounters {
    times: Mutex<Vec<Duration>>,
    answers: Mutex<std::collections::BTreeMap<String, u64>>,
    failed: AtomicU64,
    first_failure: Mutex<Option<Problem>>,
}

/// The maximum number of distinct answers to count; further ones are counted together.
const ANSWERS_MAX: usize = 20;

impl BenchCallCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let call = Arc::new(CallRequest::parse(&self.call, ValueFormat::Wave)?);
        let path: Arc<str> = format!("/v1/deployments/{}/call", encode_segment(&self.name)).into();
        let client = common.client()?;
        let (counted, begun) = (Arc::new(CallCounters::default()), Instant::now());
        let callers: Vec<_> = (0..self.concurrency.max(1))
            .map(|_| {
                let (client, counted) = (client.clone(), Arc::clone(&counted));
                let (path, call) = (Arc::clone(&path), Arc::clone(&call));
                tokio::spawn(async move {
                    counted
                        .call_until(begun + self.time, &client, &path, &call)
                        .await
                })
            })
            .collect();
        for caller in callers {
            caller.await.map_err(|error| {
                Problem::new(kinds::INTERNAL, "a caller task panicked").with_cause(error)
            })?;
        }
        let measured = counted.measurements(begun.elapsed());
        common.output.print(&measured);
        match counted.first_failure.lock().take() {
            None => Ok(()),
            Some(problem) => Err(problem),
        }
    }
}

impl CallCounters {
    async fn call_until(&self, end: Instant, client: &Client, path: &str, call: &CallRequest) {
        while Instant::now() < end {
            let begun = Instant::now();
            match client.post::<CallResult>(path, call).await {
                Ok(called) => self.record_answer(begun.elapsed(), called.to_text()),
                Err(problem) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    self.first_failure.lock().get_or_insert(problem);
                }
            }
        }
    }

    fn record_answer(&self, took: Duration, answer: String) {
        self.times.lock().push(took);
        let mut answers = self.answers.lock();
        let is_known = answers.contains_key(&answer) || answers.len() < ANSWERS_MAX;
        *answers
            .entry(if is_known { answer } else { "others".into() })
            .or_default() += 1;
    }

    fn measurements(&self, took: Duration) -> Measurements {
        let mut times = self.times.lock().clone();
        times.sort_unstable();
        let at = |share: f64| {
            // The index is clamped below the length, whatever the rounding.
            let place = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
            times
                .get(place)
                .map_or(0, |time| time.as_micros().try_into().unwrap_or(u64::MAX))
        };
        Measurements {
            calls: times.len() as u64 + self.failed.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            first_failure: self.first_failure.lock().as_ref().map(ToString::to_string),
            calls_per_second: (times.len() as f64 / took.as_secs_f64()) as u64,
            p50_microseconds: at(0.5),
            p99_microseconds: at(0.99),
            longest_microseconds: at(1.0),
            answers: self.answers.lock().clone(),
        }
    }
}

impl TextOutput for Measurements {
    fn text(&self) -> Page {
        let mut lines = vec![
            format!("calls        {}, {} failed", self.calls, self.failed),
            format!("rate         {} a second", self.calls_per_second),
            format!(
                "latency      p50 {} us, p99 {} us, longest {} us",
                self.p50_microseconds, self.p99_microseconds, self.longest_microseconds
            ),
        ];
        lines.extend(
            self.answers
                .iter()
                .map(|(answer, count)| format!("answered     {answer}: {count}")),
        );
        Page::from_lines(lines)
    }
}
