//! A single pass over the bytes that reads custom sections and detects the use of Component Model
//! async.
//!
//! Sections written by a guest's compiler are in a core module nested in the component, and a
//! composed component nests several components. Metadata is read only from the outermost component
//! and its own modules; requests are collected at every depth, because all of it will run.
//! Tests: `airssys-wasm-core/src/component/bytes.rs`.

use semver::Version;
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentName as NameSubsection, CustomSectionReader,
    Encoding, KnownCustom, Parser, Payload,
};

use super::{ComponentError, ComponentMetadata, MetadataError};
use crate::bounds::{DESCRIPTION_BYTES_MAX, VERSION_BYTES_MAX};
use crate::section::{self, ABOUT, CAPABILITIES};
use crate::{ComponentName, Requests, RequestsError};

/// The results of the pass.
#[derive(Default)]
pub(super) struct CustomSections {
    pub(super) standard: StandardMetadata,
    pub(super) metadata: ComponentMetadata,
    /// `None` if no section has requests.
    pub(super) requests: Option<Requests>,
    /// The number of bytes in sections of requests so far.
    requests_bytes: usize,
    /// The number of bytes in metadata sections so far.
    metadata_bytes: usize,
    /// `true` if a canonical definition needs Component Model async.
    pub(super) is_async: bool,
}

/// The standard metadata of the outermost component, written by registries and other tools. A name
/// or version in a different format, or text beyond its bound, is ignored because it was written
/// for other tools.
#[derive(Default)]
pub(super) struct StandardMetadata {
    pub(super) name: Option<ComponentName>,
    pub(super) version: Option<Version>,
    pub(super) description: Option<String>,
}

impl CustomSections {
    /// Reads the sections in `bytes`, which need not be valid beyond their framing.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ComponentError> {
        let mut sections = Self::default();
        let mut nesting: Vec<Encoding> = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload =
                payload.map_err(|error| ComponentError::from_parser_error(bytes, &error))?;
            match payload {
                Payload::Version { encoding, .. } => nesting.push(encoding),
                Payload::End(_) => {
                    nesting.pop();
                }
                Payload::CustomSection(section) => {
                    sections.read_custom(&section, &nesting)?;
                }
                Payload::ComponentCanonicalSection(section) => {
                    for canonical in section {
                        let canonical = canonical
                            .map_err(|error| ComponentError::from_parser_error(bytes, &error))?;
                        sections.is_async |= needs_async(&canonical);
                    }
                }
                _ => {}
            }
        }
        Ok(sections)
    }

    fn read_custom(
        &mut self,
        section: &CustomSectionReader<'_>,
        nesting: &[Encoding],
    ) -> Result<(), ComponentError> {
        match section.name() {
            CAPABILITIES => {
                self.requests_bytes += section.data().len();
                section::check_size(CAPABILITIES, self.requests_bytes)
                    .map_err(RequestsError::from)?;
                let requests = Requests::from_section(section.data())?;
                self.requests.get_or_insert_default().merge(requests)?;
            }
            ABOUT if belongs_to_outermost(nesting) => {
                self.metadata_bytes += section.data().len();
                section::check_size(ABOUT, self.metadata_bytes).map_err(MetadataError::from)?;
                self.metadata = ComponentMetadata::from_section(section.data())?;
            }
            _ if nesting == [Encoding::Component] => self.standard.read(section),
            _ => {}
        }
        Ok(())
    }
}

impl StandardMetadata {
    fn read(&mut self, section: &CustomSectionReader<'_>) {
        let text = |bytes_max| {
            let data =
                Some(section.data()).filter(|data| !data.is_empty() && data.len() <= bytes_max)?;
            std::str::from_utf8(data).ok()
        };
        match section.name() {
            "version" => {
                self.version = text(VERSION_BYTES_MAX).and_then(|text| Version::parse(text).ok());
            }
            "description" => self.description = text(DESCRIPTION_BYTES_MAX).map(str::to_owned),
            "component-name" => {
                self.name = standard_name(section).and_then(|name| name.parse().ok())
            }
            _ => {}
        }
    }
}

fn standard_name<'a>(section: &CustomSectionReader<'a>) -> Option<&'a str> {
    let KnownCustom::ComponentName(subsections) = section.as_known() else {
        return None;
    };
    subsections
        .into_iter()
        .find_map(|subsection| match subsection {
            Ok(NameSubsection::Component { name, .. }) => Some(name),
            _ => None,
        })
}

fn belongs_to_outermost(nesting: &[Encoding]) -> bool {
    matches!(
        nesting,
        [Encoding::Component] | [Encoding::Component, Encoding::Module]
    )
}

fn needs_async(canonical: &CanonicalFunction) -> bool {
    let has_async = |options: &[CanonicalOption]| {
        options.iter().any(|option| {
            matches!(
                option,
                CanonicalOption::Async | CanonicalOption::Callback(_)
            )
        })
    };
    match canonical {
        CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => {
            has_async(options)
        }
        CanonicalFunction::ResourceNew { .. }
        | CanonicalFunction::ResourceDrop { .. }
        | CanonicalFunction::ResourceRep { .. } => false,
        _ => true,
    }
}
