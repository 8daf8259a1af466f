//! The operator's commands: queries the status of `bad` every second, and every few seconds revokes
//! its grants, removes it and deploys it again.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use super::bait::Bait;
use super::host_process::{CommandOutcome, HostProcess};

/// Time within which `status`, `revoke` and `remove` must return. A deployment is removed once its
/// calls have ended; those of `bad` end within a second.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Time between two status queries.
const QUERY_PERIOD: Duration = Duration::from_secs(1);

/// The number of queries in a round; one of them is followed by a revocation and the next by a
/// removal.
const QUERIES_PER_ROUND: u32 = 6;
const REVOKED_AT: u32 = 3;
const REMOVED_AT: u32 = 4;

/// Statistics about one kind of command.
#[derive(Debug, Default)]
pub(super) struct CommandStats {
    pub(super) count: u32,
    pub(super) longest: Duration,
    /// The failures of those that failed.
    pub(super) failures: Vec<String>,
}

/// The operator's commands by name.
pub(super) type OperatorStats = BTreeMap<&'static str, CommandStats>;

pub(super) fn operate(process: &HostProcess, bait: &Bait, until: Instant) -> OperatorStats {
    let mut operated = OperatorStats::new();
    for look in 1.. {
        thread::sleep(QUERY_PERIOD);
        if Instant::now() >= until {
            break;
        }
        record(&mut operated, "status", 0, process.run(&["status", "bad"]));
        match look % QUERIES_PER_ROUND {
            REVOKED_AT => {
                record(
                    &mut operated,
                    "revoke",
                    0,
                    process.run(&["caps", "revoke", "bad", Bait::revoked_rule()]),
                );
            }
            REMOVED_AT => {
                record(&mut operated, "remove", 0, process.run(&["remove", "bad"]));
                // The deployment no longer exists.
                record(&mut operated, "status", 3, process.run(&["status", "bad"]));
                let deployed = process.deploy_bad(bait).unwrap_or_else(|ran| ran);
                record(&mut operated, "deploy", 0, deployed);
            }
            _ => {}
        }
    }
    operated
}

fn record(operated: &mut OperatorStats, name: &'static str, code: i32, ran: CommandOutcome) {
    let commands = operated.entry(name).or_default();
    commands.count += 1;
    commands.longest = commands.longest.max(ran.took);
    if ran.code != Some(code) {
        let is = ran
            .code
            .map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        commands
            .failures
            .push(format!("ended with {is} instead of {code}: {}", ran.stderr));
    }
}
