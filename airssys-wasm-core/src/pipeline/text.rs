//! The text form of the parts of a definition: stages in order, durations as `5s`.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/definition.rs`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::definition::{DefinitionError, StageDefinition};
use super::{OnError, OutputOrder, RetryPolicy, StageOptions};
use crate::capability::escape_for_message;

/// A stage with its options, one key each.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct StageText {
    component: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<OutputOrder>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queue_max: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "duration")]
    deadline: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_error: Option<OnError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_failure: Option<OnError>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    idempotent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    per_chunk: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry: Option<RetryText>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryText {
    attempts: u32,
    #[serde(default, with = "duration")]
    backoff: Option<Duration>,
}

impl From<StageText> for StageDefinition {
    fn from(text: StageText) -> Self {
        let retry = |RetryText { attempts, backoff }| RetryPolicy {
            attempts,
            backoff: backoff.unwrap_or_default(),
        };
        let options = StageOptions {
            function: text.function,
            concurrency: text.concurrency,
            order: text.order,
            queue_max: text.queue_max,
            deadline: text.deadline,
            on_error: text.on_error,
            on_failure: text.on_failure,
            retry: text.retry.map(retry),
            idempotent: text.idempotent,
            per_chunk: text.per_chunk,
        };
        Self {
            component: text.component,
            options,
        }
    }
}

impl From<StageDefinition> for StageText {
    fn from(StageDefinition { component, options }: StageDefinition) -> Self {
        let retry = |RetryPolicy { attempts, backoff }| RetryText {
            attempts,
            backoff: Some(backoff),
        };
        Self {
            component,
            function: options.function,
            concurrency: options.concurrency,
            order: options.order,
            queue_max: options.queue_max,
            deadline: options.deadline,
            on_error: options.on_error,
            on_failure: options.on_failure,
            idempotent: options.idempotent,
            per_chunk: options.per_chunk,
            retry: options.retry.map(retry),
        }
    }
}

/// Converts an error of the JSON parser, whose column counts bytes, to an error whose column counts
/// characters.
pub(super) fn json_error(text: &str, error: &serde_json::Error) -> DefinitionError {
    let (line, byte) = (error.line().max(1), error.column().saturating_sub(1));
    let before = text
        .split('\n')
        .nth(line - 1)
        .and_then(|line| line.get(..byte));
    let problem = error.to_string();
    let problem = problem
        .rsplit_once(" at line ")
        .map_or(problem.as_str(), |(problem, _)| problem);
    DefinitionError {
        line,
        column: before.map_or(1, |before| before.chars().count() + 1),
        problem: escape_for_message(problem),
    }
}

/// A duration as text, such as `1m 30s`.
pub(super) mod duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(in crate::pipeline) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(&humantime::format_duration(*time)),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::pipeline) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = humantime::parse_duration(&text);
        time.map(Some).map_err(|_| {
            de::Error::custom(format!(
                "`{text}` is not a duration; write for example `5s`"
            ))
        })
    }
}

/// Stages as a table by name that preserves order.
pub(super) mod stages {
    use std::fmt;

    use serde::de::{Error, MapAccess, Visitor};
    use serde::{Deserializer, Serializer};

    use super::StageDefinition;

    type NamedStages = Vec<(String, StageDefinition)>;

    pub(in crate::pipeline) fn serialize<S: Serializer>(
        stages: &NamedStages,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(stages.iter().map(|(name, stage)| (name, stage)))
    }

    pub(in crate::pipeline) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<NamedStages, D::Error> {
        deserializer.deserialize_map(StagesVisitor)
    }

    struct StagesVisitor;

    impl<'de> Visitor<'de> for StagesVisitor {
        type Value = NamedStages;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table of stages by name")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NamedStages, A::Error> {
            let mut names = std::collections::HashSet::new();
            let mut stages = Vec::new();
            while let Some(name) = map.next_key::<String>()? {
                if !names.insert(name.clone()) {
                    return Err(Error::custom(format!("duplicate stage `{name}`")));
                }
                let stage = map.next_value()?;
                stages.push((name, stage));
            }
            Ok(stages)
        }
    }
}
