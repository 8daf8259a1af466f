//! The settings file of a host process.
//!
//! `settings.example.toml` in this crate's folder documents every key. Options on the command line
//! take precedence over the file.
//!
//! Tests: in this file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use airssys_wasm_core::{Limits, parse_bytes};
use airssys_wasm_host::Budget;
use serde::Deserialize;

use crate::api::Problem;
use crate::files;

/// The contents of a settings file. Unknown keys are rejected.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    pub(crate) state_directory: Option<PathBuf>,
    pub(crate) socket: Option<PathBuf>,
    pub(crate) tcp: Option<SocketAddr>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) tls_certificate: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) access_log: Option<PathBuf>,
    pub(crate) health_path: Option<String>,
    pub(crate) revisions_kept: Option<usize>,
    #[serde(deserialize_with = "duration")]
    pub(crate) drain: Option<Duration>,
    #[serde(alias = "patience", deserialize_with = "client_timeout")]
    pub(crate) client_timeout: Option<Duration>,
    #[serde(deserialize_with = "bytes")]
    pub(crate) memory_budget: Option<u64>,
    pub(crate) deployment_share: Option<u8>,
    #[serde(deserialize_with = "compile_memory")]
    pub(crate) compile_memory: Option<u64>,
    #[serde(deserialize_with = "duration")]
    pub(crate) compile_time: Option<Duration>,
    pub(crate) log: Option<String>,
    pub(crate) log_level: Option<String>,
    pub(crate) limits: Option<Limits>,
}

impl Settings {
    /// Reads a settings file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or parsed; parse errors have a line and a column.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        files::read_toml(path)
    }
}

/// Checks the timeout for clients. Zero would close every connection.
pub(crate) fn check_client_timeout(timeout: Duration) -> Result<Duration, &'static str> {
    if timeout.is_zero() {
        Err("the timeout must be longer than zero, such as `10s`")
    } else {
        Ok(timeout)
    }
}

/// Checks the memory budget of compilers against the minimum that one compiler needs.
pub(crate) fn check_compile_memory(bytes: u64) -> Result<u64, &'static str> {
    if bytes < Budget::COMPILE_MEMORY_BYTES_MIN {
        Err("a compiler needs at least `128MiB`")
    } else {
        Ok(bytes)
    }
}

fn client_timeout<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    duration(from)?
        .map(check_client_timeout)
        .transpose()
        .map_err(serde::de::Error::custom)
}

fn bytes<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    parse_bytes(&String::deserialize(from)?)
        .map(Some)
        .map_err(serde::de::Error::custom)
}

fn compile_memory<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let memory = bytes(from)?;
    memory
        .map(check_compile_memory)
        .transpose()
        .map_err(serde::de::Error::custom)
}

fn duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    humantime::parse_duration(&text).map(Some).map_err(|_| {
        serde::de::Error::custom("expected a duration with a unit, such as `30s` or `5m`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../settings.example.toml");

    #[test]
    fn the_example_has_every_key_and_parses() {
        let all: String = EXAMPLE
            .lines()
            .map(|line| format!("{}\n", line.strip_prefix("#: ").unwrap_or(line)))
            .collect();
        let read: Settings = toml::from_str(&all).expect("the example parses");
        let Settings {
            state_directory,
            socket,
            tcp,
            token_file,
            listen,
            tls_certificate,
            tls_key,
            access_log,
            health_path,
            revisions_kept,
            drain,
            client_timeout,
            memory_budget,
            deployment_share,
            compile_memory,
            compile_time,
            log,
            log_level,
            limits,
        } = read;
        assert!(
            state_directory.is_some()
                && socket.is_some()
                && revisions_kept.is_some()
                && drain.is_some()
        );
        assert!(tcp.is_some() && token_file.is_some() && listen.is_some() && access_log.is_some());
        assert!(tls_certificate.is_some() && tls_key.is_some() && health_path.is_some());
        assert!(memory_budget.is_some() && deployment_share.is_some());
        assert!(compile_memory.is_some() && compile_time.is_some());
        assert!(log.is_some() && log_level.is_some() && client_timeout.is_some());
        assert_eq!(
            limits,
            Some(Limits::default()),
            "the example shows the defaults"
        );
        let limits = serde_json::to_value(Limits {
            fuel_per_call: Some(1),
            ..Limits::default()
        })
        .expect("json");
        for key in limits.as_object().expect("keys").keys() {
            assert!(EXAMPLE.contains(&format!("{key} = ")), "{key}");
        }
    }

    #[test]
    fn an_error_names_the_file_and_the_key() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("settings.toml");
        for (text, expected) in [
            ("sockt = \"x\"", "unknown field `sockt`"),
            ("drain = \"soon\"", "30s"),
            ("client-timeout = \"0s\"", "longer than zero"),
            ("patience = \"0s\"", "longer than zero"),
            ("memory-budget = \"1GB\"", "64MiB"),
            ("revisions-kept = \"many\"", "line 1"),
            ("[limits]\nmemory = 1", "unknown field `memory`"),
        ] {
            std::fs::write(&path, text).expect("written");
            let problem = Settings::read(&path).expect_err(text).to_string();
            assert!(
                problem.contains(expected) && problem.contains("settings.toml"),
                "{problem}"
            );
        }
    }
}
