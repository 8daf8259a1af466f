//! Metrics of HTTP requests by component, revision and status.
//!
//! Tests: `airssys-wasm-cli/tests/cli/web.rs`.

use airssys_wasm_host::http::AccessRecord;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

type Labels = Vec<(&'static str, String)>;

/// Upper bounds of the buckets for the duration of requests, in seconds.
const DURATION_BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];

/// The counters of HTTP requests since the process started.
#[derive(Debug)]
pub(in crate::server) struct RequestMetrics {
    all: Family<Labels, Counter>,
    bytes: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram, fn() -> Histogram>,
}

impl Default for RequestMetrics {
    fn default() -> Self {
        Self {
            all: Family::default(),
            bytes: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
        }
    }
}

impl RequestMetrics {
    pub(super) fn count(&self, access: &AccessRecord) {
        // Requests without a route share one set of labels: clients can send any path.
        let served = access.served.as_ref();
        let component = access
            .component
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        let revision = served.map_or_else(String::new, |served| served.revision.to_string());
        let class = access
            .status
            .map_or("none", |status| match status.as_u16() {
                ..200 => "1xx",
                200..300 => "2xx",
                300..400 => "3xx",
                400..500 => "4xx",
                500.. => "5xx",
            });
        let component = ("component", component);
        let labels = vec![
            component.clone(),
            ("revision", revision),
            ("status", class.to_owned()),
        ];
        self.all.get_or_create(&labels).inc();
        let labels = vec![component];
        self.bytes.get_or_create(&labels).inc_by(access.bytes);
        self.seconds
            .get_or_create(&labels)
            .observe(access.duration.as_secs_f64());
    }

    /// Registers the metrics.
    pub(in crate::server) fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Finished HTTP requests", self.all.clone());
        registry.register(
            "http_response_bytes",
            "Bytes of HTTP response bodies",
            self.bytes.clone(),
        );
        let help = "Time from the head of a request to the last byte of its response";
        registry.register("http_request_duration_seconds", help, self.seconds.clone());
    }
}
