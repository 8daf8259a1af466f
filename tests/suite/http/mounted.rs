//! A component that answers requests without a server.

use airssys_wasm_host::http::HttpService;
use airssys_wasm_host::{Host, Limits};
use http_body_util::BodyExt as _;

use super::client::absolute_get;
use crate::support::{RecordedLines, guest};

/// A service and the log of its guest.
pub(super) struct MountedService {
    pub(super) host: Host,
    service: HttpService,
    pub(super) lines: RecordedLines,
}

impl MountedService {
    pub(super) async fn deploy(guest_name: &str, limits: Limits) -> Self {
        let lines = RecordedLines::default();
        let host = Host::builder()
            .pooled_instances_max(10)
            .guest_log(lines.clone())
            .build()
            .expect("a host");
        host.deploy(guest(guest_name))
            .name("web")
            .limits(limits)
            .await
            .expect("deployed");
        let service = host.http().service("web").expect("a name");
        Self {
            host,
            service,
            lines,
        }
    }

    pub(super) async fn get(&self, path: &str) -> String {
        let body = self
            .service
            .handle(absolute_get(path))
            .await
            .into_body()
            .collect()
            .await
            .expect("whole")
            .to_bytes();
        String::from_utf8_lossy(&body).into_owned()
    }
}
