//! Every limit on a component, with the reason for its default.
//!
//! Defines only the values and their ranges; the host enforces them.
//! Tests: in this file, `tests/suite/limits.rs`.

mod change;

use std::time::Duration;

use thiserror::Error;

pub use change::LimitsChange;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const GIB: u64 = 1 << 30;

/// The limits of one deployment. Limits cannot be disabled, only raised.
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
/// With the feature `serde`, limits have a text form: in TOML, `memory-bytes-max = "64MiB"` and
/// `call-deadline = "2s"`. Missing keys have their defaults; unknown keys are errors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields, rename_all = "kebab-case")
)]
pub struct Limits {
    /// Maximum linear memory of an instance, all its memories together, in bytes. Growing beyond it
    /// fails in the guest as out of memory.
    ///
    /// Defaults to 256 MiB: a JavaScript engine settles at 110, a Rust guest needs 2.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_bytes"))]
    pub memory_bytes_max: usize,
    /// Maximum number of elements of all tables of an instance together.
    ///
    /// Defaults to 100,000: the indirect-call table of an interpreter has some 20,000.
    pub table_elements_max: usize,
    /// Maximum number of core instances, of memories and of tables inside one instance, each.
    ///
    /// Defaults to 200: `componentize-py` links about 40 libraries as core instances.
    pub core_instances_max: usize,
    /// Maximum number of handles that an instance holds at once: to resources (its own, the host's
    /// and those of other components), streams, futures and tasks.
    ///
    /// Defaults to 1,000: the usual number of files that a process may open.
    pub handles_max: usize,
    /// Maximum number of bytes that the host copies out of the guest at once: the arguments of one
    /// host call, or the results of one call. Values of dynamic calls count with their size in
    /// memory, some 40 bytes for each element of a list.
    ///
    /// Defaults to 64 MiB: more than any message that should be passed by value.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_bytes"))]
    pub hostcall_bytes_max: usize,
    /// Maximum number of random bytes that one host call returns.
    ///
    /// Defaults to 1 MiB: keys have 32 bytes, and generating a gigabyte would block a thread.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_bytes"))]
    pub random_bytes_max: u64,
    /// Maximum number of bytes of stdout and stderr that are logged per second, for all instances
    /// of a deployment together. Bytes beyond it are counted and dropped.
    ///
    /// Defaults to 64 KiB: five hundred lines a second is more than anyone reads.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_bytes"))]
    pub log_bytes_per_second_max: usize,
    /// Maximum wall-clock time of a call, including waiting for an instance and time inside host
    /// calls.
    ///
    /// Defaults to 30 s, at most [`Limits::CALL_DEADLINE_MAX`]: longer than a request waits,
    /// shorter than an operator does.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_duration"))]
    pub call_deadline: Duration,
    /// Fuel of a call, about one unit per instruction.
    ///
    /// Defaults to `None`: counting costs speed, and the deadline bounds time anyway.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub fuel_per_call: Option<u64>,
    /// Maximum number of calls in flight; further calls are queued until their deadline.
    ///
    /// Defaults to 1,000: each holds an instance.
    pub concurrent_calls_max: usize,
    /// Maximum number of operations on blocking threads (file operations and name lookups), for all
    /// calls of a deployment together. Further ones are queued, within the deadline of their call.
    /// An operation that hangs, for example on a dead NFS server, counts until it returns.
    ///
    /// Defaults to 16: enough to keep a disk busy, and few of the 512 threads of a runtime.
    pub blocking_operations_max: usize,
    /// Number of calls after which an instance of [`Instancing::Pooled`](crate::Instancing::Pooled)
    /// is replaced by a fresh one.
    ///
    /// Defaults to 10,000: the cost of starting an instance is negligible over that many calls, and
    /// leaks are bounded.
    pub calls_per_instance_max: u64,
    /// Maximum wall-clock time of an HTTP request, from its head to the last byte of the response.
    /// The head of the response is due within `call_deadline`.
    ///
    /// Defaults to 5 min, at most [`Limits::CALL_DEADLINE_MAX`]: a body of 1 GiB at 30 Mbit/s.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_duration"))]
    pub http_deadline: Duration,
    /// Maximum number of queued HTTP requests; further ones are answered `503` immediately.
    ///
    /// Defaults to 1,000: the same as the default number of concurrent calls.
    pub http_waiting_max: usize,
    /// Maximum size of the body of an HTTP request, in bytes.
    ///
    /// Defaults to 1 GiB: bodies are streamed and never held in memory as a whole.
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_bytes"))]
    pub http_request_bytes_max: u64,
    /// Maximum size of the body of an HTTP response, in bytes.
    ///
    /// Defaults to 1 GiB.
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

/// Invalid limits.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("invalid limits: {}", problems.join("; "))]
pub struct LimitsError {
    problems: Vec<String>,
}

impl Limits {
    /// The longest deadline, one day. Longer work does not belong in a single call.
    pub const CALL_DEADLINE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

    /// Checks that a component can run under these limits.
    ///
    /// # Errors
    ///
    /// [`LimitsError`] with every limit that is zero or out of range.
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
                problems.push(format!(
                    "`{name}` is {deadline:?}; it must be longer than zero and at most a day"
                ));
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
    fn serialized_limits_parse_and_unknown_keys_are_rejected() {
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
    fn reports_every_invalid_limit() {
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
