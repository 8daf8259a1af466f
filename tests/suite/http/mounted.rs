//! A component that answers requests without a server.

use airssys_wasm_host::http::HttpService;
use airssys_wasm_host::{Host, Limits};
use http_body_util::BodyExt as _;

use super::client::get_of_host;
use crate::support::{Lines, guest};

/// A service and the log of its guest.
pub(super) struct Mounted {
    pub(super) host: Host,
    service: HttpService,
    pub(super) lines: Lines,
}

impl Mounted {
    pub(super) async fn of(guest_name: &str, limits: Limits) -> Self {
        let lines = Lines::default();
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
        let service = host.http("web").expect("a name");
        Self {
            host,
            service,
            lines,
        }
    }

    pub(super) async fn get(&self, path: &str) -> String {
        let body = self
            .service
            .answer(get_of_host(path))
            .await
            .into_body()
            .collect()
            .await
            .expect("whole")
            .to_bytes();
        String::from_utf8_lossy(&body).into_owned()
    }
}
