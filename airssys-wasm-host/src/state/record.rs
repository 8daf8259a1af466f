//! The records of deployments and pipelines, and their encoding.
//!
//! Format 1 is JSON after a checksum. Rules stay text until they are needed: a start reads
//! thousands of records and needs the rules of few.
//!
//! Tests: in this file.

use std::collections::BTreeSet;
use std::sync::Arc;

use airssys_wasm_core::policy::RequestedCapabilities;
use airssys_wasm_core::terms::FixedTerms;
use airssys_wasm_core::{ComponentName, Digest, Requests};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::text;
use crate::disk::checksum_bytes;
use crate::{Component, Error, ErrorKind, Result};

/// A deployment with all its retained revisions.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DeploymentRecord {
    /// The number of the active revision.
    #[serde(rename = "serving")]
    pub(crate) active: u64,
    /// The numbers of the revisions that were active before, most recent last.
    pub(crate) served: Vec<u64>,
    pub(crate) last_number: u64,
    /// In the order in which they became active.
    pub(crate) revisions: Vec<RevisionRecord>,
    /// The component of an update that awaits approval.
    pub(crate) waiting: Option<ComponentRecord>,
    /// The pipeline that it is a stage of.
    #[serde(with = "text::option")]
    pub(crate) pipeline: Option<ComponentName>,
}

/// A component as it was deployed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ComponentRecord {
    #[serde(with = "text")]
    pub(crate) digest: Digest,
    #[serde(with = "text::option")]
    pub(crate) name: Option<ComponentName>,
    #[serde(with = "text::option")]
    pub(crate) version: Option<Version>,
    pub(crate) description: Option<String>,
    /// In the format of the metadata section; `None` if the component has none.
    pub(crate) requests: Option<String>,
    /// The components that it was fused from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<ComponentRecord>,
}

/// A revision and the configuration that it runs under.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RevisionRecord {
    pub(crate) number: u64,
    pub(crate) component: ComponentRecord,
    #[serde(flatten)]
    pub(crate) terms: FixedTerms,
    /// In TOML.
    pub(crate) grants: String,
    /// The revocations that the grants lifted, as text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lifted: Vec<String>,
    /// The deployments that serve its imports.
    pub(crate) linked: BTreeSet<String>,
    pub(crate) pooled: bool,
}

impl DeploymentRecord {
    /// The active revision.
    pub(crate) fn active(&self) -> Option<&RevisionRecord> {
        self.revisions
            .iter()
            .find(|revision| revision.number == self.active)
    }

    /// The digests of all bytes that it needs.
    pub(crate) fn digests(&self) -> impl Iterator<Item = Digest> {
        let components = self
            .revisions
            .iter()
            .map(|revision| &revision.component)
            .chain(&self.waiting);
        components.flat_map(ComponentRecord::digests)
    }
}

impl ComponentRecord {
    pub(crate) fn from_component(component: &Component) -> Self {
        Self {
            digest: component.digest(),
            name: component.name().cloned(),
            version: component.version().cloned(),
            description: component.description().map(str::to_owned),
            requests: match component.requested() {
                RequestedCapabilities::Listed(requests) => Some(requests.to_section()),
                RequestedCapabilities::Unlisted => None,
            },
            parts: component.parts().iter().map(Self::from_component).collect(),
        }
    }

    fn digests(&self) -> impl Iterator<Item = Digest> {
        std::iter::once(self.digest).chain(self.parts.iter().map(|part| part.digest))
    }

    /// Returns the component's requests.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateDamaged`] if they cannot be read.
    pub(crate) fn requested(&self) -> Result<RequestedCapabilities> {
        let Some(text) = &self.requests else {
            return Ok(RequestedCapabilities::Unlisted);
        };
        let requests = Requests::from_section(text.as_bytes()).map_err(|error| {
            let message = format!("its stored requests cannot be read: {error}");
            Error::new(ErrorKind::StateDamaged, message)
        })?;
        Ok(RequestedCapabilities::Listed(requests))
    }

    /// Rebuilds the component. `bytes` loads bytes by their digest.
    pub(super) fn to_component(
        &self,
        bytes: &impl Fn(Digest) -> Result<Arc<[u8]>>,
    ) -> Result<Component> {
        let parts = self
            .parts
            .iter()
            .map(|part| part.to_component(bytes))
            .collect::<Result<_>>()?;
        let mut component = Component::from_bytes(bytes(self.digest)?)?.with_parts(parts);
        if let Some(name) = &self.name {
            component = component.with_name(name.as_str())?;
        }
        if let Some(version) = &self.version {
            component = component.with_version(version.clone());
        }
        Ok(match self.requested()? {
            RequestedCapabilities::Listed(requests) => component.with_requests(requests),
            RequestedCapabilities::Unlisted => component,
        })
    }
}

/// A pipeline. Its stages are the deployments with its name in `pipeline`; their components are the
/// active ones.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PipelineRecord {
    /// In JSON.
    pub(crate) definition: String,
    /// The indexes of the stages that each deployment runs.
    pub(crate) units: Vec<Vec<usize>>,
    /// The digests of the components initially in each stage.
    pub(crate) digests: Vec<String>,
}

/// Encodes a record.
pub(super) fn to_bytes<T: Serialize + ?Sized>(record: &T) -> Result<Vec<u8>, serde_json::Error> {
    let text = serde_json::to_vec(record)?;
    Ok([checksum_bytes(&text).as_bytes(), &text].concat())
}

/// Decodes a record.
///
/// # Errors
///
/// A description of the problem with the bytes.
pub(super) fn from_bytes<T: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Result<T, String> {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or("it has no checksum")?;
    let (checksum, text) = bytes.split_at(end + 1);
    if checksum_bytes(text).as_bytes() != checksum {
        return Err("its checksum does not match".into());
    }
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use airssys_wasm_core::terms::{Terms, TermsChange};
    use airssys_wasm_core::{Instancing, Limits};

    use super::*;

    fn record() -> DeploymentRecord {
        let component = ComponentRecord {
            digest: Digest::compute(b"bytes"),
            name: Some("demo:greeter".parse().expect("a name")),
            version: Some(Version::new(1, 2, 3)),
            description: None,
            requests: Some("airssys:capabilities 1\n".into()),
            parts: Vec::new(),
        };
        let fused = ComponentRecord {
            parts: vec![ComponentRecord {
                digest: Digest::compute(b"part"),
                ..component.clone()
            }],
            ..component.clone()
        };
        let links = TermsChange::default().link("acme:store/kv", "store");
        let terms = Terms::new(Limits::default(), Instancing::pooled(4));
        let terms = links.expect("a name").apply_to(terms);
        let revision = RevisionRecord {
            number: 7,
            component: fused,
            terms: terms.fixed,
            grants: "allow = []\n".into(),
            lifted: vec!["config a".into()],
            linked: BTreeSet::from(["store".into()]),
            pooled: true,
        };
        DeploymentRecord {
            active: 7,
            served: vec![3],
            last_number: 9,
            revisions: vec![revision],
            waiting: Some(ComponentRecord {
                name: None,
                version: None,
                requests: None,
                ..component
            }),
            pipeline: Some("demo:pipe".parse().expect("a name")),
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let bytes = to_bytes(&record()).expect("bytes");
        assert_eq!(from_bytes::<DeploymentRecord>(&bytes), Ok(record()));
        assert_eq!(record().digests().count(), 3);
        assert_eq!(record().active().map(|revision| revision.number), Some(7));
    }

    #[test]
    fn one_changed_byte_is_detected() {
        let bytes = to_bytes(&record()).expect("bytes");
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert!(
                from_bytes::<DeploymentRecord>(&damaged).is_err(),
                "byte {place}"
            );
            assert!(
                from_bytes::<DeploymentRecord>(&bytes[..place]).is_err(),
                "cut at {place}"
            );
        }
    }

    #[test]
    fn unknown_fields_are_rejected() {
        let json = serde_json::to_value(record()).expect("json");
        for place in ["", "/revisions/0", "/revisions/0/limits"] {
            let mut json = json.clone();
            json.pointer_mut(place).expect(place)["colour"] = "red".into();
            let bytes = to_bytes(&json).expect("bytes");
            let problem = from_bytes::<DeploymentRecord>(&bytes).expect_err("of another format");
            assert!(problem.contains("unknown field `colour`"), "{problem}");
        }
    }

    /// A revision has the keys of the first format, so that earlier versions read it as well.
    #[test]
    fn the_terms_of_a_revision_are_keys_of_the_revision() {
        let json = serde_json::to_value(&record().revisions[0]).expect("json");
        let object = json.as_object().expect("an object");
        let keys: BTreeSet<&str> = object.keys().map(String::as_str).collect();
        let expected = [
            "audit-only",
            "bound",
            "component",
            "grants",
            "instancing",
            "lifted",
            "limits",
            "linked",
            "number",
            "pooled",
        ];
        assert_eq!(keys, expected.into());
        assert_eq!(json["instancing"], "pooled 4");
        assert_eq!(json["bound"]["acme:store/kv"], "store");
        assert_eq!(json["audit-only"], false);
    }
}
