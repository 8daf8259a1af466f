//! `airssys-wasm doctor`
//!
//! Tests: `airssys-wasm-cli/tests/cli/authors.rs`.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use clap::Args;
use serde::Serialize;

use super::CommonOptions;
use crate::api::{About, DeploymentList, Problem, kinds};
use crate::guest::check_target;
use crate::output::{Page, Table, TextOutput};

/// The free disk space below which a problem is reported, in bytes.
const FREE_BYTES_MIN: u64 = 1 << 30;

/// Check for problems that prevent building, deploying or serving components
#[derive(Args, Debug)]
pub(super) struct DoctorCommand {}

/// The result of one check.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct CheckResult {
    what: &'static str,
    /// `true` if no problem was found.
    ok: bool,
    told: String,
}

impl DoctorCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let mut findings = vec![
            CheckResult {
                what: "command",
                ok: true,
                told: format!("airssys-wasm {}", env!("CARGO_PKG_VERSION")),
            },
            check_cargo(),
            check_wasm_target(),
            check_state_directory(&common.state()),
            check_disk_space(&common.state()),
        ];
        findings.extend(check_host_process(common).await);
        let wrong = findings.iter().filter(|finding| !finding.ok).count();
        common.output.print(&findings);
        match wrong {
            0 => Ok(()),
            1 => Err(Problem::new(kinds::DIFFERENT, "1 problem found")),
            more => Err(Problem::new(
                kinds::DIFFERENT,
                format!("{more} problems found"),
            )),
        }
    }
}

fn check_cargo() -> CheckResult {
    let version = Command::new("cargo").arg("--version").output();
    match version {
        Ok(output) if output.status.success() => CheckResult {
            what: "cargo",
            ok: true,
            told: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        },
        _ => CheckResult {
            what: "cargo",
            ok: false,
            told: "not found; install it from https://rustup.rs".into(),
        },
    }
}

fn check_wasm_target() -> CheckResult {
    match check_target(Path::new(".")) {
        Ok(()) => CheckResult {
            what: "target",
            ok: true,
            told: "wasm32-wasip2 is installed".into(),
        },
        Err(problem) => CheckResult {
            what: "target",
            ok: false,
            told: problem.message,
        },
    }
}

/// Checks that the state directory belongs to this user, and that no other user has access.
fn check_state_directory(state: &Path) -> CheckResult {
    let what = "state";
    let shown = state.display();
    match std::fs::metadata(state) {
        Err(_) => CheckResult {
            what,
            ok: true,
            told: format!("`{shown}` will be created by `airssys-wasm serve`"),
        },
        Ok(metadata) if metadata.uid() != rustix::process::geteuid().as_raw() => CheckResult {
            what,
            ok: false,
            told: format!("`{shown}` belongs to another user"),
        },
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => CheckResult {
            what,
            ok: false,
            told: format!("other users have access to `{shown}`; run `chmod 700 {shown}`"),
        },
        Ok(_) => CheckResult {
            what,
            ok: true,
            told: format!("`{shown}`"),
        },
    }
}

fn check_disk_space(state: &Path) -> CheckResult {
    let there = state
        .ancestors()
        .find(|path| path.is_dir())
        .unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(there) {
        Ok(told) => {
            let free = told.f_bavail.saturating_mul(told.f_frsize);
            CheckResult {
                what: "space",
                ok: free >= FREE_BYTES_MIN,
                told: format!("{} MiB free", free >> 20),
            }
        }
        Err(error) => CheckResult {
            what: "space",
            ok: false,
            told: error.to_string(),
        },
    }
}

async fn check_host_process(common: &CommonOptions) -> Vec<CheckResult> {
    let what = "host process";
    let client = match common.client() {
        Ok(client) => client,
        Err(problem) => {
            return vec![CheckResult {
                what,
                ok: false,
                told: problem.message,
            }];
        }
    };
    let about: About = match client.get("/v1/about").await {
        Ok(about) => about,
        Err(problem) => {
            return vec![CheckResult {
                what,
                ok: false,
                told: problem.message,
            }];
        }
    };
    let is_same = about.version == env!("CARGO_PKG_VERSION");
    let told = match is_same {
        true => format!(
            "process {}, {} deployments",
            about.process, about.deployments
        ),
        false => {
            format!(
                "version {} differs from that of this command; restart it, or use the matching command",
                about.version
            )
        }
    };
    let mut findings = vec![CheckResult {
        what,
        ok: is_same,
        told,
    }];
    if let Ok(overview) = client.get::<DeploymentList>("/v1/deployments").await {
        let broken = overview
            .deployments
            .iter()
            .filter_map(|it| Some((&it.name, it.problem.as_ref()?)));
        let broken = broken.map(|(name, problem)| CheckResult {
            what: "deployment",
            ok: false,
            told: format!("{name} cannot serve: {problem}"),
        });
        let lost = overview.lost.iter().map(|record| CheckResult {
            what: "state directory",
            ok: false,
            told: record.describe(),
        });
        findings.extend(broken.chain(lost));
    }
    findings
}

impl TextOutput for Vec<CheckResult> {
    fn text(&self) -> Page {
        let mut table = Table::new(&["CHECK", "", "DETAIL"]);
        for finding in self {
            let ok = if finding.ok { "ok" } else { "failed" };
            table.add_row([finding.what.to_owned(), ok.to_owned(), finding.told.clone()]);
        }
        table.to_page()
    }
}
