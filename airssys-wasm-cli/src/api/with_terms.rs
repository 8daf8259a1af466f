//! Tables that have terms beside other options: requests, and deployments in a file.
//!
//! Every key of such a table belongs either to the options or to the terms, so that a mistake is
//! reported where it is: with its line in a file, and with the keys that the table may have.
//!
//! Tests: in this file.

use std::borrow::Cow;
use std::fmt;

use airssys_wasm_core::terms::{TermsChange, TermsError};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IntoDeserializer as _, MapAccess, Visitor,
};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize, forward_to_deserialize_any};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Options `T`, and terms in the same table.
#[derive(Clone, Debug)]
pub(crate) struct WithTerms<T> {
    pub(crate) options: T,
    /// The terms, or the first text in them that is not valid. A caller reports that for the
    /// deployment that it concerns; the others in a file are not affected.
    pub(crate) terms: Result<TermsChange, TermsError>,
}

impl<T> WithTerms<T> {
    pub(crate) fn new(options: T, terms: TermsChange) -> Self {
        Self {
            options,
            terms: Ok(terms),
        }
    }
}

impl<T: Default> Default for WithTerms<T> {
    fn default() -> Self {
        Self::new(T::default(), TermsChange::default())
    }
}

impl<T: Serialize> Serialize for WithTerms<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Table<'a, T> {
            #[serde(flatten)]
            options: &'a T,
            #[serde(flatten)]
            terms: &'a TermsChange,
        }
        let terms = self.terms.as_ref().map_err(S::Error::custom)?;
        let options = &self.options;
        Table { options, terms }.serialize(to)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for WithTerms<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut terms = TermsReader::default();
        let options = T::deserialize(OptionsDeserializer {
            table: from,
            terms: &mut terms,
        })?;
        Ok(Self {
            options,
            terms: terms.first_error.map_or(Ok(terms.change), Err),
        })
    }
}

/// One schema with the properties of both.
impl<T: ToSchema> PartialSchema for WithTerms<T> {
    fn schema() -> RefOr<Schema> {
        let mut schema = T::schema();
        if let (RefOr::T(Schema::Object(table)), RefOr::T(Schema::Object(terms))) =
            (&mut schema, TermsChange::schema())
        {
            table.properties.extend(terms.properties);
        }
        schema
    }
}

impl<T: ToSchema> ToSchema for WithTerms<T> {
    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
        TermsChange::schemas(schemas);
    }
}

/// The terms read so far.
#[derive(Default)]
struct TermsReader {
    change: TermsChange,
    keys: Vec<&'static str>,
    first_error: Option<TermsError>,
}

/// Deserializes the options of a table, and reads the terms among them.
struct OptionsDeserializer<'a, D> {
    table: D,
    terms: &'a mut TermsReader,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for OptionsDeserializer<'_, D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.table.deserialize_map(OptionsVisitor {
            visitor,
            fields,
            terms: self.terms,
        })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, D::Error> {
        Err(D::Error::custom("only a struct can have terms"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct OptionsVisitor<'a, V> {
    visitor: V,
    fields: &'static [&'static str],
    terms: &'a mut TermsReader,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for OptionsVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(OptionsAccess {
            map,
            fields: self.fields,
            terms: self.terms,
        })
    }
}

/// The entries of a table that are options.
struct OptionsAccess<'a, A> {
    map: A,
    fields: &'static [&'static str],
    terms: &'a mut TermsReader,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for OptionsAccess<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        loop {
            let keys = KeySeed {
                fields: self.fields,
                seen: &self.terms.keys,
            };
            match self.map.next_key_seed(keys)? {
                None => return Ok(None),
                Some(Key::Option(key)) => {
                    return seed.deserialize(key.into_deserializer()).map(Some);
                }
                Some(Key::Term(key)) => self.map.next_value_seed(TermSeed {
                    key,
                    terms: self.terms,
                })?,
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

enum Key {
    Option(&'static str),
    Term(&'static str),
}

/// Finds the owner of a key. Checks it here, where a format knows its line.
struct KeySeed<'a> {
    fields: &'static [&'static str],
    seen: &'a [&'static str],
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Key, D::Error> {
        let text = String::deserialize(key)?;
        let is_key = |known: &&&'static str| **known == text;
        if let Some(option) = self.fields.iter().find(is_key) {
            return Ok(Key::Option(option));
        }
        match TermsChange::KEYS.iter().find(is_key) {
            Some(term) if self.seen.contains(term) => Err(D::Error::duplicate_field(term)),
            Some(term) => Ok(Key::Term(term)),
            None => {
                let keys = self.fields.iter().chain(TermsChange::KEYS);
                let keys: Vec<String> = keys.map(|key| format!("`{key}`")).collect();
                Err(D::Error::custom(format_args!(
                    "unknown field `{}`, expected one of {}",
                    text.escape_debug(),
                    keys.join(", ")
                )))
            }
        }
    }
}

struct TermSeed<'a> {
    key: &'static str,
    terms: &'a mut TermsReader,
}

impl<'de> DeserializeSeed<'de> for TermSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        self.terms.keys.push(self.key);
        if let Err(error) = self.terms.change.read_key(self.key, value)? {
            self.terms.first_error.get_or_insert(error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use airssys_wasm_core::Instancing;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
    #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
    struct SomeOptions {
        any_version: bool,
        package: Option<String>,
    }

    type Table = WithTerms<SomeOptions>;

    #[test]
    fn a_table_is_read_as_it_is_written() {
        let options = SomeOptions {
            any_version: true,
            package: Some("greeter".into()),
        };
        let terms = TermsChange::default().instancing(Instancing::pooled(2));
        let text = serde_json::to_string(&Table::new(options, terms.clone())).expect("JSON");
        assert_eq!(
            text,
            r#"{"any-version":true,"package":"greeter","instancing":"pooled 2"}"#
        );
        let read: Table = serde_json::from_str(&text).expect("a table");
        assert_eq!(read.options.package.as_deref(), Some("greeter"));
        assert_eq!(read.terms, Ok(terms));
        let empty: Table = serde_json::from_str("{}").expect("a table");
        assert_eq!(empty.options, SomeOptions::default());
    }

    #[test]
    fn a_text_that_is_not_valid_is_an_error_of_the_terms() {
        for text in [
            r#"{"instancing": "many", "package": "greeter"}"#,
            r#"{"grants": {"allow": ["file-raed /x"]}, "package": "greeter"}"#,
            r#"{"links": {"acme:store/kv": "No"}, "package": "greeter"}"#,
        ] {
            let read: Table = serde_json::from_str(text).expect(text);
            assert!(read.terms.is_err(), "{text}");
            assert_eq!(read.options.package.as_deref(), Some("greeter"));
        }
    }

    #[test]
    fn an_error_has_the_line_of_the_key_or_value() {
        for (text, line, expected) in [
            (
                "any-version = true\npakage = \"x\"",
                2,
                "unknown field `pakage`, expected one of `any-version`, `package`, `grants`",
            ),
            ("any-version = true\npackage = 3", 2, "expected a string"),
            (
                "package = \"x\"\n\n[limits]\ncall-deadline = \"soon\"",
                4,
                "30s",
            ),
            (
                "package = \"x\"\n[grants]\nallow = []\nalow = []",
                4,
                "unknown field `alow`",
            ),
            ("package = \"x\"\naudit-only = 1", 2, "expected a boolean"),
        ] {
            let error = toml::from_str::<Table>(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(error.contains(&format!("line {line},")), "{text}: {error}");
        }
        let twice = r#"{"audit-only": true, "audit-only": true}"#;
        let error = serde_json::from_str::<Table>(twice).expect_err(twice);
        assert!(
            error.to_string().contains("duplicate field `audit-only`"),
            "{error}"
        );
    }
}
