//! A change of limits: some are set, and all others stay as they are.
//!
//! Tests: in this file, `airssys-wasm-core/src/terms/mod.rs`.

use std::time::Duration;

use super::Limits;

/// Defines the change from the names and types of all limits, with attributes of their text forms.
macro_rules! limits_change {
    ($($(#[$text_form:meta])* $name:ident: $type:ty,)*) => {
        /// A change of limits: those that are set, and no others.
        ///
        /// ```
        /// use std::time::Duration;
        /// use airssys_wasm_core::{Limits, LimitsChange};
        ///
        /// let small = Limits { memory_bytes_max: 32 << 20, ..Limits::default() };
        /// let change = LimitsChange {
        ///     call_deadline: Some(Duration::from_secs(5)),
        ///     ..LimitsChange::default()
        /// };
        /// let limits = change.apply_to(small);
        /// assert_eq!(limits.call_deadline, Duration::from_secs(5));
        /// assert_eq!(limits.memory_bytes_max, 32 << 20);
        /// ```
        ///
        /// Created from [`Limits`], a change sets all of them. With the feature `serde`, it has the
        /// text form of limits; keys that are missing set nothing.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Deserialize, serde::Serialize),
            serde(default, deny_unknown_fields, rename_all = "kebab-case")
        )]
        pub struct LimitsChange {
            $(
                #[doc = concat!("The new [`Limits::", stringify!($name), "`].")]
                #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
                $(#[$text_form])*
                pub $name: Option<$type>,
            )*
        }

        impl LimitsChange {
            /// Adds a later change: the limits that it sets replace those that this one sets.
            pub fn merge(&mut self, later: Self) {
                $(self.$name = later.$name.or(self.$name);)*
            }

            /// Returns the limits with this change.
            #[must_use]
            pub fn apply_to(self, limits: Limits) -> Limits {
                Limits {
                    $($name: self.$name.unwrap_or(limits.$name),)*
                }
            }
        }

        impl From<Limits> for LimitsChange {
            /// Sets every limit.
            fn from(limits: Limits) -> Self {
                Self {
                    $($name: Some(limits.$name),)*
                }
            }
        }
    };
}

limits_change! {
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_optional_bytes"))]
    memory_bytes_max: usize,
    table_elements_max: usize,
    core_instances_max: usize,
    handles_max: usize,
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_optional_bytes"))]
    hostcall_bytes_max: usize,
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_optional_bytes"))]
    random_bytes_max: u64,
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_optional_bytes"))]
    log_bytes_per_second_max: usize,
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_optional_duration"))]
    call_deadline: Duration,
    // `null` removes the limit.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "read_fuel"))]
    fuel_per_call: Option<u64>,
    concurrent_calls_max: usize,
    blocking_operations_max: usize,
    calls_per_instance_max: u64,
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_optional_duration"))]
    http_deadline: Duration,
    http_waiting_max: usize,
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_optional_bytes"))]
    http_request_bytes_max: u64,
    #[cfg_attr(feature = "serde", serde(with = "crate::units::as_optional_bytes"))]
    http_response_bytes_max: u64,
}

impl LimitsChange {
    /// Returns `true` if no limit is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(feature = "serde")]
fn read_fuel<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<u64>>, D::Error> {
    serde::Deserialize::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Limits {
        Limits {
            memory_bytes_max: 1 << 20,
            fuel_per_call: Some(1_000),
            ..Limits::default()
        }
    }

    #[test]
    fn a_change_sets_its_limits_and_no_others() {
        assert_eq!(LimitsChange::default().apply_to(small()), small());
        assert!(LimitsChange::default().is_empty());
        let mut change = LimitsChange {
            handles_max: Some(7),
            table_elements_max: Some(8),
            ..LimitsChange::default()
        };
        assert!(!change.is_empty());
        change.merge(LimitsChange {
            handles_max: Some(9),
            ..LimitsChange::default()
        });
        let expected = Limits {
            handles_max: 9,
            table_elements_max: 8,
            ..small()
        };
        assert_eq!(change.apply_to(small()), expected);
        let all = LimitsChange::from(small());
        assert_eq!(all.apply_to(Limits::default()), small());
    }

    #[cfg(feature = "json")]
    #[test]
    fn the_text_form_is_that_of_limits() {
        let read = |text: &str| serde_json::from_str::<LimitsChange>(text).expect(text);
        assert!(read("{}").is_empty());
        let text = r#"{"memory-bytes-max":"64MiB","call-deadline":"5s","fuel-per-call":null}"#;
        let change = read(text);
        assert_eq!(serde_json::to_string(&change).expect("JSON"), text);
        let changed = change.apply_to(small());
        assert_eq!(changed.memory_bytes_max, 64 << 20);
        assert_eq!(changed.fuel_per_call, None);
        let limits = serde_json::to_string(&small()).expect("JSON");
        assert_eq!(read(&limits), LimitsChange::from(small()));
        let error = serde_json::from_str::<LimitsChange>(r#"{"memory": 1}"#).expect_err("no limit");
        assert!(
            error.to_string().contains("unknown field `memory`"),
            "{error}"
        );
    }
}
