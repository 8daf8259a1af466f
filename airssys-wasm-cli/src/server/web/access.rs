//! A line of JSON for each request.
//!
//! Lines are written by a thread of their own; a disk that is slower than requests come loses
//! lines, and slows no request. Tests: the crate's `tests/cli/web`.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use airssys_wasm_host::ComponentName;
use airssys_wasm_host::http::Access;
use serde::Serialize;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};

use crate::api::Problem;
use crate::output::{safe_json, standard_output};

pub(super) struct AccessLines {
    writer: NonBlocking,
    /// Dropped, it writes what waits.
    _guard: WorkerGuard,
}

/// A request, as its line tells it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Line<'a> {
    at: String,
    peer: String,
    http: String,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    path: &'a str,
    /// None if the client went away before there was an answer.
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    bytes: u64,
    milliseconds: f64,
    /// Whether the answer came to its end.
    whole: bool,
}

impl AccessLines {
    /// Appends to a file; `-` is standard output.
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
                file.map_err(|error| Problem::of_file("write", path, error))?,
            )
        };
        Ok(Self {
            writer,
            _guard: guard,
        })
    }

    pub(super) fn write(&self, access: &Access) {
        // It has texts and numbers, which JSON can always say.
        let mut line = safe_json(&serde_json::to_string(&Line::of(access)).unwrap_or_default());
        line.push('\n');
        // It is handed to the thread, which takes what it can.
        let _ = self.writer.clone().write_all(line.as_bytes());
    }
}

impl<'a> Line<'a> {
    fn of(access: &'a Access) -> Self {
        let served = access.served.as_ref();
        Self {
            at: humantime::format_rfc3339_millis(access.at).to_string(),
            peer: access.peer.to_string(),
            http: format!("{:?}", access.version),
            method: access.method.as_str(),
            host: access.host.as_deref(),
            path: &access.path,
            status: access.status.map(|status| status.as_u16()),
            component: access.component.as_ref().map(ComponentName::as_str),
            revision: served.map(|served| served.revision),
            version: served
                .and_then(|served| served.version.as_ref())
                .map(ToString::to_string),
            bytes: access.bytes,
            milliseconds: access.took.as_micros() as f64 / 1_000.0,
            whole: access.is_whole,
        }
    }
}
