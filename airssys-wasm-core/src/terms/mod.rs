//! The terms of a deployment: its grants, and everything else that its component runs under.
//!
//! A term has all its lines in this file: its field in [`FixedTerms`] and in [`TermsChange`], its
//! key in requests and files, its method of the builders, and its place in each function below. The
//! compiler asks for most of them once the fields exist. The code that acts on a term is in the
//! host; its option is in `airssys-wasm-cli/src/command/options.rs`. `CONTRIBUTING.md` has the list.
//! Tests: in this file, `tests/suite/terms.rs`.

#[cfg(feature = "serde")]
mod text;

use std::collections::BTreeMap;

use thiserror::Error;

#[cfg(feature = "serde")]
use crate::policy::GrantRules;
use crate::policy::{Enforcement, Grants};
use crate::{
    CapabilityError, ComponentName, ComponentNameError, Instancing, InstancingError, Limits,
    LimitsChange, LimitsError,
};

/// The terms of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The grants and denies. Revocations change them while a revision exists.
    pub grants: Grants,
    /// All other terms.
    pub fixed: FixedTerms,
}

/// The terms that stay the same as long as a revision exists: all but its grants.
///
/// With the feature `serde`, these are the keys of a stored revision. A term that was added later
/// is left out while it has its default.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(description = "The terms of a revision, without its grants.")
)]
#[non_exhaustive]
pub struct FixedTerms {
    /// Instancing mode: `per-call`, `pooled N` or `stateful`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub instancing: Instancing,
    /// Limits of each instance, of each call and of the deployment.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub limits: Limits,
    /// Enforcement mode of the grants: `true` for audit-only mode.
    #[cfg_attr(feature = "serde", serde(rename = "audit-only", default))]
    #[cfg_attr(feature = "openapi", schema(value_type = bool))]
    pub enforcement: Enforcement,
    /// Deployments that were selected to serve imported interfaces, by interface without a version.
    #[cfg_attr(feature = "serde", serde(rename = "bound", default))]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub links: BTreeMap<String, ComponentName>,
}

/// A change of terms: the terms that a deploy or an update sets. All others have their defaults, or
/// stay those of the active revision.
///
/// ```
/// use airssys_wasm_core::policy::Grants;
/// use airssys_wasm_core::terms::{Terms, TermsChange};
/// use airssys_wasm_core::{Instancing, Limits};
///
/// let terms = Terms::new(Limits::default(), Instancing::PerCall);
/// let change = TermsChange::default()
///     .grants(Grants::new().allow("env LANG")?)
///     .instancing(Instancing::pooled(4));
/// let next = change.apply_to(terms.clone());
/// assert_eq!(next.fixed.limits, Limits::default());
/// assert_eq!(
///     terms.differences(&next),
///     ["+ allow env LANG", "instancing: per-call -> pooled 4"]
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// With the feature `serde`, these are keys of requests to a host process and of the deployments
/// file: `{"instancing": "pooled 4", "limits": {"call-deadline": "5s"}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct TermsChange {
    /// Grants, in place of all others. By default, a new deployment has none, and an update retains
    /// those of the active revision.
    #[cfg_attr(
        feature = "serde",
        serde(
            serialize_with = "text::write_grants",
            skip_serializing_if = "Option::is_none"
        )
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::policy::GrantRules>))]
    pub grants: Option<Grants>,
    /// Limits, each by its name. Those that are not set are the ones of the host process for a new
    /// deployment; an update retains those of the active revision.
    #[cfg_attr(
        feature = "serde",
        serde(skip_serializing_if = "LimitsChange::is_empty")
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub limits: LimitsChange,
    /// Instancing mode: `per-call`, `pooled N` or `stateful`. By default, a new deployment has the
    /// one that its component declares, and an update retains that of the active revision.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub instancing: Option<Instancing>,
    /// Deployments that serve imported interfaces, by interface without a version:
    /// `acme:store/kv`. Needed only where several deployments could. Links that are not listed
    /// stay.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "BTreeMap::is_empty"))]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub links: BTreeMap<String, ComponentName>,
    /// `true` for audit-only mode: the component may use its grants without having requested them,
    /// and the smallest set of rules that covers its use is recorded. `false` for enforcement. By
    /// default, the grants of a new deployment are enforced, and an update retains the mode of the
    /// active revision.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "audit-only", skip_serializing_if = "Option::is_none")
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>))]
    pub enforcement: Option<Enforcement>,
}

/// Invalid terms.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TermsError {
    /// A text among the grants is not a rule.
    #[error(transparent)]
    Grants(#[from] CapabilityError),
    /// The limits are out of range.
    #[error(transparent)]
    Limits(#[from] LimitsError),
    /// The text is not an instancing mode.
    #[error(transparent)]
    Instancing(#[from] InstancingError),
    /// The name of a linked deployment is not valid.
    #[error(transparent)]
    Link(#[from] ComponentNameError),
}

/// Defines the methods of a builder that set its terms: one for each term, and `terms`.
///
/// `$error` is the error of an invalid name. With a `$target`, each method has one more parameter,
/// the part of the builder that it applies to. The builder has a method `change_terms` with that
/// parameter and a function of a `&mut TermsChange`.
#[doc(hidden)]
#[macro_export]
macro_rules! terms_setters {
    ($error:ty $(, $target:ident: $target_type:ty)?) => {
        #[doc = concat!("Sets the grants", $(" of a ", stringify!($target),)? ", in place of all others.")]
        ///
        /// By default, a new deployment has none, and an update retains those of the active
        /// revision.
        pub fn grants(self, $($target: $target_type,)? grants: $crate::policy::Grants) -> Self {
            self.change_terms($($target,)? |terms| terms.grants = Some(grants))
        }

        #[doc = concat!("Sets the limits", $(" of a ", stringify!($target),)? ".")]
        ///
        /// `Limits` set all of them, a `LimitsChange` only some. By default, a new deployment has
        /// those of the host, and an update retains those of the active revision.
        pub fn limits(
            self,
            $($target: $target_type,)?
            limits: impl ::core::convert::Into<$crate::LimitsChange>,
        ) -> Self {
            self.change_terms($($target,)? |terms| terms.limits.merge(limits.into()))
        }

        #[doc = concat!("Sets the instancing mode", $(" of a ", stringify!($target),)? ".")]
        ///
        /// By default, a new deployment has the one that its component declares, and an update
        /// retains that of the active revision.
        pub fn instancing(
            self,
            $($target: $target_type,)?
            instancing: $crate::Instancing,
        ) -> Self {
            self.change_terms($($target,)? |terms| terms.instancing = Some(instancing))
        }

        #[doc = concat!("Sets the enforcement mode of the grants", $(" of a ", stringify!($target),)? ".")]
        ///
        /// By default, the grants of a new deployment are enforced, and an update retains the mode
        /// of the active revision.
        pub fn enforcement(
            self,
            $($target: $target_type,)?
            enforcement: $crate::policy::Enforcement,
        ) -> Self {
            self.change_terms($($target,)? |terms| terms.enforcement = Some(enforcement))
        }

        #[doc = concat!("Selects the deployment that serves an imported interface", $(" of a ", stringify!($target),)? ".")]
        ///
        /// Needed only where several could. `interface` has no version, as in `acme:store/kv`;
        /// `deployment` is the name of the deployment. An update retains the selections of the
        /// active revision for other interfaces.
        ///
        /// # Errors
        ///
        /// Fails if `deployment` is not a valid component name.
        pub fn link(
            self,
            $($target: $target_type,)?
            interface: &str,
            deployment: &str,
        ) -> ::core::result::Result<Self, $error> {
            let (interface, deployment) = (interface.to_owned(), deployment.parse()?);
            Ok(self.change_terms($($target,)? |terms| {
                terms.links.insert(interface, deployment);
            }))
        }

        #[doc = concat!("Sets every term", $(" of a ", stringify!($target),)? " that `change` sets.")]
        ///
        /// The others stay as they are.
        pub fn terms(self, $($target: $target_type,)? change: $crate::terms::TermsChange) -> Self {
            self.change_terms($($target,)? |terms| terms.merge(change))
        }
    };
}

impl Terms {
    /// Returns terms with these limits and this instancing mode: no grants, which are enforced, and
    /// no links.
    #[must_use]
    pub fn new(limits: Limits, instancing: Instancing) -> Self {
        Self {
            grants: Grants::new(),
            fixed: FixedTerms {
                instancing,
                limits,
                enforcement: Enforcement::default(),
                links: BTreeMap::new(),
            },
        }
    }

    /// Checks that a component can run under these terms.
    ///
    /// # Errors
    ///
    /// [`TermsError`] if the limits are out of range.
    pub fn check(&self) -> Result<(), TermsError> {
        Ok(self.fixed.limits.check()?)
    }

    /// Returns the differences from these terms to the next ones, one per entry and without the
    /// values of rules. Compares those links that `next` has.
    #[must_use]
    pub fn differences(&self, next: &Self) -> Vec<String> {
        let mut differences = self.grants.differences(&next.grants);
        let now = &self.fixed;
        let FixedTerms {
            instancing,
            limits,
            enforcement,
            links,
        } = &next.fixed;
        if now.instancing != *instancing {
            differences.push(format!("instancing: {} -> {instancing}", now.instancing));
        }
        if now.limits != *limits {
            differences.push("limits changed".into());
        }
        for (interface, deployment) in links {
            let before = now.links.get(interface);
            if before != Some(deployment) {
                let before = before.map_or("-", ComponentName::as_str);
                differences.push(format!("{interface}: {before} -> {deployment}"));
            }
        }
        if now.enforcement != *enforcement {
            let is_audit_only = *enforcement == Enforcement::AuditOnly;
            differences.push(format!("audit-only: {is_audit_only}"));
        }
        differences
    }
}

impl TermsChange {
    terms_setters!(ComponentNameError);

    fn change_terms(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Adds a later change: what it sets replaces what this one sets.
    pub fn merge(&mut self, later: Self) {
        let Self {
            grants,
            limits,
            instancing,
            links,
            enforcement,
        } = later;
        self.grants = grants.or(self.grants.take());
        self.limits.merge(limits);
        self.instancing = instancing.or(self.instancing);
        self.links.extend(links);
        self.enforcement = enforcement.or(self.enforcement);
    }

    /// Returns the terms with this change: each term that is set here replaces the one there. Links
    /// are added.
    #[must_use]
    pub fn apply_to(self, terms: Terms) -> Terms {
        let Terms { grants, fixed } = terms;
        let mut links = fixed.links;
        links.extend(self.links);
        Terms {
            grants: self.grants.unwrap_or(grants),
            fixed: FixedTerms {
                instancing: self.instancing.unwrap_or(fixed.instancing),
                limits: self.limits.apply_to(fixed.limits),
                enforcement: self.enforcement.unwrap_or(fixed.enforcement),
                links,
            },
        }
    }

    /// Returns the names of the methods that would set the same terms: `grants`, `limits` and so
    /// on. Empty if no term is set.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let Self {
            grants,
            limits,
            instancing,
            links,
            enforcement,
        } = self;
        let names = [
            ("grants", grants.is_some()),
            ("limits", !limits.is_empty()),
            ("instancing", instancing.is_some()),
            ("link", !links.is_empty()),
            ("enforcement", enforcement.is_some()),
        ];
        let set = names.into_iter().filter(|(_, is_set)| *is_set);
        set.map(|(name, _)| name)
    }
}

impl From<Terms> for TermsChange {
    /// Sets every term.
    fn from(Terms { grants, fixed }: Terms) -> Self {
        Self {
            grants: Some(grants),
            limits: fixed.limits.into(),
            instancing: Some(fixed.instancing),
            links: fixed.links,
            enforcement: Some(fixed.enforcement),
        }
    }
}

#[cfg(feature = "serde")]
impl TermsChange {
    /// The keys of the text form.
    pub const KEYS: &[&str] = &["grants", "limits", "instancing", "links", "audit-only"];

    /// Reads the value of one of the [`KEYS`](Self::KEYS). `null` sets nothing.
    ///
    /// The inner result is that of the texts in the value: a rule, a name or a mode that is not
    /// valid fails with [`TermsError`]. A caller that reads many deployments from one file can keep
    /// this error for the deployment that it concerns.
    ///
    /// # Errors
    ///
    /// The error of the deserializer, if the value does not have the expected type or keys.
    pub fn read_key<'de, D: serde::Deserializer<'de>>(
        &mut self,
        key: &str,
        value: D,
    ) -> Result<Result<(), TermsError>, D::Error> {
        use serde::Deserialize as _;
        use text::{read, read_text};
        Ok(match key {
            "grants" => read_text(value, &mut self.grants, |rules: GrantRules| rules.parse())?,
            "limits" => {
                self.limits = Option::deserialize(value)?.unwrap_or_default();
                Ok(())
            }
            "instancing" => read_text(value, &mut self.instancing, |text: String| text.parse())?,
            "links" => text::read_links(value, &mut self.links)?,
            "audit-only" => Ok(read(value, &mut self.enforcement)?),
            _ => return Err(serde::de::Error::unknown_field(key, Self::KEYS)),
        })
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "json")]
    use std::collections::BTreeSet;

    use super::*;

    fn terms() -> Terms {
        Terms::new(Limits::default(), Instancing::PerCall)
    }

    /// A change that sets every term.
    fn full_change() -> TermsChange {
        let limits = Limits {
            handles_max: 7,
            ..Limits::default()
        };
        TermsChange::default()
            .grants(
                "config mood value=calm\ndeny env LANG"
                    .parse()
                    .expect("grants"),
            )
            .limits(limits)
            .instancing(Instancing::pooled(2))
            .enforcement(Enforcement::AuditOnly)
            .link("acme:store/kv", "store")
            .expect("a name")
    }

    #[test]
    fn a_change_sets_its_terms_and_no_others() {
        assert_eq!(TermsChange::default().apply_to(terms()), terms());
        let full = full_change().apply_to(terms());
        assert_eq!(TermsChange::from(full.clone()), full_change());
        let instancing = TermsChange::default().instancing(Instancing::Stateful);
        let changed = instancing.apply_to(full.clone());
        assert_eq!(
            full.differences(&changed),
            ["instancing: pooled 2 -> stateful"]
        );
    }

    #[test]
    fn a_later_change_replaces_an_earlier_one() {
        let mut change = full_change();
        let later = TermsChange::default()
            .instancing(Instancing::Stateful)
            .link("acme:store/log", "log")
            .expect("a name");
        change.merge(later);
        assert_eq!(change.instancing, Some(Instancing::Stateful));
        assert_eq!(
            (change.links.len(), change.limits),
            (2, full_change().limits)
        );
        let whole = TermsChange::default().instancing(Instancing::Stateful);
        assert_eq!(whole.terms(full_change()), full_change());
    }

    #[test]
    fn every_difference_is_listed() {
        let full = full_change().apply_to(terms());
        assert!(full.differences(&full).is_empty());
        assert_eq!(
            terms().differences(&full),
            [
                "+ allow config mood",
                "+ deny env LANG",
                "instancing: per-call -> pooled 2",
                "limits changed",
                "acme:store/kv: - -> store",
                "audit-only: true",
            ]
        );
    }

    #[test]
    fn the_terms_that_are_set_have_names() {
        assert_eq!(TermsChange::default().names().count(), 0);
        assert_eq!(
            full_change().names().collect::<Vec<_>>(),
            ["grants", "limits", "instancing", "link", "enforcement"]
        );
    }

    #[test]
    fn invalid_terms_are_refused() {
        let limits = Limits {
            memory_bytes_max: 0,
            ..Limits::default()
        };
        let error = Terms::new(limits, Instancing::PerCall).check();
        assert!(matches!(error, Err(TermsError::Limits(_))), "{error:?}");
        assert_eq!(terms().check(), Ok(()));
    }

    #[cfg(feature = "json")]
    #[test]
    fn every_key_of_a_change_is_written_and_read() {
        let json = serde_json::to_value(full_change()).expect("JSON");
        let object = json.as_object().expect("an object");
        let keys: BTreeSet<&str> = object.keys().map(String::as_str).collect();
        let expected: BTreeSet<&str> = TermsChange::KEYS.iter().copied().collect();
        assert_eq!(keys, expected);
        assert_eq!(
            serde_json::from_value::<TermsChange>(json).expect("a change"),
            full_change()
        );
        let nothing = serde_json::to_string(&TermsChange::default()).expect("JSON");
        assert_eq!(nothing, "{}");
    }

    #[cfg(feature = "json")]
    #[test]
    fn requests_of_earlier_clients_are_read() {
        let read = |text: &str| serde_json::from_str::<TermsChange>(text).expect(text);
        let nulls = r#"{"grants": null, "limits": null, "instancing": null, "links": null, "audit-only": null}"#;
        assert_eq!(read(nulls), TermsChange::default());
        let set = r#"{
            "grants": {"allow": ["config mood value=calm"], "deny": ["env LANG"], "run-with-less": false},
            "limits": {"handles-max": 7},
            "instancing": "pooled 2",
            "links": {"acme:store/kv": "store"},
            "audit-only": true
        }"#;
        let full = full_change().apply_to(terms());
        assert_eq!(read(set).apply_to(terms()), full);
    }

    #[cfg(feature = "json")]
    #[test]
    fn mistakes_in_a_change_are_named() {
        for (text, expected) in [
            (r#"{"grant": {}}"#, "unknown field `grant`, expected one of"),
            (r#"{"grants": {"alow": []}}"#, "unknown field `alow`"),
            (
                r#"{"grants": {"allow": ["file-raed /x"]}}"#,
                "did you mean `file-read`?",
            ),
            (
                r#"{"limits": {"memory": "1MiB"}}"#,
                "unknown field `memory`",
            ),
            (r#"{"instancing": "many"}"#, "write `per-call`"),
            (r#"{"links": {"acme:store/kv": "No"}}"#, "`No`"),
            (r#"{"audit-only": "yes"}"#, "expected a boolean"),
            (
                r#"{"instancing": "stateful", "instancing": "stateful"}"#,
                "duplicate field",
            ),
        ] {
            let error = serde_json::from_str::<TermsChange>(text).expect_err(text);
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }

    #[cfg(feature = "json")]
    #[test]
    fn stored_terms_are_read() {
        let stored = r#"{"instancing":"pooled 2","limits":{"handles-max":7},"audit-only":true,"bound":{"acme:store/kv":"store"}}"#;
        let read: FixedTerms = serde_json::from_str(stored).expect("terms");
        assert_eq!(read, full_change().apply_to(terms()).fixed);
        let written = serde_json::to_value(&read).expect("JSON");
        let object = written.as_object().expect("an object");
        let keys: BTreeSet<&str> = object.keys().map(String::as_str).collect();
        let expected = ["audit-only", "bound", "instancing", "limits"];
        assert_eq!(keys, expected.into());
    }
}
