//! Finds the late answers, and those of them that the machine delayed.
//!
//! An answer is late if it arrived more than [`LATE`] after its request was due. A late answer is
//! excused if the control, which received a request at the same moment from the same client, had a
//! late answer to a request that was due at most [`WINDOW`] before or after, and if the delay minus
//! that of the control is not late. So an answer after 900 ms is not excused by one of the control
//! after 150 ms. A request without an answer is never excused.
//!
//! Tests: in this file.

use std::cmp::Reverse;
use std::time::Duration;

use super::rhythm::TimedRequest;
use crate::load::percentile;

pub(super) const LATE: Duration = Duration::from_millis(100);

const WINDOW: Duration = Duration::from_millis(100);

/// The number of latest answers that are reported.
const LATEST: usize = 8;

/// The results of all requests to `good`.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    pub(super) requests: usize,
    /// Due time of each unanswered request, and the reason for the failure.
    pub(super) lost: Vec<String>,
    pub(super) late: usize,
    /// The number of late answers that the control excuses.
    pub(super) excused: usize,
    /// The latest answers without an excuse: when they were due, and how long they took.
    pub(super) latest: Vec<(Duration, Duration)>,
    pub(super) good: LatencySpread,
    pub(super) control: LatencySpread,
    /// The number of requests that the control did not answer, which should be zero.
    pub(super) control_lost: usize,
}

/// Percentiles of the latencies of a process.
#[derive(Debug, Default)]
pub(super) struct LatencySpread {
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    pub(super) p999: Duration,
    pub(super) max: Duration,
}

impl Latencies {
    /// Compares the answers of `good` with those of the control. Both must be in the order in which
    /// they were due.
    pub(super) fn compare(good: &[TimedRequest], control: &[TimedRequest]) -> Self {
        let lost = good.iter().filter_map(|asked| {
            let why = asked.took.as_ref().err()?;
            Some(format!("after {:.1?}: {why}", asked.due))
        });
        let late = good
            .iter()
            .filter_map(|asked| Some((asked.due, latency_of(asked).filter(is_late)?)));
        let late: Vec<(Duration, Duration)> = late.collect();
        let mut latest = late.clone();
        latest.retain(|(due, took)| !is_excused(*due, *took, control));
        let excused = late.len() - latest.len();
        latest.sort_by_key(|(_, took)| Reverse(*took));
        latest.truncate(LATEST);
        Self {
            requests: good.len(),
            lost: lost.collect(),
            late: late.len(),
            excused,
            latest,
            good: LatencySpread::from_requests(good),
            control: LatencySpread::from_requests(control),
            control_lost: control.iter().filter(|asked| asked.took.is_err()).count(),
        }
    }

    /// Returns the share of requests that were answered in time or have an excuse, from 0 to 1.
    pub(super) fn in_time(&self) -> f64 {
        let late = self.lost.len() + self.late - self.excused;
        1.0 - late as f64 / self.requests.max(1) as f64
    }
}

impl LatencySpread {
    fn from_requests(all: &[TimedRequest]) -> Self {
        let mut took: Vec<Duration> = all.iter().filter_map(latency_of).collect();
        let mut at = |share| percentile(&mut took, share);
        Self {
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: at(1.0),
        }
    }
}

fn latency_of(asked: &TimedRequest) -> Option<Duration> {
    asked.took.as_ref().ok().copied()
}

fn is_late(took: &Duration) -> bool {
    *took > LATE
}

fn is_excused(due: Duration, took: Duration, control: &[TimedRequest]) -> bool {
    let first = control.partition_point(|asked| asked.due + WINDOW < due);
    let near = control[first..]
        .iter()
        .take_while(|asked| asked.due <= due + WINDOW);
    let longest = near.filter_map(latency_of).filter(is_late).max();
    longest.is_some_and(|longest| !is_late(&took.saturating_sub(longest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD_MS: u64 = 10;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Returns a hundred requests that were answered after 1 ms, except for `others`.
    fn asked(others: &[(u64, Result<Duration, String>)]) -> Vec<TimedRequest> {
        let took = |number: u64| {
            let other = others.iter().find(|(other, _)| *other == number);
            other.map_or(Ok(ms(1)), |(_, took)| took.clone())
        };
        (0..100)
            .map(|number| TimedRequest {
                due: ms(number * PERIOD_MS),
                took: took(number),
            })
            .collect()
    }

    fn excused(good: (u64, u64), control: (u64, u64)) -> usize {
        let late = |(number, took)| asked(&[(number, Ok(ms(took)))]);
        let latencies = Latencies::compare(&late(good), &late(control));
        assert_eq!(latencies.late, 1);
        latencies.excused
    }

    #[test]
    fn a_late_answer_is_excused_if_the_control_was_as_late_at_that_time() {
        assert_eq!(excused((50, 300), (50, 250)), 1);
        assert_eq!(excused((50, 300), (41, 201)), 1);
        assert_eq!(excused((50, 300), (60, 201)), 1);
    }

    #[test]
    fn a_late_answer_is_not_excused_if_the_control_was_in_time_or_late_at_another_time() {
        assert_eq!(excused((50, 101), (50, 100)), 0);
        assert_eq!(excused((50, 300), (39, 900)), 0);
        assert_eq!(excused((50, 300), (61, 900)), 0);
    }

    #[test]
    fn a_late_answer_is_not_excused_beyond_the_delay_of_the_control() {
        assert_eq!(excused((50, 900), (50, 150)), 0);
    }

    #[test]
    fn an_unanswered_request_is_lost_even_if_the_control_was_late() {
        let good = asked(&[(7, Err("reset".into())), (50, Ok(ms(900)))]);
        let latencies = Latencies::compare(
            &good,
            &asked(&[(7, Err("timed out".into())), (50, Ok(ms(900)))]),
        );
        assert_eq!(latencies.lost, ["after 70.0ms: reset"]);
        assert_eq!(
            (latencies.requests, latencies.late, latencies.excused),
            (100, 1, 1)
        );
        assert_eq!(latencies.control_lost, 1);
        assert!((latencies.in_time() - 0.99).abs() < 1e-9);
    }

    #[test]
    fn excused_answers_do_not_count_as_late() {
        let good = asked(&[(10, Ok(ms(101))), (50, Ok(ms(500))), (51, Ok(ms(490)))]);
        let latencies = Latencies::compare(&good, &asked(&[(50, Ok(ms(480)))]));
        assert_eq!((latencies.late, latencies.excused), (3, 2));
        assert_eq!(latencies.latest, [(ms(100), ms(101))]);
        assert!((latencies.in_time() - 0.99).abs() < 1e-9);
        assert_eq!((latencies.good.p50, latencies.good.max), (ms(1), ms(500)));
    }
}
