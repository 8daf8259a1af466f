//! The operator's commands: queries the status of `bad` every second, and every few seconds revokes
//! its grants, removes it and deploys it again.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use super::bait::Bait;
use super::host_process::{HostProcess, Ran};

/// Time within which `status`, `revoke` and `remove` must return. A deployment is removed once its
/// calls have ended; those of `bad` end within a second.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Time between two status queries.
const LOOK: Duration = Duration::from_secs(1);

/// The number of queries in a round; one of them is followed by a revocation and the next by a
/// removal.
const ROUND: u32 = 6;
const REVOKED_AT: u32 = 3;
const REMOVED_AT: u32 = 4;

/// Statistics about one kind of command.
#[derive(Debug, Default)]
pub(super) struct Commands {
    pub(super) count: u32,
    pub(super) longest: Duration,
    /// The failures of those that failed.
    pub(super) failures: Vec<String>,
}

/// The operator's commands by name.
pub(super) type Operated = BTreeMap<&'static str, Commands>;

pub(super) fn operate(process: &HostProcess, bait: &Bait, until: Instant) -> Operated {
    let mut operated = Operated::new();
    for look in 1.. {
        thread::sleep(LOOK);
        if Instant::now() >= until {
            break;
        }
        note(&mut operated, "status", 0, process.run(&["status", "bad"]));
        match look % ROUND {
            REVOKED_AT => {
                note(
                    &mut operated,
                    "revoke",
                    0,
                    process.run(&["caps", "revoke", "bad", Bait::revoked()]),
                );
            }
            REMOVED_AT => {
                note(&mut operated, "remove", 0, process.run(&["remove", "bad"]));
                // The deployment no longer exists.
                note(&mut operated, "status", 3, process.run(&["status", "bad"]));
                let deployed = process.deploy_bad(bait).unwrap_or_else(|ran| ran);
                note(&mut operated, "deploy", 0, deployed);
            }
            _ => {}
        }
    }
    operated
}

fn note(operated: &mut Operated, name: &'static str, code: i32, ran: Ran) {
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
