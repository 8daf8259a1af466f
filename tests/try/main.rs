//! Runs a component with exactly the grants on the command line, and prints every decision.
//!
//! For cases that are not in the attack table; `arguments` lists the options. Prints each decision
//! as a line of JSON, then the result. The component runs with less than it requires, so that its
//! attempts can be observed.

mod arguments;

use std::process::ExitCode;

use airssys_wasm_host::policy::Shortfall;
use airssys_wasm_host::{AuditLog, AuditRecord, Enforcement, Host, Instancing};

use crate::arguments::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => run(arguments).await,
        Err(error) => {
            print_line(&format!("error: {error}\n\n{}", arguments::USAGE));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_line(&format!("error      {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> airssys_wasm_host::Result<()> {
    let host = Host::builder()
        .audit_log(PrintingAuditLog)
        .pooled_instances_max(4)
        .build()?;
    let enforcement = match arguments.audit_only {
        true => Enforcement::AuditOnly,
        false => Enforcement::Enforced,
    };
    let deployment = host
        .deploy(arguments.component)
        .grants(arguments.grants.with_shortfall(Shortfall::RunWithLess))
        .enforcement(enforcement)
        .instancing(Instancing::Stateful)
        .await?;
    let mut outcome = Ok(());
    for (function, values) in &arguments.calls {
        match deployment
            .dynamic_function(function)?
            .call_wave(values)
            .await
        {
            Ok(result) => print_line(&format!("result     {}", result.unwrap_or_default())),
            Err(error) => outcome = Err(error),
        }
    }
    for rule in deployment.learned().unwrap_or_default() {
        print_line(&format!("learned    {rule}"));
    }
    outcome
}

/// Prints each decision.
struct PrintingAuditLog;

impl AuditLog for PrintingAuditLog {
    fn record(&self, record: &AuditRecord) {
        print_line(&format!("audit      {}", record.to_json()));
    }
}

/// Prints a line to standard output.
#[allow(
    clippy::print_stdout,
    reason = "this program's output is what it is for"
)]
fn print_line(line: &str) {
    println!("{line}");
}
