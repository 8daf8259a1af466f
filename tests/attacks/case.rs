//! Runs a row of the table: the attack and its twin.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use airssys_wasm_host::policy::{Grants, RequestedCapabilities, Shortfall};
use airssys_wasm_host::{
    AuditRecord, Component, Deployment, Instancing, Need, Requests, Rule, Verdict,
};
use airssys_wasm_tests::guests::guest;

use crate::table::Case;
use crate::world::{World, contents, directory};

type AttemptResult = Result<String, String>;

/// The outcome of a row.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The description of what got through, or of another failure of the attack.
    pub(crate) leaked: Option<String>,
    /// The reason why a refusal is not on the record as the row requires.
    pub(crate) unaudited: Option<String>,
    /// The reason why the twin did not succeed.
    pub(crate) twin_failed: Option<String>,
}

/// The rules under which an attempt is made.
struct AttemptSetting<'a> {
    grants: &'a [String],
    deny: &'a [String],
    requests: Option<&'a [String]>,
    revoke: Option<&'a str>,
}

pub(crate) async fn run(world: &World, case: &Case) -> Outcome {
    let mut outcome = Outcome::default();
    if let Err(problem) = attack(world, case, &mut outcome).await {
        outcome.leaked = Some(problem);
    }
    outcome.twin_failed = twin(world, case).await.err();
    outcome
}

/// Returns `Ok` if nothing got through; records a missing audit record in `outcome`.
async fn attack(world: &World, case: &Case, outcome: &mut Outcome) -> Result<(), String> {
    let directory = directory();
    let setting = AttemptSetting {
        grants: &case.grants,
        deny: &case.deny,
        requests: case.requests.as_deref(),
        revoke: case.revoke.as_deref(),
    };
    let deployment = deploy(world, directory.path(), &setting).await?;
    let result = attack_deployed(
        world,
        case,
        &setting,
        &deployment,
        directory.path(),
        outcome,
    )
    .await;
    world
        .host
        .remove(deployment.name().as_str())
        .await
        .map_err(|error| error.to_string())?;
    result
}

async fn attack_deployed(
    world: &World,
    case: &Case,
    setting: &AttemptSetting<'_>,
    deployment: &Deployment,
    directory: &Path,
    outcome: &mut Outcome,
) -> Result<(), String> {
    for first in &case.first {
        attempt(world, deployment, first, directory)
            .await
            .map_err(|told| format!("before the attempt: {told}"))?;
    }
    if let Some(rule) = setting.revoke {
        let rule = world.expand(rule, directory);
        let revoked = deployment.revoke(&rule).await;
        revoked.map_err(|error| error.to_string())?;
    }
    let before = contents(directory);
    let (reached, asked) = (
        world.reached.load(Ordering::SeqCst),
        world.lookups.swap(0, Ordering::SeqCst),
    );
    let _ = asked;
    world.audit.take();
    let swapping = case
        .swap
        .as_ref()
        .map(|name| SwapThread::start(directory.join(name)));
    let attempted = attempt(world, deployment, &case.attempt, directory).await;
    drop(swapping);
    // A datagram that got through would have arrived by then.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let told = match attempted {
        Ok(seen) => return Err(format!("the guest saw {seen:?}")),
        Err(told) => told,
    };
    if case.swap.is_none() && contents(directory) != before {
        return Err(format!(
            "something on disk changed, although the guest received {told:?}"
        ));
    }
    let now = world.reached.load(Ordering::SeqCst) - reached;
    if now != case.reaches {
        return Err(format!(
            "{now} servers were reached, although the guest received {told:?}"
        ));
    }
    let lookups = world.lookups.load(Ordering::SeqCst);
    if lookups != case.lookups {
        return Err(format!(
            "{lookups} names were looked up, although the guest received {told:?}"
        ));
    }
    if case
        .told
        .as_ref()
        .is_some_and(|part| !told.contains(part.as_str()))
    {
        return Err(format!("the guest received {told:?}"));
    }
    let leaks = ["secret", &directory.display().to_string()];
    if leaks.iter().any(|leak| told.contains(*leak)) {
        return Err(format!("the error reveals too much: {told:?}"));
    }
    outcome.unaudited = wait_for_record(world, case, deployment).await;
    Ok(())
}

/// Returns what is missing from the record, after waiting up to 1.5 seconds for aggregated records.
async fn wait_for_record(world: &World, case: &Case, deployment: &Deployment) -> Option<String> {
    let mut records = world.audit.take();
    let mut problem = missing_record(&case.reason, &records, deployment);
    for _ in 0..15 {
        if problem.is_none() || case.reason == "none" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        records.extend(world.audit.take());
        problem = missing_record(&case.reason, &records, deployment);
    }
    problem
}

/// Returns what is missing from the record.
fn missing_record(
    reason: &str,
    records: &[AuditRecord],
    deployment: &Deployment,
) -> Option<String> {
    if reason == "none" {
        let recorded = records.iter().find(|record| record.is_denial());
        return recorded.map(|record| format!("the row names no reason: {}", record.to_json()));
    }
    let fits = |record: &AuditRecord| {
        record.identity.deployment == *deployment.name()
            && matches!(&record.verdict, Verdict::Denied { reason: found } if found.as_str() == reason)
    };
    if records.iter().any(fits) {
        return None;
    }
    let told: Vec<String> = records.iter().map(AuditRecord::to_json).collect();
    Some(format!(
        "no denial because it is {reason:?} among {}",
        told.join(" ")
    ))
}

async fn twin(world: &World, case: &Case) -> Result<(), String> {
    let directory = directory();
    let twin = &case.twin;
    let setting = AttemptSetting {
        grants: twin.grants.as_deref().unwrap_or(&case.grants),
        deny: &twin.deny,
        requests: twin.requests.as_deref(),
        revoke: None,
    };
    let deployment = deploy(world, directory.path(), &setting).await?;
    world.lookups.store(0, Ordering::SeqCst);
    let outcome = async {
        for first in &case.first {
            attempt(world, &deployment, first, directory.path()).await?;
        }
        attempt(
            world,
            &deployment,
            twin.attempt.as_ref().unwrap_or(&case.attempt),
            directory.path(),
        )
        .await
    };
    let outcome = outcome.await;
    world
        .host
        .remove(deployment.name().as_str())
        .await
        .map_err(|error| error.to_string())?;
    let seen = outcome.map_err(|told| {
        let records: Vec<String> = world
            .audit
            .take()
            .iter()
            .map(AuditRecord::to_json)
            .collect();
        format!("the guest received {told:?}: {}", records.join(" "))
    })?;
    if twin
        .sees
        .as_ref()
        .is_some_and(|part| !seen.contains(&world.expand(part, directory.path())))
    {
        return Err(format!("the guest saw {seen:?}"));
    }
    let lookups = world.lookups.load(Ordering::SeqCst);
    match twin.lookups {
        Some(expected) if expected != lookups => Err(format!("{lookups} names were looked up")),
        _ => Ok(()),
    }
}

async fn deploy(
    world: &World,
    directory: &Path,
    setting: &AttemptSetting<'_>,
) -> Result<Deployment, String> {
    let fill = |text: &String| world.expand(text, directory);
    let mut grants = Grants::new().with_shortfall(Shortfall::RunWithLess);
    for rule in setting.grants {
        grants = grants
            .allow(&fill(rule))
            .map_err(|error| error.to_string())?;
    }
    for rule in setting.deny {
        grants = grants
            .deny(&fill(rule))
            .map_err(|error| error.to_string())?;
    }
    let component = probe(
        setting
            .requests
            .map(|requests| requests.iter().map(fill).collect()),
    )?;
    world
        .host
        .deploy(component)
        .grants(grants)
        .instancing(Instancing::Stateful)
        .await
        .map_err(|error| format!("not deployed: {error}"))
}

/// Returns the guest with the requests of a row.
fn probe(requests: Option<Vec<String>>) -> Result<Component, String> {
    let probe = guest("attack-probe");
    let Some(requests) = requests else {
        return Ok(probe);
    };
    let rule = |text: &String| text.parse::<Rule>().map_err(|error| error.to_string());
    let rules: Vec<Rule> = requests.iter().map(rule).collect::<Result<_, _>>()?;
    let requests: Requests = rules
        .into_iter()
        .map(|rule| (rule, Need::Required))
        .collect();
    assert!(
        matches!(probe.requested(), RequestedCapabilities::Unlisted),
        "the probe requests nothing itself"
    );
    Ok(probe.with_requests(requests))
}

async fn attempt(
    world: &World,
    deployment: &Deployment,
    words: &[String],
    directory: &Path,
) -> AttemptResult {
    let function = deployment
        .function::<(String, Vec<String>), (AttemptResult,)>("attempt")
        .map_err(|error| error.to_string())?;
    let mut words = words.iter().map(|word| world.expand(word, directory));
    let what = words.next().ok_or("no attempt")?;
    let (attempted,) = function
        .call((what, words.collect()))
        .await
        .map_err(|error| format!("trap: {error}"))?;
    attempted
}

/// A thread on the host that keeps replacing a file by a link to a secret, and back.
struct SwapThread {
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl SwapThread {
    fn start(path: std::path::PathBuf) -> Self {
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopping = std::sync::Arc::clone(&stop);
        let (plain, link) = (path.with_extension("plain"), path.with_extension("link"));
        if path.is_dir() {
            std::fs::create_dir_all(&plain).expect("a directory");
            std::fs::write(plain.join("secret.txt"), "harmless").expect("a file");
            std::os::unix::fs::symlink("../outside", &link).expect("a link");
            std::fs::remove_dir_all(&path).expect("removed");
        } else {
            std::fs::write(&plain, "harmless").expect("a file");
            std::os::unix::fs::symlink("private/secret.txt", &link).expect("a link");
            std::fs::remove_file(&path).expect("removed");
        }
        let thread = std::thread::spawn(move || {
            while !stopping.load(Ordering::Relaxed) {
                for other in [&plain, &link] {
                    let _ = std::fs::rename(other, &path);
                    let _ = std::fs::rename(&path, other);
                }
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for SwapThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the swapping thread");
        }
    }
}
