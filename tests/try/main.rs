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
            say(&format!("error: {error}\n\n{}", arguments::USAGE));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error      {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> airssys_wasm_host::Result<()> {
    let host = Host::builder()
        .audit_log(Print)
        .pooled_instances_max(4)
        .build()?;
    let enforcement = match arguments.audit_only {
        true => Enforcement::AuditOnly,
        false => Enforcement::Enforced,
    };
    let deployment = host
        .deploy(arguments.component)
        .grants(arguments.grants.shortfall(Shortfall::RunWithLess))
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
            Ok(result) => say(&format!("result     {}", result.unwrap_or_default())),
            Err(error) => outcome = Err(error),
        }
    }
    for rule in deployment.learned().unwrap_or_default() {
        say(&format!("learned    {rule}"));
    }
    outcome
}

/// Prints each decision.
struct Print;

impl AuditLog for Print {
    fn record(&self, record: &AuditRecord) {
        say(&format!("audit      {}", record.to_json()));
    }
}

/// Prints a line to standard output.
#[allow(
    clippy::print_stdout,
    reason = "this program's output is what it is for"
)]
fn say(line: &str) {
    println!("{line}");
}
