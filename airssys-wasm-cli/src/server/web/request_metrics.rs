//! Metrics of HTTP requests by component, revision and status.
//!
//! A host process runs for long and deploys many revisions, so the series of those that no longer
//! exist are removed, once they have been read for the last time.
//! Tests: `airssys-wasm-cli/tests/cli/web.rs`.

use std::collections::BTreeSet;

use airssys_wasm_host::http::AccessRecord;
use parking_lot::RwLock;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

type Labels = Vec<(&'static str, String)>;

/// Upper bounds of the buckets for the duration of requests, in seconds.
const DURATION_BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];

/// The counters of HTTP requests since the process started, of the deployments and revisions that
/// exist.
#[derive(Debug)]
pub(in crate::server) struct RequestMetrics {
    /// The series of `all`.
    series: RwLock<BTreeSet<RequestSeries>>,
    all: Family<Labels, Counter>,
    bytes: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram, fn() -> Histogram>,
}

/// A time series of requests: one for each combination of these labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::server) struct RequestSeries {
    /// The deployment; empty for requests without a route.
    pub(in crate::server) component: String,
    /// The number of the revision; empty for requests that were given to none.
    pub(in crate::server) revision: String,
    status: &'static str,
}

impl RequestSeries {
    fn from_record(access: &AccessRecord) -> Self {
        // Requests without a route share one series: clients can send any path.
        let component = access.deployment.as_ref();
        let served = access.served.as_ref();
        let status = access.status.map(|status| status.as_u16());
        Self {
            component: component.map_or_else(String::new, ToString::to_string),
            revision: served.map_or_else(String::new, |served| served.revision.to_string()),
            status: match status {
                None => "none",
                Some(..200) => "1xx",
                Some(200..300) => "2xx",
                Some(300..400) => "3xx",
                Some(400..500) => "4xx",
                Some(500..) => "5xx",
            },
        }
    }

    fn labels(&self) -> Labels {
        let [component] = component_label(&self.component);
        vec![
            component,
            ("revision", self.revision.clone()),
            ("status", self.status.to_owned()),
        ]
    }
}

fn component_label(component: &str) -> [(&'static str, String); 1] {
    [("component", component.to_owned())]
}

impl Default for RequestMetrics {
    fn default() -> Self {
        Self {
            series: RwLock::default(),
            all: Family::default(),
            bytes: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
        }
    }
}

impl RequestMetrics {
    pub(super) fn count(&self, access: &AccessRecord) {
        let series = RequestSeries::from_record(access);
        {
            // Held while the request is counted, so that no series is created after its removal.
            let known = self.series.read();
            if known.contains(&series) {
                return self.add(&series, access);
            }
        }
        let mut known = self.series.write();
        self.add(&series, access);
        known.insert(series);
    }

    fn add(&self, series: &RequestSeries, access: &AccessRecord) {
        self.all.get_or_create(&series.labels()).inc();
        let labels = component_label(&series.component).to_vec();
        self.bytes.get_or_create(&labels).inc_by(access.bytes);
        self.seconds
            .get_or_create(&labels)
            .observe(access.duration.as_secs_f64());
    }

    /// Returns all series.
    pub(in crate::server) fn series(&self) -> Vec<RequestSeries> {
        self.series.read().iter().cloned().collect()
    }

    /// Removes series, and everything that was counted for the components that no longer exist.
    pub(in crate::server) fn remove(
        &self,
        removed: &[RequestSeries],
        component_exists: impl Fn(&str) -> bool,
    ) {
        let mut known = self.series.write();
        for series in removed {
            known.remove(series);
            self.all.remove(&series.labels());
            if !component_exists(&series.component) {
                let labels = component_label(&series.component).to_vec();
                self.bytes.remove(&labels);
                self.seconds.remove(&labels);
            }
        }
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
