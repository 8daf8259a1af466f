//! A decision with a hundred grants and as many requests, of which only the last match.

use airssys_wasm_core::policy::{FileAccess, Grants, HttpTarget, Operation, Policy};
use airssys_wasm_core::{Need, Requests, Rule};

use crate::measure::{alternate, on_one_thread};
use crate::report::Row;

/// Maximum time of a decision in nanoseconds.
const GOAL: f64 = 1_000.0;

pub(crate) fn rows() -> Vec<Row> {
    let file = Operation::File {
        access: FileAccess::Read,
        path: "/data/part99/a.csv".into(),
    };
    let target = HttpTarget::parse("GET", "https://api99.example.com/v1/users").expect("a URL");
    let http = Operation::Http {
        target,
        addresses: Vec::new(),
    };
    vec![
        row(
            "a decision about a file, 100 grants",
            |n| format!("file-read /data/part{n}"),
            &file,
        ),
        row(
            "a decision about a request, 100 grants",
            |n| format!("http GET https://api{n}.example.com/v1/**"),
            &http,
        ),
    ]
}

fn row(name: &'static str, rule: impl Fn(u32) -> String, operation: &Operation) -> Row {
    let rules: Vec<Rule> = (0..100).map(|n| rule(n).parse().expect("a rule")).collect();
    let grants = rules.iter().cloned().fold(Grants::new(), Grants::with_rule);
    let requests: Requests = rules
        .into_iter()
        .map(|rule| (rule, Need::Required))
        .collect();
    let policy = Policy::new(requests, grants);
    assert!(
        policy.decide(operation, 0).is_allowed(),
        "the last rule matches"
    );
    let (ours, _) = on_one_thread(alternate(
        1_000,
        async || assert!(policy.decide(operation, 0).is_allowed()),
        async || {},
    ));
    Row::from_times(name, "none", "the goal itself: 1 us", (ours, GOAL), 1.0)
}
