//! Compares calls, pipelines, updates and restarts with bare wasmtime in one run on one machine,
//! and prints ratios.
//!
//! Run with `cargo xtask bench [ROW...]`. Every row has a file in `rows/` that contains our code
//! and the peer's; `bare` sets up the peer. Both get the same guest, inputs, warm-up and reuse, and
//! alternate batch by batch, so that a slow moment of the machine affects both.
#![expect(clippy::print_stdout, reason = "a bench prints")]
#![expect(clippy::print_stderr, reason = "progress goes to stderr")]

mod bare;
mod command;
mod files;
mod large_component;
mod measure;
mod memory;
mod persistent_connection;
mod report;
mod rows;
mod variants;
mod wrk;

use report::Row;

type Bench = fn() -> Vec<Row>;

const BENCHES: [(&str, Bench); 22] = [
    ("typed-call", rows::typed_call::rows),
    ("link", rows::link::rows),
    ("pipeline", rows::pipeline::rows),
    ("hop", rows::hop::rows),
    ("etl", rows::etl::rows),
    ("flat-memory", rows::flat_memory::rows),
    ("fresh-instance", rows::fresh_instance::rows),
    ("threads", rows::threads::rows),
    ("update", rows::update::rows),
    ("rollback", rows::rollback::rows),
    ("tail", rows::tail::rows),
    ("idle-memory", rows::idle_memory::rows),
    ("restart", rows::restart::rows),
    ("file-read", rows::file_read::rows),
    ("http-get", rows::http_get::rows),
    ("web", rows::web::requests_a_second),
    ("web-update", rows::web::during_updates),
    ("web-idle", rows::web::idle_connections),
    ("decision", rows::decision::rows),
    ("spinners", rows::spinners::rows),
    ("deadline", rows::deadline::rows),
    ("compile", rows::compile::rows),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let [rows::web::HOLD, address, connections] =
        wanted.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        return rows::web::hold_connections(address, connections);
    }
    let mut rows = Vec::new();
    for (name, bench) in BENCHES {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            eprintln!("{name} ...");
            rows.extend(bench());
        }
    }
    println!("{}", report::table(&rows));
    if let Some(path) = std::env::var_os("AIRSSYS_BENCH_REPORT") {
        report::write(&rows, path.as_ref());
    }
}
