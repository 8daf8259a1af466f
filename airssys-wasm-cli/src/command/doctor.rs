//! `airssys-wasm doctor`
//!
//! Tests: `airssys-wasm-cli/tests/cli/authors.rs`.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use clap::Args;
use serde::Serialize;

use super::Common;
use crate::api::{About, Overview, Problem, kinds};
use crate::guest::check_target;
use crate::output::{Page, Shown, Table};

/// The free disk space below which a problem is reported, in bytes.
const SPACE_BYTES_LOW: u64 = 1 << 30;

/// Check for problems that prevent building, deploying or serving components
#[derive(Args, Debug)]
pub(super) struct Doctor {}

/// The result of one check.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Finding {
    what: &'static str,
    /// `true` if no problem was found.
    ok: bool,
    told: String,
}

impl Doctor {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let mut findings = vec![
            Finding {
                what: "command",
                ok: true,
                told: format!("airssys-wasm {}", env!("CARGO_PKG_VERSION")),
            },
            cargo(),
            target(),
            directory(&common.state()),
            space(&common.state()),
        ];
        findings.extend(host_process(common).await);
        let wrong = findings.iter().filter(|finding| !finding.ok).count();
        common.output.show(&findings);
        match wrong {
            0 => Ok(()),
            1 => Err(Problem::new(kinds::OTHERWISE, "1 problem found")),
            more => Err(Problem::new(
                kinds::OTHERWISE,
                format!("{more} problems found"),
            )),
        }
    }
}

fn cargo() -> Finding {
    let version = Command::new("cargo").arg("--version").output();
    match version {
        Ok(output) if output.status.success() => Finding {
            what: "cargo",
            ok: true,
            told: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        },
        _ => Finding {
            what: "cargo",
            ok: false,
            told: "not found; install it from https://rustup.rs".into(),
        },
    }
}

fn target() -> Finding {
    match check_target(Path::new(".")) {
        Ok(()) => Finding {
            what: "target",
            ok: true,
            told: "wasm32-wasip2 is installed".into(),
        },
        Err(problem) => Finding {
            what: "target",
            ok: false,
            told: problem.message,
        },
    }
}

/// Checks that the state directory belongs to this user, and that no other user has access.
fn directory(state: &Path) -> Finding {
    let what = "state";
    let shown = state.display();
    match std::fs::metadata(state) {
        Err(_) => Finding {
            what,
            ok: true,
            told: format!("`{shown}` will be created by `airssys-wasm serve`"),
        },
        Ok(metadata) if metadata.uid() != rustix::process::geteuid().as_raw() => Finding {
            what,
            ok: false,
            told: format!("`{shown}` belongs to another user"),
        },
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => Finding {
            what,
            ok: false,
            told: format!("other users have access to `{shown}`; run `chmod 700 {shown}`"),
        },
        Ok(_) => Finding {
            what,
            ok: true,
            told: format!("`{shown}`"),
        },
    }
}

fn space(state: &Path) -> Finding {
    let there = state
        .ancestors()
        .find(|path| path.is_dir())
        .unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(there) {
        Ok(told) => {
            let free = told.f_bavail.saturating_mul(told.f_frsize);
            Finding {
                what: "space",
                ok: free >= SPACE_BYTES_LOW,
                told: format!("{} MiB free", free >> 20),
            }
        }
        Err(error) => Finding {
            what: "space",
            ok: false,
            told: error.to_string(),
        },
    }
}

async fn host_process(common: &Common) -> Vec<Finding> {
    let what = "host process";
    let client = match common.client() {
        Ok(client) => client,
        Err(problem) => {
            return vec![Finding {
                what,
                ok: false,
                told: problem.message,
            }];
        }
    };
    let about: About = match client.get("/v1/about").await {
        Ok(about) => about,
        Err(problem) => {
            return vec![Finding {
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
    let mut findings = vec![Finding {
        what,
        ok: is_same,
        told,
    }];
    if let Ok(overview) = client.get::<Overview>("/v1/deployments").await {
        let broken = overview
            .deployments
            .iter()
            .filter_map(|it| Some((&it.name, it.problem.as_ref()?)));
        let lost = overview.lost.iter().map(|it| (&it.name, &it.problem));
        let told = |(name, problem): (&String, &String)| Finding {
            what: "deployment",
            ok: false,
            told: format!("{name} cannot serve: {problem}"),
        };
        findings.extend(broken.chain(lost).map(told));
    }
    findings
}

impl Shown for Vec<Finding> {
    fn text(&self) -> Page {
        let mut table = Table::new(&["CHECK", "", "DETAIL"]);
        for finding in self {
            let ok = if finding.ok { "ok" } else { "failed" };
            table.row([finding.what.to_owned(), ok.to_owned(), finding.told.clone()]);
        }
        table.page()
    }
}
