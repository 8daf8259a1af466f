//! Lookups in the table of deployments, which restore what is asleep.
//!
//! A restore holds the turn of its deployment, so that callers of one name wait for one restore, and
//! no lock of the table.
//!
//! Tests: in this file, `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_core::{ComponentName, Limits};

use super::deployments::{DeploymentTable, find_entry, unknown_name_error};
use crate::clock::{Clock, Ticks};
use crate::deployment::DeploymentEntry;
use crate::observe::Event;
use crate::restore::{
    RestoredDeployments, SleepingDeployment, SleepingDeployments, restore_together,
};
use crate::{Error, Result};

/// A deployment that was found in the table.
pub(crate) enum FoundDeployment {
    Awake(Arc<DeploymentEntry>),
    Asleep(PendingRestore),
}

/// A deployment that must be restored before it can be used.
pub(crate) struct PendingRestore {
    table: Arc<DeploymentTable>,
    name: ComponentName,
    sleeping: Arc<SleepingDeployment>,
}

impl DeploymentTable {
    /// Returns a deployment, restored on a blocking thread if it is asleep.
    pub(crate) async fn find(self: &Arc<Self>, name: &str) -> Result<Arc<DeploymentEntry>> {
        match self.look_up(name)? {
            FoundDeployment::Awake(deployment) => Ok(deployment),
            FoundDeployment::Asleep(pending) => pending.restore().await,
        }
    }

    /// Returns a deployment. Blocks while it is restored, if it is asleep.
    pub(crate) fn get(self: &Arc<Self>, name: &str) -> Result<Arc<DeploymentEntry>> {
        match self.look_up(name)? {
            FoundDeployment::Awake(deployment) => Ok(deployment),
            FoundDeployment::Asleep(pending) => {
                let failures = pending.sleeping.failure_count();
                self.restore(&pending.name, &pending.sleeping, failures)
            }
        }
    }

    /// Returns a deployment as it is now.
    pub(crate) fn look_up(self: &Arc<Self>, name: &str) -> Result<FoundDeployment> {
        if let Some(found) = find_entry(&self.awake.0.read(), name) {
            return found.map(FoundDeployment::Awake);
        }
        let asleep = self.asleep.lock();
        let known = name.parse::<ComponentName>().ok();
        if let Some((name, sleeping)) = known.and_then(|name| asleep.get_key_value(&name)) {
            return Ok(FoundDeployment::Asleep(PendingRestore {
                table: Arc::clone(self),
                name: name.clone(),
                sleeping: Arc::clone(sleeping),
            }));
        }
        // Another caller may have restored it meanwhile.
        let awake = self.awake.0.read();
        find_entry(&awake, name)
            .unwrap_or_else(|| Err(unknown_name_error(name, &asleep, &awake)))
            .map(FoundDeployment::Awake)
    }

    /// Returns every deployment that can serve. Those that are asleep are restored on a blocking
    /// thread.
    pub(crate) async fn all(self: &Arc<Self>) -> Result<Vec<Arc<DeploymentEntry>>> {
        if !self.is_restored() {
            let table = Arc::clone(self);
            let restore = move || {
                while table.wake_next() {}
                Ok(())
            };
            self.services.run_restore(restore).await?;
        }
        Ok(self.awake())
    }

    /// Returns `true` if a restore of every deployment has been tried.
    pub(crate) fn is_restored(&self) -> bool {
        let asleep = self.asleep.lock();
        !asleep.values().any(|sleeping| sleeping.is_untried())
    }

    /// Restores the next sleeping deployment that has not been tried. Returns `false` if there is
    /// none. Blocks.
    pub(crate) fn wake_next(&self) -> bool {
        let asleep = self.asleep.lock();
        let next = asleep.iter().find(|(_, sleeping)| sleeping.is_untried());
        let next = next.map(|(name, sleeping)| (name.clone(), Arc::clone(sleeping)));
        drop(asleep);
        if let Some((name, sleeping)) = &next {
            // A failure has been announced.
            let _ = self.restore(name, sleeping, 0);
        }
        next.is_some()
    }

    /// Drops all sleeping deployments, so that none is restored any more. Waits for restores in
    /// progress.
    pub(crate) fn close(&self) {
        self.asleep.lock().clear();
        drop(self.restores.write());
    }

    /// Restores a deployment together with those that share its turn, unless another caller has
    /// restored it, or failed to after the first `failures` failures. Blocks.
    fn restore(
        &self,
        name: &ComponentName,
        sleeping: &Arc<SleepingDeployment>,
        failures: u64,
    ) -> Result<Arc<DeploymentEntry>> {
        let _restore = self.restores.read();
        let _turn = sleeping.turn().thread.lock();
        loop {
            let group = self.group(name, sleeping);
            let failed = sleeping.error_after(name, failures);
            if let Some(error) = failed.filter(|_| !group.is_empty()) {
                return Err(error);
            }
            if group.is_empty() {
                let (asleep, awake) = (self.asleep.lock(), self.awake.0.read());
                return find_entry(&awake, name.as_str())
                    .unwrap_or_else(|| Err(unknown_name_error(name.as_str(), &asleep, &awake)));
            }
            let records: BTreeMap<_, _> = group
                .iter()
                .map(|(name, sleeping)| (name, sleeping.record()))
                .collect();
            let others = match group.values().any(|sleeping| sleeping.has_links()) {
                true => self.awake(),
                false => Vec::new(),
            };
            let outcome = restore_together(&self.services, &records, &others);
            self.publish(&group, outcome);
        }
    }

    /// Returns the deployments that are restored together with this one. Empty if it is not asleep
    /// any more.
    fn group(
        &self,
        name: &ComponentName,
        sleeping: &Arc<SleepingDeployment>,
    ) -> SleepingDeployments {
        let asleep = self.asleep.lock();
        if !is_same(&asleep, name, sleeping) {
            return SleepingDeployments::new();
        }
        let shares_turn = |(_, other): &(&ComponentName, &Arc<SleepingDeployment>)| {
            Arc::ptr_eq(other.turn(), sleeping.turn())
        };
        asleep
            .iter()
            .filter(shares_turn)
            .map(|(name, other)| (name.clone(), Arc::clone(other)))
            .collect()
    }

    /// Replaces sleeping deployments by the restored ones. Does nothing if one of them, or one that
    /// they are linked to, was removed meanwhile.
    fn publish(&self, group: &SleepingDeployments, outcome: RestoredDeployments) {
        let RestoredDeployments { restored, failed } = outcome;
        let _removal = self.removal_lock.lock();
        let has_links = restored
            .iter()
            .all(|deployment| deployment.check_links().is_ok());
        let mut asleep = self.asleep.lock();
        let mut restored_names = restored.iter().map(|deployment| &deployment.name);
        if !has_links || !restored_names.all(|name| is_same(&asleep, name, &group[name])) {
            drop(asleep);
            // Those that import each other would otherwise keep each other alive.
            restored
                .iter()
                .for_each(|deployment| deployment.release_links());
            return;
        }
        let mut awake = self.awake.0.write();
        for deployment in restored {
            asleep.remove(&deployment.name);
            awake.insert(deployment.name.clone(), Some(deployment));
        }
        drop(awake);
        let now = self.services.engines.clock().now();
        let is_asleep = |name: &ComponentName| is_same(&asleep, name, &group[name]);
        let failed: Vec<_> = failed
            .into_iter()
            .filter(|(name, error)| is_asleep(name) && group[name].record_failure(error, now))
            .collect();
        drop(asleep);
        for (name, error) in failed {
            self.announce_failure(name, &error);
        }
    }

    fn announce_failure(&self, deployment: ComponentName, error: &Error) {
        tracing::error!(component = %deployment, %error, "not restored");
        let reason = error.to_string();
        let event = Event::NotRestored { deployment, reason };
        self.services.announcer.announce(event);
    }
}

impl PendingRestore {
    /// Restores the deployment on a blocking thread. Tasks that wait for the same deployment wait
    /// for one restore, and get its error if it fails. Cancel safe: a restore that has begun
    /// completes.
    pub(crate) async fn restore(self) -> Result<Arc<DeploymentEntry>> {
        let Self {
            table,
            name,
            sleeping,
        } = self;
        let failures = sleeping.failure_count();
        let turn = Arc::clone(&sleeping.turn().tasks).lock_owned().await;
        if let Some(error) = sleeping.error_after(&name, failures) {
            return Err(error);
        }
        let services = Arc::clone(&table.services);
        let restore = move || {
            // Held until the restore ends, even if the future was dropped.
            let _turn = turn;
            table.restore(&name, &sleeping, failures)
        };
        services.run_restore(restore).await
    }
}

#[cfg_attr(
    not(feature = "http"),
    expect(dead_code, reason = "only HTTP requests wait for a limited time")
)]
impl PendingRestore {
    /// Returns the error of the last restore, if it failed in the last second. Requests, which may
    /// be many, do not try again so soon.
    pub(crate) fn recent_error(&self) -> Option<Error> {
        let pause = Ticks::from_duration(Duration::from_secs(1));
        let since = Ticks(self.clock().now().0.saturating_sub(pause.0));
        self.sleeping.error_since(&self.name, since)
    }

    /// Returns the limits of the revision that will be active; `None` if the record has none.
    pub(crate) fn limits(&self) -> Option<Limits> {
        self.sleeping.limits().cloned()
    }

    /// Returns the clock of the host.
    pub(crate) fn clock(&self) -> Arc<Clock> {
        Arc::clone(self.table.services.engines.clock())
    }
}

/// Returns `true` if this deployment is still asleep under its name.
fn is_same(
    asleep: &SleepingDeployments,
    name: &ComponentName,
    sleeping: &Arc<SleepingDeployment>,
) -> bool {
    let known = asleep.get(name);
    known.is_some_and(|known| Arc::ptr_eq(known, sleeping))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::{Sender, channel};
    use std::thread;

    use super::*;
    use crate::state::StateDirectory;
    use crate::{Component, ErrorKind, Host, TestClock};

    fn host(place: &Path, clock: &TestClock) -> Host {
        let host = Host::builder().pooled_instances_max(4).test_clock(clock);
        host.state_directory(place).build().expect("a host")
    }

    fn component() -> Component {
        let bytes = wat::parse_str("(component)").expect("a component");
        Component::from_bytes(bytes).expect("a component")
    }

    async fn sleeping_table(place: &Path) -> (Host, Arc<DeploymentTable>) {
        sleeping_table_with(place, &TestClock::new()).await
    }

    /// Creates a table in which `first` and `second` are asleep. It is not that of the host, whose
    /// thread would restore them.
    async fn sleeping_table_with(place: &Path, clock: &TestClock) -> (Host, Arc<DeploymentTable>) {
        let earlier = host(place, clock);
        for name in ["first", "second"] {
            let deployed = earlier.deploy(component()).name(name).await;
            drop(deployed.expect("deployed"));
        }
        drop(earlier);
        let (state, records) = StateDirectory::open(place).expect("readable");
        drop(state);
        let host = host(place, clock);
        let table = DeploymentTable::new(&host.0.context.services, records.names);
        (host, Arc::new(table))
    }

    fn name(name: &str) -> ComponentName {
        name.parse().expect("a name")
    }

    /// Runs `lock` on a thread of its own, where it holds a lock and calls the function that it is
    /// passed, which returns when the result is dropped.
    fn hold(lock: impl FnOnce(&dyn Fn()) + Send + 'static) -> Sender<()> {
        let ((held, is_held), (release, released)) = (channel(), channel::<()>());
        thread::spawn(move || {
            lock(&|| {
                held.send(()).expect("awaited");
                // Fails when the other end is dropped.
                let _ = released.recv();
            });
        });
        is_held.recv().expect("held");
        release
    }

    /// Holds the turn of `first`, as a restore that compiles does.
    fn hold_first(table: &DeploymentTable) -> Sender<()> {
        let first = Arc::clone(&table.asleep.lock()[&name("first")]);
        hold(move |wait| {
            let _turn = first.turn().thread.lock();
            wait();
        })
    }

    /// Only a component that other deployments may serve waits until all of them are restored.
    #[tokio::test]
    async fn a_component_without_links_is_deployed_while_others_are_restored() {
        let place = tempfile::tempdir().expect("a directory");
        let (host, other) = sleeping_table(place.path()).await;
        let table = Arc::clone(&host.0.context.deployments);
        // Restores that wait until the end of the test.
        let _held = hold({
            let table = Arc::clone(&table);
            move |held| {
                let _restores = table.restores.write();
                held();
            }
        });
        table.asleep.lock().extend(other.asleep.lock().clone());
        let deploy = host.deploy(component()).name("third");
        tokio::time::timeout(Duration::from_secs(60), deploy)
            .await
            .expect("it waits for restores")
            .expect("deployed");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_restore_in_progress_delays_no_other_deployment() {
        let place = tempfile::tempdir().expect("a directory");
        let (_host, table) = sleeping_table(place.path()).await;
        let release = hold_first(&table);
        let waiting = {
            let table = Arc::clone(&table);
            thread::spawn(move || table.get("first").map(drop))
        };
        table.get("second").expect("restored");
        assert_eq!(table.summaries().len(), 2);
        drop(table.reserve(&name("third")).expect("it is free"));
        assert!(!waiting.is_finished());
        drop(release);
        let restored = waiting.join().expect("a thread");
        restored.expect("restored");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_deployment_that_is_removed_while_it_is_restored_stays_removed() {
        let place = tempfile::tempdir().expect("a directory");
        let (_host, table) = sleeping_table(place.path()).await;
        let release = hold_first(&table);
        let restoring = {
            let table = Arc::clone(&table);
            thread::spawn(move || table.get("first").map(drop))
        };
        let removed = table.remove(&["first"], None).expect("removed");
        assert!(removed.is_empty(), "nothing is restored to be removed");
        drop(table.reserve(&name("first")).expect("it is free"));
        drop(release);
        let error = restoring.join().expect("a thread").expect_err("removed");
        assert_eq!(error.kind(), ErrorKind::NotDeployed, "{error}");
        assert!(table.awake().is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_restored_deployment_that_was_removed_meanwhile_is_dropped() {
        let place = tempfile::tempdir().expect("a directory");
        let (_host, table) = sleeping_table(place.path()).await;
        let first = Arc::clone(&table.asleep.lock()[&name("first")]);
        let group = table.group(&name("first"), &first);
        let records = group.iter().map(|(name, it)| (name, it.record()));
        let outcome = restore_together(&table.services, &records.collect(), &[]);
        assert_eq!(outcome.restored.len(), 1);
        table.remove(&["first"], None).expect("removed");
        table.publish(&group, outcome);
        assert!(table.awake().is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_removal_that_is_written_delays_no_lookup() {
        let place = tempfile::tempdir().expect("a directory");
        let (_host, table) = sleeping_table(place.path()).await;
        table.get("second").expect("restored");
        let removing = Arc::clone(&table);
        let release = hold(move |wait| {
            let _removal = removing.removal_lock.lock();
            wait();
        });
        let found = table.look_up("second").expect("deployed");
        assert!(matches!(found, FoundDeployment::Awake(_)));
        drop(table.reserve(&name("third")).expect("it is free"));
        drop(release);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_failure_is_recent_for_a_second_of_the_host_clock() {
        let place = tempfile::tempdir().expect("a directory");
        let clock = TestClock::new();
        let (host, table) = sleeping_table_with(place.path(), &clock).await;
        // A restore needs the state directory.
        let services = &host.0.context.services;
        let state = services.state.swap(None);
        let error = table.get("first").map(drop).expect_err("not restored");
        services.state.store(state);
        let found = table.look_up("first").expect("deployed");
        let FoundDeployment::Asleep(pending) = found else {
            panic!("it was restored");
        };
        let recent = pending.recent_error().expect("just failed");
        assert_eq!(recent.to_string(), error.to_string());
        clock.advance(Duration::from_secs(2));
        while pending.recent_error().is_some() {
            tokio::task::yield_now().await;
        }
        pending.restore().await.expect("tried again");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn tasks_wait_for_one_restore() {
        let place = tempfile::tempdir().expect("a directory");
        let (_host, table) = sleeping_table(place.path()).await;
        let (one, other) = tokio::join!(table.find("first"), table.find("first"));
        let (one, other) = (one.expect("restored"), other.expect("restored"));
        assert!(Arc::ptr_eq(&one, &other));
    }
}
