//! The text form of a change: a table whose keys are read one by one.
//!
//! Tests: `airssys-wasm-core/src/terms/mod.rs`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize as _};

use super::{TermsChange, TermsError};
use crate::ComponentName;
use crate::policy::{GrantRules, Grants};

/// Serializes grants as lists of rules.
pub(super) fn write_grants<S: Serializer>(
    grants: &Option<Grants>,
    to: S,
) -> Result<S::Ok, S::Error> {
    grants.as_ref().map(GrantRules::from).serialize(to)
}

/// Reads a value that has no texts to parse.
pub(super) fn read<'de, T, D>(value: D, term: &mut Option<T>) -> Result<(), D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    *term = Option::deserialize(value)?;
    Ok(())
}

/// Reads a value and parses the texts in it.
pub(super) fn read_text<'de, Text, T, E, D>(
    value: D,
    term: &mut Option<T>,
    parse: impl FnOnce(Text) -> Result<T, E>,
) -> Result<Result<(), TermsError>, D::Error>
where
    Text: Deserialize<'de>,
    TermsError: From<E>,
    D: Deserializer<'de>,
{
    let text = Option::<Text>::deserialize(value)?;
    let parsed = text.map(parse).transpose();
    Ok(parsed
        .map(|parsed| *term = parsed)
        .map_err(TermsError::from))
}

/// Reads links, and adds them.
pub(super) fn read_links<'de, D: Deserializer<'de>>(
    value: D,
    links: &mut BTreeMap<String, ComponentName>,
) -> Result<Result<(), TermsError>, D::Error> {
    let texts = Option::<BTreeMap<String, String>>::deserialize(value)?;
    Ok(texts
        .into_iter()
        .flatten()
        .try_for_each(|(interface, name)| {
            links.insert(interface, name.parse()?);
            Ok(())
        }))
}

impl<'de> Deserialize<'de> for TermsChange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ChangeVisitor)
    }
}

struct ChangeVisitor;

impl<'de> Visitor<'de> for ChangeVisitor {
    type Value = TermsChange;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of terms")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TermsChange, A::Error> {
        let (mut change, mut seen) = (TermsChange::default(), Vec::new());
        while let Some(key) = map.next_key::<String>()? {
            if let Some(known) = TermsChange::KEYS.iter().find(|known| **known == key) {
                if seen.contains(known) {
                    return Err(A::Error::duplicate_field(known));
                }
                seen.push(known);
            }
            map.next_value_seed(TermSeed {
                key: &key,
                change: &mut change,
            })?;
        }
        Ok(change)
    }
}

/// The value of a key. A text in it that is not valid is an error of the deserializer.
struct TermSeed<'a> {
    key: &'a str,
    change: &'a mut TermsChange,
}

impl<'de> DeserializeSeed<'de> for TermSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        let read = self.change.read_key(self.key, value)?;
        read.map_err(D::Error::custom)
    }
}
