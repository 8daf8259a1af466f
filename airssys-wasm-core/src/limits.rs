//! Every limit on a component, in one file, with its reason.
//!
//! Only the numbers and their bounds; the host enforces each.
//! Tests: below; one test a limit, with a guest that goes beyond it, in the
//! workspace's `tests`.

use std::time::Duration;

use thiserror::Error;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const GIB: u64 = 1 << 30;

/// What one deployment may use. Limits are always on: there is no "unlimited",
/// only a larger number.
///
/// ```
/// use std::time::Duration;
/// use airssys_wasm_core::Limits;
///
/// let limits = Limits {
///     memory_bytes_max: 64 << 20,
///     call_deadline: Duration::from_secs(2),
///     ..Limits::default()
/// };
/// assert!(limits.check().is_ok());
/// ```
///
/// With the feature `serde` they have a text of their own, `memory-bytes-max = "64MiB"` and
/// `call-deadline = "2s"` in TOML; what is not said is as by default, and a key that is not
/// known is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields, rename_all = "kebab-case")
)]
pub struct Limits {
    /// Linear memory of an instance, all its memories together, in bytes.
    /// Growing beyond it fails as the guest's own out-of-memory.
    ///
    /// Default 256 MiB: a JavaScript engine settles at 110, a Rust guest needs 2.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_bytes"))]
    pub memory_bytes_max: usize,
    /// Elements of all tables of an instance together.
    ///
    /// Default 100,000: an interpreter's indirect-call table has some 20,000.
    pub table_elements_max: usize,
    /// Core instances, memories and tables inside one instance, each.
    ///
    /// Default 200: `componentize-py` links about 40 libraries as core instances.
    pub core_instances_max: usize,
    /// Handles that an instance holds at once: to resources of the host, of other components
    /// and of its own, to streams, futures and tasks.
    ///
    /// Default 1,000: as many files as a process may usually open.
    pub handles_max: usize,
    /// Bytes that the host copies out of the guest at once: the arguments of one
    /// host call, or the results of one call. Values of a dynamic call count as they
    /// lie in memory, some 40 bytes for each element of a list.
    ///
    /// Default 64 MiB: more than any message that should cross by value.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_bytes"))]
    pub hostcall_bytes_max: usize,
    /// Random bytes that one host call hands out.
    ///
    /// Default 1 MiB: keys have 32 bytes, and filling a gigabyte blocks a thread.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_bytes"))]
    pub random_bytes_max: u64,
    /// Bytes of stdout and stderr that reach the log, each second, for all
    /// instances of a deployment together; what is beyond is counted and dropped.
    ///
    /// Default 64 KiB: five hundred lines a second is more than anyone reads.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_bytes"))]
    pub log_bytes_per_second_max: usize,
    /// Wall-clock time of a call, waiting for an instance and inside host calls
    /// included.
    ///
    /// Default 30 s, at most [`Limits::CALL_DEADLINE_MAX`]: longer than a request
    /// waits, shorter than an operator does.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_duration"))]
    pub call_deadline: Duration,
    /// Fuel of a call, about one unit an instruction.
    ///
    /// Default none: counting costs speed, and the deadline bounds time anyway.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub fuel_per_call: Option<u64>,
    /// Calls in flight at once; more wait for their turn until their deadline.
    ///
    /// Default 1,000: each holds an instance.
    pub concurrent_calls_max: usize,
    /// Operations on blocking threads at once, for all calls of a deployment together: with
    /// files, and lookups of names. More wait, within the deadline of their call. One that is
    /// stuck, on a dead NFS server for example, counts until it returns.
    ///
    /// Default 16: enough to keep a disk busy, and few of the 512 threads that a runtime has.
    pub blocking_operations_max: usize,
    /// Calls that an instance of [`Instancing::Pooled`](crate::Instancing::Pooled) serves before
    /// a fresh one takes its place.
    ///
    /// Default 10,000: starting one anew costs nothing any more, and what leaks ends.
    pub calls_per_instance_max: u64,
    /// Wall-clock time of an HTTP request, from its head to the last byte of its answer. The head
    /// of the answer is there within `call_deadline`.
    ///
    /// Default 5 min, at most [`Limits::CALL_DEADLINE_MAX`]: a body of 1 GiB at 30 Mbit/s.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_duration"))]
    pub http_deadline: Duration,
    /// HTTP requests that wait for their turn; more are answered `503` at once.
    ///
    /// Default 1,000: as many as may run.
    pub http_waiting_max: usize,
    /// Bytes of the body of an HTTP request.
    ///
    /// Default 1 GiB: bodies are streamed, and none lies in memory whole.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_bytes"))]
    pub http_request_bytes_max: u64,
    /// Bytes of the body of the answer to an HTTP request.
    ///
    /// Default 1 GiB.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_bytes"))]
    pub http_response_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 256 * MIB,
            table_elements_max: 100_000,
            core_instances_max: 200,
            handles_max: 1_000,
            hostcall_bytes_max: 64 * MIB,
            random_bytes_max: MIB as u64,
            log_bytes_per_second_max: 64 * KIB,
            call_deadline: Duration::from_secs(30),
            fuel_per_call: None,
            concurrent_calls_max: 1_000,
            blocking_operations_max: 16,
            calls_per_instance_max: 10_000,
            http_deadline: Duration::from_secs(5 * 60),
            http_waiting_max: 1_000,
            http_request_bytes_max: GIB,
            http_response_bytes_max: GIB,
        }
    }
}

/// Limits that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("limits that cannot be kept: {}", problems.join("; "))]
pub struct LimitsError {
    problems: Vec<String>,
}

impl Limits {
    /// The longest deadline, one day: a longer call is a job for something else.
    pub const CALL_DEADLINE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

    /// Checks that a component could run under these limits at all.
    ///
    /// # Errors
    ///
    /// [`LimitsError`] with every limit that is zero or out of its range.
    pub fn check(&self) -> Result<(), LimitsError> {
        let mut problems: Vec<String> = [
            ("memory_bytes_max", self.memory_bytes_max),
            ("table_elements_max", self.table_elements_max),
            ("core_instances_max", self.core_instances_max),
            ("hostcall_bytes_max", self.hostcall_bytes_max),
            ("concurrent_calls_max", self.concurrent_calls_max),
            ("blocking_operations_max", self.blocking_operations_max),
        ]
        .into_iter()
        .filter(|(_, value)| *value == 0)
        .map(|(name, _)| format!("`{name}` is 0"))
        .collect();
        for (name, deadline) in [
            ("call_deadline", self.call_deadline),
            ("http_deadline", self.http_deadline),
        ] {
            if deadline.is_zero() || deadline > Self::CALL_DEADLINE_MAX {
                problems.push(format!("`{name}` is {deadline:?}; write up to a day"));
            }
        }
        if self.calls_per_instance_max == 0 {
            problems.push("`calls_per_instance_max` is 0".into());
        }
        if self.fuel_per_call == Some(0) {
            problems.push("`fuel_per_call` is 0".into());
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(LimitsError { problems })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "serde")]
    #[test]
    fn what_is_written_is_read_and_what_is_unknown_is_refused() {
        let read =
            |text: &str| serde_json::from_str::<Limits>(text).map_err(|error| error.to_string());
        for limits in [
            Limits::default(),
            Limits {
                memory_bytes_max: 1_000,
                random_bytes_max: 0,
                fuel_per_call: Some(7),
                ..Limits::default()
            },
            Limits {
                call_deadline: Duration::from_micros(1_500_001),
                ..Limits::default()
            },
        ] {
            let text = serde_json::to_string(&limits).expect("text");
            assert_eq!(read(&text), Ok(limits), "{text}");
        }
        assert_eq!(read("{}"), Ok(Limits::default()));
        for (text, expected) in [
            (r#"{"memory": "1MiB"}"#, "unknown field `memory`"),
            (r#"{"memory-bytes-max": "1MB"}"#, "64MiB"),
            (r#"{"memory-bytes-max": 1}"#, "expected"),
            (r#"{"call-deadline": "soon"}"#, "30s"),
        ] {
            let problem = read(text).expect_err(text);
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }

    #[test]
    fn reports_every_limit_that_cannot_be_kept() {
        assert_eq!(Limits::default().check(), Ok(()));
        let limits = Limits {
            memory_bytes_max: 0,
            call_deadline: Duration::ZERO,
            ..Limits::default()
        };
        let message = limits.check().expect_err("two zeroes").to_string();
        assert!(message.contains("`memory_bytes_max` is 0"), "{message}");
        assert!(message.contains("`call_deadline` is 0ns"), "{message}");
    }
}
