//! Counts the steps of parsers, so that tests can check how their work grows with the input.
//!
//! Has no effect outside of this crate's own tests. A step is a unit of bounded cost: reading a
//! line, comparing two rules, matching a name against a pattern. Each reader of untrusted input has
//! a test.
//! Tests: in this file.

/// Counts steps on the current thread.
#[inline(always)]
pub(crate) fn count_steps(count: usize) {
    #[cfg(test)]
    counter::add(count);
    #[cfg(not(test))]
    let _ = count;
}

#[cfg(test)]
mod counter {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn add(count: usize) {
        STEPS.set(STEPS.get() + count);
    }

    /// Returns the number of steps that `run` takes.
    pub(super) fn measure(run: impl FnOnce()) -> usize {
        let before = STEPS.get();
        run();
        STEPS.get() - before
    }
}

#[cfg(test)]
mod tests {
    use super::counter;
    use crate::policy::{
        FileAccess, GrantReview, Grants, Operation, Policy, RequestedCapabilities, request_changes,
    };
    use crate::{Requests, Rule};

    /// Checks that doubling the input takes at most 2.3 times the steps.
    fn grows_linearly<T>(what: &str, count: usize, input: impl Fn(usize) -> T, run: impl Fn(&T)) {
        let steps = |count: usize| {
            let input = input(count);
            counter::measure(|| run(&input))
        };
        let (once, twice) = (steps(count), steps(2 * count));
        assert!(
            once >= count,
            "{what}: {once} steps are too few, are they counted?"
        );
        assert!(
            twice * 10 <= once * 23,
            "{what}: {once} steps, then {twice}"
        );
    }

    fn section(lines: impl Iterator<Item = String>) -> String {
        let lines: String = lines.map(|line| line + "\n").collect();
        format!("airssys:capabilities 1\n{lines}")
    }

    fn requests(text: &str) -> Requests {
        Requests::from_section(text.as_bytes()).expect("requests")
    }

    /// Requests of many kinds: distinct, identical, with patterns, and in an unfavourable order.
    fn texts(count: usize) -> Vec<(&'static str, String)> {
        let each = |line: &'static dyn Fn(usize) -> String| section((0..count).map(line));
        vec![
            ("names", each(&|n| format!("file-read /d{n}"))),
            (
                "deep names",
                each(&|n| format!("file-read /a/b/c/d/e/f{n}/g")),
            ),
            ("the same", each(&|_| "file-read /d".into())),
            (
                "backwards",
                each(&|n| format!("config k{:09}", 1_000_000 - n)),
            ),
            ("patterns", each(&|n| format!("file-read /d{n}/*/x*"))),
            (
                "urls",
                each(&|n| format!("http GET,POST https://h{n}.example.com:8443/v1/{n}/**")),
            ),
            (
                "one host",
                each(&|n| format!("http https://api.example.com/v1/p{n}")),
            ),
            ("hosts", each(&|n| format!("tcp h{n}.example.com:443"))),
            (
                "reasons",
                each(&|n| format!("optional \"why {}\" dns h{}.b", n % 7, n / 7)),
            ),
            ("custom", each(&|n| format!("acme:gpu/compute device={n}"))),
            (
                "joined",
                (0..count)
                    .map(|n| section(std::iter::once(format!("env V{n}"))))
                    .collect(),
            ),
        ]
    }

    #[test]
    fn reading_requests_is_linear() {
        for (place, (what, _)) in texts(1).iter().enumerate() {
            grows_linearly(
                what,
                2_000,
                |count| texts(count).swap_remove(place).1,
                |text| {
                    requests(text);
                },
            );
        }
    }

    #[test]
    fn reviewing_and_comparing_requests_is_linear() {
        for (place, (what, _)) in texts(1).iter().enumerate() {
            let input = |count: usize| {
                let requests = requests(&texts(count).swap_remove(place).1);
                let grants = requests
                    .iter()
                    .map(|(rule, _)| rule.clone())
                    .fold(Grants::new(), Grants::with_rule);
                (
                    RequestedCapabilities::Listed(requests.clone()),
                    grants,
                    requests,
                )
            };
            // Identical texts are a single rule.
            let count = if what == &"the same" { continue } else { 2_000 };
            grows_linearly(what, count / 7, input, |(requested, grants, requests)| {
                let review = GrantReview::new(requested, grants, 0);
                assert!(review.is_sufficient(), "{what}");
                assert!(request_changes(requests, requests).is_empty(), "{what}");
            });
        }
    }

    #[test]
    fn reading_grants_is_linear() {
        let rules =
            |count: usize| (0..count).map(|n| format!("file-read /d{n}\ndeny tcp h{n}:80\n"));
        grows_linearly(
            "text",
            2_000,
            |count| rules(count).collect::<String>(),
            |text| {
                text.parse::<Grants>().expect("grants");
            },
        );
    }

    #[cfg(feature = "toml")]
    #[test]
    fn reading_grants_as_toml_is_linear() {
        let toml = |count: usize| {
            let rules: String = (0..count)
                .map(|n| format!("\"file-read /d{n}\", "))
                .collect();
            format!("allow = [{rules}]")
        };
        grows_linearly("TOML", 2_000, toml, |text| {
            Grants::from_toml(text).expect("grants");
        });
    }

    /// The cost of an operation does not grow with the number of rules about other names.
    #[test]
    fn decision_cost_is_independent_of_unrelated_rules() {
        let steps = |count: usize| {
            let requests = requests(&texts(count).swap_remove(0).1);
            let rule: Rule = "file-read /d7".parse().expect("a rule");
            let policy = Policy::new(requests, Grants::new().with_rule(rule));
            let operation = Operation::File {
                access: FileAccess::Read,
                path: "/d7/a".into(),
            };
            counter::measure(|| assert!(policy.decide(&operation, 0).is_allowed()))
        };
        assert!(steps(200) > 0);
        assert_eq!(steps(200), steps(20_000));
    }

    /// Only the first names are considered for a suggestion.
    #[test]
    fn a_suggestion_costs_no_more_than_its_bound() {
        let steps = |count: usize| {
            let names: Vec<String> = (0..count).map(|n| format!("name-{n}")).collect();
            counter::measure(|| {
                crate::suggest::nearest("nmae", names.iter().map(String::as_str));
            })
        };
        assert_eq!(steps(2_000), steps(20_000));
    }

    #[cfg(all(feature = "json", feature = "wave"))]
    #[test]
    fn reading_records_is_linear() {
        use crate::Value;
        use crate::world::{Field, Type};

        let record = |count: usize| {
            Type::Record(
                (0..count)
                    .map(|n| Field {
                        name: format!("f{n}"),
                        ty: Type::U8,
                    })
                    .collect(),
            )
        };
        let input = |count: usize| {
            let fields: Vec<String> = (0..count).rev().map(|n| format!("f{n}: 1")).collect();
            let json = fields
                .iter()
                .map(|field| format!("\"{}", field.replace(':', "\":")))
                .collect::<Vec<_>>();
            (
                record(count),
                format!("{{{}}}", fields.join(", ")),
                format!("{{{}}}", json.join(", ")),
            )
        };
        grows_linearly("WAVE", 1_000, input, |(ty, wave, _)| {
            Value::from_wave(wave, ty).expect("a record");
        });
        grows_linearly("JSON", 1_000, input, |(ty, _, json)| {
            Value::from_json(&serde_json::from_str(json).expect("JSON"), ty).expect("a record");
        });
    }
}
