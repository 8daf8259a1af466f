//! Checks from the log alone whether an update kept its promises.

use std::collections::{BTreeMap, HashSet};

use super::{Call, Log, ServingPeriod};

/// The result of checking a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The number of calls.
    pub calls: u64,
    /// The number of calls that ended without an answer of the guest.
    pub dropped: u64,
    /// The number of calls answered by a revision that could not have served them.
    pub wrong_revision: u64,
    /// The number of answers that arrived twice or carried the id of another call.
    pub misdirected: u64,
    /// The number of calls that each revision answered.
    pub answered_by: BTreeMap<String, u64>,
    /// The first violations, for the reader.
    pub examples: Vec<String>,
}

impl Verdict {
    /// Returns `true` if every promise was kept.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        (self.dropped, self.wrong_revision, self.misdirected) == (0, 0, 0)
    }

    fn example(&mut self, call: &Call, what: &str) {
        if self.examples.len() < 5 {
            self.examples.push(format!("{what}: {call:?}"));
        }
    }
}

/// Checks every call against the serving periods.
#[must_use]
pub fn check(log: &Log) -> Verdict {
    let mut verdict = Verdict {
        calls: log.calls.len() as u64,
        ..Verdict::default()
    };
    let mut seen = HashSet::with_capacity(log.calls.len());
    for call in &log.calls {
        match &call.outcome {
            Err(_) => {
                verdict.dropped += 1;
                verdict.example(call, "dropped");
            }
            Ok((revision, id)) => {
                *verdict.answered_by.entry(revision.clone()).or_default() += 1;
                if *id != call.id || !seen.insert(*id) {
                    verdict.misdirected += 1;
                    verdict.example(call, "misdirected");
                }
                if !may_have_answered(&log.periods, revision, call) {
                    verdict.wrong_revision += 1;
                    verdict.example(call, "wrong revision");
                }
            }
        }
    }
    verdict
}

/// Returns `true` if `revision` may have answered `call`. A revision may answer a call that
/// overlaps its serving period, but no call that ended before the update to the revision began or
/// began after the update away from it had returned.
fn may_have_answered(turns: &[ServingPeriod], revision: &str, call: &Call) -> bool {
    turns
        .iter()
        .enumerate()
        .filter(|(_, turn)| turn.revision == revision)
        .any(|(place, turn)| {
            let gone_from = turns.get(place + 1).map(|next| next.serves_alone_from);
            call.ended >= turn.may_serve_from && gone_from.is_none_or(|gone| call.due <= gone)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn call(id: u64, begun: u64, ended: u64, revision: &str) -> Call {
        Call {
            id,
            due: at(begun),
            ended: at(ended),
            outcome: Ok((revision.into(), id)),
        }
    }

    /// Returns a log in which `v1` serves from the beginning and an update to `v2` takes from 100
    /// to 110.
    fn log(calls: Vec<Call>) -> Log {
        let turn = |revision: &str, may: u64, must: u64| ServingPeriod {
            revision: revision.into(),
            may_serve_from: at(may),
            serves_alone_from: at(must),
        };
        Log {
            calls,
            periods: vec![turn("v1", 0, 0), turn("v2", 100, 110)],
        }
    }

    #[test]
    fn either_revision_may_answer_during_the_update() {
        let calls = vec![
            call(1, 0, 50, "v1"),
            call(2, 90, 200, "v1"),
            call(3, 90, 105, "v2"),
            call(4, 111, 112, "v2"),
        ];
        assert!(check(&log(calls)).is_clean());
    }

    #[test]
    fn an_answer_of_the_old_revision_after_the_update_is_wrong() {
        assert_eq!(check(&log(vec![call(1, 111, 112, "v1")])).wrong_revision, 1);
    }

    #[test]
    fn an_answer_of_the_new_revision_before_the_update_is_wrong() {
        assert_eq!(check(&log(vec![call(1, 10, 20, "v2")])).wrong_revision, 1);
    }

    #[test]
    fn counts_errors_duplicates_and_misdirected_answers() {
        let mut stranger = call(3, 0, 1, "v1");
        stranger.outcome = Ok(("v1".into(), 4));
        let failed = Call {
            outcome: Err("gone".into()),
            ..call(5, 0, 1, "v1")
        };
        let verdict = check(&log(vec![
            call(1, 0, 1, "v1"),
            call(1, 2, 3, "v1"),
            stranger,
            failed,
        ]));
        assert_eq!((verdict.misdirected, verdict.dropped), (2, 1));
    }
}
