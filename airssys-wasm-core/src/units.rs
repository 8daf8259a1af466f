//! Numbers of bytes and durations as human-readable text.
//!
//! Tests: in this file.

const UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// Parses a number of bytes with its unit: `512B`, `64KiB`, `64MiB` or `2GiB`.
///
/// ```
/// assert_eq!(airssys_wasm_core::parse_bytes("64KiB"), Ok(65_536));
/// assert!(airssys_wasm_core::parse_bytes("64").is_err());
/// ```
///
/// # Errors
///
/// A message that shows the valid forms.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let advice =
        || "write a number of bytes with its unit: `512B`, `64KiB`, `64MiB`, `2GiB`".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = &text[digits.len()..];
    let (_, unit) = UNITS
        .iter()
        .find(|(unit, _)| *unit == suffix)
        .ok_or_else(advice)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(advice());
    }
    digits
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(*unit))
        .ok_or_else(advice)
}

/// Formats a number of bytes for [`parse_bytes`], in the largest unit that is exact.
pub(crate) fn format_bytes(bytes: u64) -> String {
    let exact = |size: u64| bytes != 0 && bytes.is_multiple_of(size);
    let (unit, size) = UNITS
        .iter()
        .find(|(_, size)| exact(*size))
        .unwrap_or(&UNITS[3]);
    format!("{}{unit}", bytes / size)
}

/// Serializes a number of bytes as text.
#[cfg(feature = "serde")]
pub(crate) mod as_bytes {
    use std::borrow::Cow;

    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(crate) fn serialize<N, S>(number: &N, to: S) -> Result<S::Ok, S::Error>
    where
        N: Copy + TryInto<u64>,
        S: Serializer,
    {
        let bytes = (*number)
            .try_into()
            .map_err(|_| S::Error::custom("number of bytes is too large"))?;
        super::format_bytes(bytes).serialize(to)
    }

    pub(crate) fn deserialize<'de, N, D>(from: D) -> Result<N, D::Error>
    where
        N: TryFrom<u64>,
        D: Deserializer<'de>,
    {
        let bytes =
            super::parse_bytes(&Cow::<str>::deserialize(from)?).map_err(D::Error::custom)?;
        N::try_from(bytes).map_err(|_| D::Error::custom("number of bytes is too large"))
    }
}

/// Serializes a duration as text, in the format of `humantime`.
#[cfg(feature = "serde")]
pub(crate) mod as_duration {
    use std::borrow::Cow;
    use std::time::Duration;

    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        humantime::format_duration(*duration)
            .to_string()
            .serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        humantime::parse_duration(&Cow::<str>::deserialize(from)?)
            .map_err(|_| D::Error::custom("write a duration with its unit: `500ms`, `30s`, `5m`"))
    }
}

/// Serializes a number of bytes that may be missing. Only used where a missing one is left out.
#[cfg(feature = "serde")]
pub(crate) mod as_optional_bytes {
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<N, S>(number: &Option<N>, to: S) -> Result<S::Ok, S::Error>
    where
        N: Copy + TryInto<u64>,
        S: Serializer,
    {
        match number {
            Some(number) => super::as_bytes::serialize(number, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, N, D>(from: D) -> Result<Option<N>, D::Error>
    where
        N: TryFrom<u64>,
        D: Deserializer<'de>,
    {
        super::as_bytes::deserialize(from).map(Some)
    }
}

/// Serializes a duration that may be missing. Only used where a missing one is left out.
#[cfg(feature = "serde")]
pub(crate) mod as_optional_duration {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::as_duration::serialize(duration, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        super::as_duration::deserialize(from).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, expected) in [
            ("0B", 0),
            ("1B", 1),
            ("64KiB", 65_536),
            ("1024KiB", 1 << 20),
            ("2GiB", 2 << 30),
        ] {
            assert_eq!(parse_bytes(text), Ok(expected));
        }
        for text in [
            "",
            "64",
            "64MB",
            "MiB",
            "-1B",
            "1.5MiB",
            "64 MiB",
            "64mib",
            "99999999999GiB",
            "1BKiB",
        ] {
            assert!(parse_bytes(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_largest_exact_unit_is_written() {
        for (number, text) in [
            (0, "0B"),
            (1 << 20, "1MiB"),
            (1_000, "1000B"),
            (3 << 29, "1536MiB"),
        ] {
            assert_eq!(format_bytes(number), text);
            assert_eq!(parse_bytes(text), Ok(number));
        }
    }
}
