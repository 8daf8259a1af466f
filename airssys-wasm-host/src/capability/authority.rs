//! The authority of a revision while it runs: asked before every operation, and changed by
//! revocations.
//!
//! `airssys-wasm-core` makes the decision. This file adds the identity of the caller, the clock,
//! the audit log, and permits that can be revoked.
//! Tests: `tests/suite/capabilities`.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::{
    Decision, DenialReason, Enforcement, Explanation, Operation, Policy, RequestedCapabilities,
};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::clock::run_until_deadline;
use crate::clock::{Clock, Ticks};
use crate::observe::{AuditRecord, AuditTrail, CallId, Identity, Verdict};

/// The largest number of learned rules; a longer list would not be reviewed.
const LEARNED_RULES_MAX: usize = 1_000;

/// The authority of a revision, shared by its instances.
pub(crate) struct Authority {
    pub(crate) identity: Arc<Identity>,
    policy: ArcSwap<Policy>,
    /// The number of policy changes; a permit of an earlier generation is checked again.
    generation: AtomicU64,
    changed: Notify,
    audit: Arc<AuditTrail>,
    clock: Arc<Clock>,
    /// The number of this revision's latest audit record.
    last_record: AtomicU64,
    learned: Option<Mutex<BTreeSet<Rule>>>,
}

/// A positive decision, checked again once the policy changes or the grant expires.
#[derive(Clone, Debug)]
pub(crate) struct Permit {
    // Shared, because every use of the opened resource carries its permit.
    operation: Arc<Operation>,
    rule: Arc<Rule>,
    generation: u64,
    until: Option<u64>,
    /// Set where symbolic links were followed to reach the resource; becomes `true` once grants
    /// differ by path there. Other grants may then apply to the resource than to the path that was
    /// checked.
    is_fine_grained: Option<Arc<AtomicBool>>,
}

impl Permit {
    fn new(
        operation: Arc<Operation>,
        rule: Arc<Rule>,
        generation: u64,
        until: Option<u64>,
    ) -> Self {
        Self {
            operation,
            rule,
            generation,
            until,
            is_fine_grained: None,
        }
    }

    pub(crate) fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Returns the grant that allows the operation.
    pub(crate) fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Marks the permit as one for a resource that symbolic links may have led to. It ends once
    /// `is_fine_grained` is `true`.
    pub(crate) fn through_symlinks(self, is_fine_grained: &Arc<AtomicBool>) -> Self {
        Self {
            is_fine_grained: Some(Arc::clone(is_fine_grained)),
            ..self
        }
    }

    fn is_path_uncertain(&self) -> bool {
        self.is_fine_grained
            .as_ref()
            .is_some_and(|is_fine_grained| is_fine_grained.load(Ordering::Acquire))
    }
}

impl Authority {
    pub(crate) fn new(
        identity: Identity,
        policy: Policy,
        enforcement: Enforcement,
        audit: Arc<AuditTrail>,
        clock: Arc<Clock>,
    ) -> Arc<Self> {
        let (policy, learned) = match enforcement {
            Enforcement::Enforced => (policy, None),
            Enforcement::AuditOnly => (
                Policy::with_requested(RequestedCapabilities::Unlisted, policy.grants().clone()),
                Some(Mutex::default()),
            ),
        };
        Arc::new(Self {
            identity: Arc::new(identity),
            policy: ArcSwap::from_pointee(policy),
            generation: AtomicU64::new(0),
            changed: Notify::new(),
            audit,
            clock,
            last_record: AtomicU64::new(0),
            learned,
        })
    }

    /// Decides whether an operation is allowed, and records the decision.
    pub(crate) fn ask(
        &self,
        operation: Operation,
        call: CallId,
    ) -> Result<Permit, Box<DenialReason>> {
        let (operation, generation, decision) = self.decide(operation);
        let (rule, until) = self.record_decision(decision, &operation, call)?;
        Ok(Permit::new(operation, rule, generation, until))
    }

    /// Returns a permit if the operation is allowed. Records the decision only in that case.
    pub(crate) fn ask_unless_denied(&self, operation: Operation, call: CallId) -> Option<Permit> {
        let (operation, generation, decision) = self.decide(operation);
        if !decision.is_allowed() {
            return None;
        }
        let (rule, until) = self.record_decision(decision, &operation, call).ok()?;
        Some(Permit::new(operation, rule, generation, until))
    }

    /// Returns the time against which grants expire, in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.clock.unix_seconds()
    }

    /// Decides an operation, and returns the generation of the policy that decided it.
    fn decide(&self, operation: Operation) -> (Arc<Operation>, u64, Decision) {
        // Loaded before the policy, so that a change in between is noticed.
        let generation = self.generation.load(Ordering::Acquire);
        let decision = self.policy.load().decide(&operation, self.now());
        (Arc::new(operation), generation, decision)
    }

    /// Records a decision. In audit-only mode, learns the rule that it needed.
    fn record_decision(
        &self,
        decision: Decision,
        operation: &Arc<Operation>,
        call: CallId,
    ) -> Result<(Arc<Rule>, Option<u64>), Box<DenialReason>> {
        match decision {
            Decision::Allowed { rule, until } => {
                self.learn(operation, &rule);
                self.record(
                    operation,
                    Verdict::Allowed {
                        rule: Arc::clone(&rule),
                    },
                    call,
                );
                Ok((rule, until))
            }
            Decision::Denied(reason) => {
                self.record(
                    operation,
                    Verdict::Denied {
                        reason: reason.clone(),
                    },
                    call,
                );
                Err(Box::new(reason))
            }
        }
    }

    /// Returns the permit for a resource that the guest receives without opening it. Records
    /// nothing; each use of the permit is recorded.
    pub(crate) fn permit_unrecorded(&self, operation: Operation) -> Option<Permit> {
        let (operation, generation, decision) = self.decide(operation);
        match decision {
            Decision::Allowed { rule, until } => {
                Some(Permit::new(operation, rule, generation, until))
            }
            Decision::Denied(_) => None,
        }
    }

    /// Decides an operation of an embedder's kind, and records the decision. `allows` returns
    /// `true` if the words of a rule cover the operation.
    pub(crate) fn ask_custom(
        &self,
        operation: Operation,
        allows: &dyn Fn(&str) -> bool,
        call: CallId,
    ) -> Result<(), Box<DenialReason>> {
        let decision = self
            .policy
            .load()
            .decide_custom(&operation, allows, self.now());
        self.record_decision(decision, &Arc::new(operation), call)
            .map(drop)
    }

    /// Returns `true` if an operation would be allowed. Records nothing.
    pub(crate) fn would_allow(&self, operation: &Operation) -> bool {
        self.policy
            .load()
            .decide(operation, self.now())
            .is_allowed()
    }

    /// Records the denial of an operation for a reason that a capability found.
    pub(crate) fn refuse(&self, operation: &Operation, reason: DenialReason, call: CallId) {
        self.record(
            &Arc::new(operation.clone()),
            Verdict::Denied { reason },
            call,
        );
    }

    /// Returns `true` if a permit still holds, and renews it if the policy has changed. Records a
    /// denial otherwise.
    pub(crate) fn still_allows(&self, permit: &mut Permit, call: CallId) -> bool {
        match self.renew(permit) {
            Ok(()) => true,
            Err(reason) => {
                self.refuse(permit.operation(), *reason, call);
                false
            }
        }
    }

    /// Renews a permit if the policy has changed. Records nothing.
    ///
    /// # Errors
    ///
    /// The reason for which the permit no longer holds.
    pub(crate) fn renew(&self, permit: &mut Permit) -> Result<(), Box<DenialReason>> {
        let generation = self.generation.load(Ordering::Acquire);
        if permit.generation == generation && permit.until.is_none_or(|until| self.now() < until) {
            return Ok(());
        }
        match self.policy.load().decide(permit.operation(), self.now()) {
            Decision::Allowed { .. } if permit.is_path_uncertain() => {
                let problem = "was reached where symbolic links were followed; they no longer are";
                Err(Box::new(DenialReason::LeavesGrant {
                    problem: problem.into(),
                }))
            }
            Decision::Allowed { rule, until } => {
                permit.rule = rule;
                (permit.generation, permit.until) = (generation, until);
                Ok(())
            }
            Decision::Denied(reason) => Err(Box::new(reason)),
        }
    }

    /// Waits until a permit no longer holds, and records the denial. Cancel safe.
    pub(crate) async fn until_denied(&self, permit: &mut Permit, call: CallId) {
        loop {
            self.until_permit_ends(permit).await;
            if !self.still_allows(permit, call) {
                return;
            }
        }
    }

    /// Waits until a permit may have ended, by a policy change or by its expiry.
    pub(crate) async fn until_permit_ends(&self, permit: &Permit) {
        loop {
            let changed = self.changed.notified();
            if permit.generation != self.generation.load(Ordering::Acquire) {
                return;
            }
            let Some(until) = permit.until else {
                changed.await;
                continue;
            };
            let left = Duration::from_secs(until.saturating_sub(self.now()));
            let end = self
                .clock
                .now()
                .saturating_add(Ticks::from_duration(left))
                .saturating_add(Ticks(1));
            if run_until_deadline(&self.clock, end, pin!(changed))
                .await
                .is_err()
            {
                return;
            }
        }
    }

    /// Changes the grants from now on, for existing permits as well.
    pub(crate) fn change_grants(&self, change: impl Fn(&mut airssys_wasm_core::policy::Grants)) {
        self.policy.rcu(|policy| {
            let mut grants = policy.grants().clone();
            change(&mut grants);
            policy.with_grants(grants)
        });
        self.generation.fetch_add(1, Ordering::Release);
        self.changed.notify_waiters();
    }

    pub(crate) fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    pub(crate) fn explain(&self, operation: &Operation) -> Explanation {
        self.policy.load().explain(operation, self.now())
    }

    /// Returns the smallest set of rules that would have sufficed so far, or `None` unless the mode
    /// is [`Enforcement::AuditOnly`].
    pub(crate) fn learned(&self) -> Option<Vec<Rule>> {
        self.learned
            .as_ref()
            .map(|learned| learned.lock().iter().cloned().collect())
    }

    fn learn(&self, operation: &Operation, granted: &Rule) {
        let Some(learned) = &self.learned else { return };
        let Some(rule) = operation.least_rule_within(granted) else {
            return;
        };
        let mut learned = learned.lock();
        if learned.len() < LEARNED_RULES_MAX && !learned.iter().any(|known| known.covers(&rule)) {
            learned.retain(|known| !rule.covers(known));
            learned.insert(rule);
        }
    }

    /// Returns `true` if the audit log has not yet taken all records of this revision.
    #[inline]
    pub(crate) fn has_pending_records(&self) -> bool {
        let last = self.last_record.load(Ordering::Relaxed);
        // Most components have none, and the log need not be asked.
        last > 0 && !self.audit.has_taken(last)
    }

    /// Waits until the audit log has taken all records of this revision so far. Cancel safe.
    pub(crate) async fn wait_for_records(&self) {
        self.audit
            .wait_until_taken(self.last_record.load(Ordering::Relaxed))
            .await;
    }

    fn record(&self, operation: &Arc<Operation>, verdict: Verdict, call: CallId) {
        let number = self.audit.record(AuditRecord {
            time: SystemTime::now(),
            identity: Arc::clone(&self.identity),
            call,
            operation: Arc::clone(operation),
            verdict,
            count: 1,
        });
        if let Some(number) = number {
            self.last_record.fetch_max(number, Ordering::Relaxed);
        }
    }
}
