//! The figures of a soak and the promises that were broken.
//!
//! Tests: in this file.

use std::fmt;
use std::time::Duration;

use super::attack::{AttackOutcomes, REFUSED, UNANSWERED};
use super::host_process::{END_MAX, ProcessEnd};
use super::latency::{LATE, Latencies, LatencySpread};
use super::operator::{ANSWER_MAX, OperatorStats};
use super::usage::ProcessUsage;

/// The number of problems of one kind that are printed.
const SHOWN: usize = 5;

/// The measurements of a soak. [`Display`](fmt::Display) prints them as a table.
#[derive(Debug)]
pub struct Report {
    pub(super) latencies: Latencies,
    pub(super) in_time_min: f64,
    pub(super) attacks: AttackOutcomes,
    pub(super) half_requests: u64,
    pub(super) operator: OperatorStats,
    pub(super) usage: ProcessUsage,
    pub(super) ended: ProcessEnd,
}

impl Report {
    /// Returns the promises that were broken, each with its evidence.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let parts = [
            self.broken_by_good(),
            self.broken_by_attacks(),
            self.broken_for_operator(),
        ];
        parts
            .into_iter()
            .flatten()
            .chain(self.broken_at_the_end())
            .collect()
    }

    fn broken_by_good(&self) -> Vec<String> {
        let latencies = &self.latencies;
        let mut broken = Vec::new();
        if !latencies.lost.is_empty() {
            broken.push(format!(
                "{} calls of good were lost: {}",
                latencies.lost.len(),
                first_problems(&latencies.lost)
            ));
        }
        if latencies.in_time() < self.in_time_min {
            broken.push(format!(
                "{:.2} % of the answers of good arrived within {LATE:?}; at least {:.2} % must",
                latencies.in_time() * 100.0,
                self.in_time_min * 100.0
            ));
        }
        if latencies.control_lost > 0 {
            broken.push(format!(
                "the control lost {} calls, so its delays mean nothing",
                latencies.control_lost
            ));
        }
        broken
    }

    fn broken_by_attacks(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (name, ends) in &self.attacks {
            if ends.keys().all(|end| REFUSED.contains(&end.as_str())) {
                broken.push(format!(
                    "no call of `{name}` was admitted, so it was never tried"
                ));
            }
            let unanswered = ends.iter().filter(|(end, _)| end.starts_with(UNANSWERED));
            broken.extend(
                unanswered.map(|(end, count)| format!("{count} calls of `{name}` were {end}")),
            );
        }
        broken
    }

    fn broken_for_operator(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for name in ["status", "revoke", "remove", "deploy"] {
            let Some(commands) = self.operator.get(name) else {
                broken.push(format!("{name} was never tried"));
                continue;
            };
            if !commands.failures.is_empty() {
                let failures = &commands.failures;
                broken.push(format!(
                    "{} of {name} failed: {}",
                    failures.len(),
                    first_problems(failures)
                ));
            }
            // The time of a deploy depends on the component.
            if name != "deploy" && commands.longest > ANSWER_MAX {
                broken.push(format!(
                    "{name} took {:.1?}, but must take at most {ANSWER_MAX:?}",
                    commands.longest
                ));
            }
        }
        broken
    }

    fn broken_at_the_end(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if !self.ended.is_successful_in_time() {
            let how = self
                .ended
                .code
                .map_or_else(|| "by a signal".to_owned(), |code| format!("with {code}"));
            broken.push(format!(
                "the process ended {how} {:.1?} after SIGTERM, but must end with 0 within {END_MAX:?}",
                self.ended.took
            ));
        }
        if !self.ended.leftovers.is_empty() {
            broken.push(format!(
                "the process left behind: {}",
                first_problems(&self.ended.leftovers)
            ));
        }
        broken
    }
}

/// Joins the first few problems.
fn first_problems(problems: &[String]) -> String {
    let mut text = problems
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join("; ");
    if problems.len() > SHOWN {
        text.push_str(" ...");
    }
    text
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_calls(f)?;
        self.write_attacks(f)?;
        self.write_commands(f)?;
        writeln!(
            f,
            "host process     {} MiB resident at most, {} MiB in the first quarter; {} descriptors, {} threads, {:.1} processors",
            self.usage.resident_kib / 1024,
            self.usage.resident_kib_at_first / 1024,
            self.usage.descriptors,
            self.usage.threads,
            self.usage.processors
        )?;
        write!(
            f,
            "SIGTERM          ended {:.2?} later with {:?}",
            self.ended.took, self.ended.code
        )?;
        let broken = self.broken();
        for broken in &broken {
            write!(f, "\nBROKEN           {broken}")?;
        }
        let log = if broken.is_empty() {
            &[][..]
        } else {
            &self.ended.log
        };
        log.iter()
            .try_for_each(|line| write!(f, "\nlog              {line}"))
    }
}

impl Report {
    fn write_calls(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = &self.latencies;
        writeln!(
            f,
            "calls of good    {}, {} lost",
            all.requests,
            all.lost.len()
        )?;
        writeln!(
            f,
            "  beyond {LATE:?}   {}, {} not excused by the control; {:.3} % in time",
            all.late,
            all.late - all.excused,
            all.in_time() * 100.0
        )?;
        if !all.latest.is_empty() {
            let latest = all
                .latest
                .iter()
                .map(|(due, took)| format!("{took:.0?} at {due:.1?}"));
            writeln!(
                f,
                "  the latest     {}",
                latest.collect::<Vec<_>>().join(", ")
            )?;
        }
        writeln!(f, "  latency        {}", all.good)?;
        writeln!(f, "  the control    {}", all.control)
    }

    fn write_attacks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (function, ends) in &self.attacks {
            let all: u64 = ends.values().sum();
            let ends: Vec<String> = ends
                .iter()
                .map(|(end, count)| format!("{count} {end}"))
                .collect();
            writeln!(f, "{function:<16} {all}: {}", ends.join(", "))?;
        }
        writeln!(f, "half requests    {}", self.half_requests)
    }

    fn write_commands(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, commands) in &self.operator {
            writeln!(
                f,
                "{name:<16} {}, {} failed, the longest took {:.0?}",
                commands.count,
                commands.failures.len(),
                commands.longest
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for LatencySpread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |latency: Duration| latency.as_secs_f64() * 1000.0;
        let (p50, p99, p999, max) = (ms(self.p50), ms(self.p99), ms(self.p999), ms(self.max));
        write!(
            f,
            "p50 {p50:.1} ms, p99 {p99:.1} ms, p99.9 {p999:.1} ms, longest {max:.1} ms"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::operator::CommandStats;
    use super::*;

    /// Returns a report that breaks no promise.
    fn passing_report() -> Report {
        let answered = || CommandStats {
            count: 1,
            longest: ANSWER_MAX,
            failures: Vec::new(),
        };
        let names = ["status", "revoke", "remove", "deploy"];
        Report {
            latencies: Latencies {
                requests: 1000,
                late: 2,
                excused: 1,
                ..Latencies::default()
            },
            in_time_min: 0.999,
            attacks: [("spin", [("deadline-exceeded".to_owned(), 1)].into())].into(),
            half_requests: 1,
            operator: names.into_iter().map(|name| (name, answered())).collect(),
            usage: ProcessUsage::default(),
            ended: ProcessEnd {
                code: Some(0),
                took: END_MAX,
                leftovers: Vec::new(),
                log: Vec::new(),
            },
        }
    }

    #[test]
    fn breaks_no_promise_at_the_bounds() {
        assert_eq!(passing_report().broken(), [""; 0]);
    }

    type Damage = fn(&mut Report);

    #[test]
    fn each_promise_is_checked() {
        let breaks: [(&str, Damage); 12] = [
            ("calls of good were lost", |report| {
                report.latencies.lost.push("reset".into())
            }),
            ("99.80 % of the answers", |report| {
                report.latencies.excused = 0
            }),
            ("the control lost 1 calls", |report| {
                report.latencies.control_lost = 1
            }),
            ("no call of `spin` was admitted", |report| {
                report
                    .attacks
                    .insert("spin", REFUSED.map(|end| (end.to_owned(), 1)).into());
            }),
            ("2 calls of `spin` were unanswered", |report| {
                let ends = [(format!("{UNANSWERED} (reset)"), 2)];
                report.attacks.insert("spin", ends.into());
            }),
            ("revoke took", |report| {
                stats_of(report, "revoke").longest *= 2
            }),
            ("remove took", |report| {
                stats_of(report, "remove").longest *= 2
            }),
            ("1 of status failed", |report| {
                stats_of(report, "status").failures.push("no".into())
            }),
            ("deploy was never tried", |report| {
                drop(report.operator.remove("deploy"))
            }),
            ("ended with 1", |report| report.ended.code = Some(1)),
            ("ended with 0", |report| report.ended.took *= 2),
            ("left behind: the socket", |report| {
                report.ended.leftovers.push("the socket".into())
            }),
        ];
        for (expected, break_one) in breaks {
            let mut report = passing_report();
            break_one(&mut report);
            let broken = report.broken();
            assert!(
                broken.iter().any(|broken| broken.contains(expected)),
                "{expected}: {broken:?}"
            );
            assert!(report.to_string().contains("BROKEN"), "{expected}");
        }
    }

    fn stats_of<'a>(report: &'a mut Report, name: &str) -> &'a mut CommandStats {
        report.operator.get_mut(name).expect("the command was run")
    }
}
