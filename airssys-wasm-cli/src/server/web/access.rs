//! The access log: one line of JSON per request.
//!
//! A separate thread writes the lines. If the disk cannot keep up, lines are lost, but requests are
//! not slowed down.
//!
//! Tests: `airssys-wasm-cli/tests/cli/web.rs`.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use airssys_wasm_host::ComponentName;
use airssys_wasm_host::http::AccessRecord;
use serde::Serialize;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};

use crate::api::Problem;
use crate::output::{safe_json, standard_output};

/// A writer of the access log.
pub(super) struct AccessLogWriter {
    writer: NonBlocking,
    /// Writes the queued lines when dropped.
    _guard: WorkerGuard,
}

/// A line of the access log.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct AccessLine<'a> {
    at: String,
    peer: String,
    http: String,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    path: &'a str,
    /// The response's status; `None` if the client disconnected before there was a response.
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    bytes: u64,
    milliseconds: f64,
    /// `true` if the whole response was sent.
    whole: bool,
}

impl AccessLogWriter {
    /// Opens a file for appending; `-` is standard output.
    pub(super) fn open(path: &Path) -> Result<Self, Problem> {
        let (writer, guard) = if path == Path::new("-") {
            tracing_appender::non_blocking(standard_output())
        } else {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(path);
            tracing_appender::non_blocking(
                file.map_err(|error| Problem::from_file_error("write", path, error))?,
            )
        };
        Ok(Self {
            writer,
            _guard: guard,
        })
    }

    pub(super) fn write(&self, access: &AccessRecord) {
        // Cannot fail: it consists of strings and numbers.
        let mut line =
            safe_json(&serde_json::to_string(&AccessLine::from_access(access)).unwrap_or_default());
        line.push('\n');
        // Queues the line; a full queue drops it.
        let _ = self.writer.clone().write_all(line.as_bytes());
    }
}

impl<'a> AccessLine<'a> {
    fn from_access(access: &'a AccessRecord) -> Self {
        let served = access.served.as_ref();
        Self {
            at: humantime::format_rfc3339_millis(access.time).to_string(),
            peer: access.peer.to_string(),
            http: format!("{:?}", access.version),
            method: access.method.as_str(),
            host: access.host.as_deref(),
            path: &access.path,
            status: access.status.map(|status| status.as_u16()),
            component: access.deployment.as_ref().map(ComponentName::as_str),
            revision: served.map(|served| served.revision),
            version: served
                .and_then(|served| served.version.as_ref())
                .map(ToString::to_string),
            bytes: access.bytes,
            milliseconds: access.duration.as_micros() as f64 / 1_000.0,
            whole: access.is_complete,
        }
    }
}
