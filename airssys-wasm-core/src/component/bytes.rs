//! Reads a component from its bytes.
//!
//! Tests: in this file.

use std::sync::Arc;

use semver::Version;
use wit_component::DecodedWasm;

use super::sections::CustomSections;
use super::{ComponentError, Digest};
use crate::bounds::COMPONENT_BYTES_MAX;
use crate::policy::RequestedCapabilities;
use crate::world::{self, World};
use crate::{ComponentName, Instancing, Requests};

/// A component: immutable bytes with a typed world.
///
/// Name, version and description come from the standard metadata sections of the component if it
/// has them, otherwise from the metadata that `#[component]` of the SDK embeds. A component built
/// without the SDK may lack any of them; set them with [`with_name`](Self::with_name) and
/// [`with_version`](Self::with_version).
///
/// ```
/// use airssys_wasm_core::Component;
///
/// let bytes = wat::parse_str(r#"(component)"#)?;
/// let component = Component::from_bytes(bytes)?.with_name("empty".parse()?);
/// assert_eq!(component.name().map(|name| name.as_str()), Some("empty"));
/// assert_eq!(component.requested(), &airssys_wasm_core::policy::RequestedCapabilities::Unlisted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Component {
    bytes: Arc<[u8]>,
    digest: Digest,
    name: Option<ComponentName>,
    version: Option<Version>,
    description: Option<String>,
    instancing: Option<Instancing>,
    requested: RequestedCapabilities,
    uses_async: bool,
    world: Arc<World>,
}

impl Component {
    /// Reads a component from bytes.
    ///
    /// # Errors
    ///
    /// Fails with [`ComponentError`] if the bytes are not a component, or if a section defined by
    /// this project is malformed.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Result<Self, ComponentError> {
        let bytes = bytes.into();
        check_size(bytes.len())?;
        check_preamble(&bytes)?;
        let CustomSections {
            standard,
            metadata,
            requests,
            is_async,
            ..
        } = CustomSections::read(&bytes)?;
        let world = decode_world(&bytes)?;
        Ok(Self {
            digest: Digest::compute(&bytes),
            name: standard.name.or(metadata.name),
            version: standard.version.or(metadata.version),
            description: standard.description.or(metadata.description),
            instancing: metadata.instancing,
            requested: requests.map_or(
                RequestedCapabilities::Unlisted,
                RequestedCapabilities::Listed,
            ),
            uses_async: is_async || world.is_async(),
            world: Arc::new(world),
            bytes,
        })
    }

    /// Returns the component with another name. The bytes stay the same.
    #[must_use]
    pub fn with_name(self, name: ComponentName) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// Returns the component with another version. The bytes stay the same.
    #[must_use]
    pub fn with_version(self, version: Version) -> Self {
        Self {
            version: Some(version),
            ..self
        }
    }

    /// The bytes of the component.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The name of the component, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&ComponentName> {
        self.name.as_ref()
    }

    /// The version of the component, if it has one.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// The description of the component, if it has one.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The instancing that the author chose, if any.
    #[must_use]
    pub fn instancing(&self) -> Option<Instancing> {
        self.instancing
    }

    /// The capabilities that the component requests. A request grants nothing.
    #[must_use]
    pub fn requested(&self) -> &RequestedCapabilities {
        &self.requested
    }

    /// Returns the component with a list of requests. A component that already has a list keeps it.
    #[must_use]
    pub fn with_requests(self, requests: Requests) -> Self {
        match self.requested {
            RequestedCapabilities::Unlisted => Self {
                requested: RequestedCapabilities::Listed(requests),
                ..self
            },
            RequestedCapabilities::Listed(_) => self,
        }
    }

    /// The imports and exports of the component with their types.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Returns `true` if the component needs a runtime with Component Model async.
    #[must_use]
    pub fn uses_async(&self) -> bool {
        self.uses_async
    }
}

fn check_size(bytes: usize) -> Result<(), ComponentError> {
    if bytes > COMPONENT_BYTES_MAX {
        Err(ComponentError::TooLarge { bytes })
    } else {
        Ok(())
    }
}

fn check_preamble(bytes: &[u8]) -> Result<(), ComponentError> {
    const MAGIC: &[u8] = b"\0asm";
    match bytes {
        [] => Err(ComponentError::NotWasm {
            found: "no bytes".into(),
        }),
        _ if !bytes.starts_with(&MAGIC[..bytes.len().min(4)]) => Err(ComponentError::NotWasm {
            found: describe_bytes(bytes),
        }),
        [_, _, _, _, _, _, 0, 0, ..] => Err(ComponentError::CoreModule),
        [_, _, _, _, _, _, _, _, ..] => Ok(()),
        _ => Err(ComponentError::Truncated {
            length: bytes.len(),
            problem: "the preamble has 8 bytes".into(),
        }),
    }
}

fn describe_bytes(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(16)];
    if start.starts_with(b"\x7fELF") {
        return "a native executable (ELF)".into();
    }
    match std::str::from_utf8(start) {
        Ok(text)
            if text.trim_start().starts_with("(component")
                || text.trim_start().starts_with("(module") =>
        {
            "WebAssembly text; turn it into bytes first, for example with `wasm-tools parse`".into()
        }
        Ok(text) => format!("it begins with the text {text:?}"),
        Err(_) => format!(
            "it begins with the bytes {}",
            hex::encode(&start[..start.len().min(4)])
        ),
    }
}

fn decode_world(bytes: &[u8]) -> Result<World, ComponentError> {
    match wit_component::decode(bytes) {
        Ok(DecodedWasm::Component(resolve, id)) => {
            world::decode(&resolve, id).map_err(|too_large| ComponentError::World {
                problem: too_large.to_string(),
            })
        }
        Ok(DecodedWasm::WitPackage(..)) => Err(ComponentError::WitPackage),
        Err(error) => Err(ComponentError::World {
            problem: format!("{error:#}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREETER: &str = r#"
        (component
          (core module $m
            (@custom "airssys:component" "airssys:component 1\nname greeter\nversion 1.2.3\n")
            (@custom "airssys:capabilities" "airssys:capabilities 1\nfile-read /data\n")
            (func (export "f") (param i32) (result i32) local.get 0))
          (core instance $i (instantiate $m))
          (func $f (param "n" u32) (result u32) (canon lift (core func $i "f")))
          (instance $api (export "double" (func $f)))
          (export "demo:math/api@1.0.0" (instance $api)))
    "#;

    fn component(text: &str) -> Component {
        Component::from_bytes(wat::parse_str(text).expect("valid text")).expect("a component")
    }

    #[test]
    fn reads_identity_requests_and_world() {
        let component = component(GREETER);
        assert_eq!(component.name().map(ComponentName::as_str), Some("greeter"));
        assert_eq!(component.version(), Some(&Version::new(1, 2, 3)));
        assert_eq!(texts(&component), ["file-read /data"]);
        let functions: Vec<_> = component
            .world()
            .exports
            .all_functions()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            functions,
            ["demo:math/api@1.0.0#double: func(n: u32) -> u32"]
        );
        assert!(!component.uses_async());
    }

    fn texts(component: &Component) -> Vec<String> {
        match component.requested() {
            RequestedCapabilities::Listed(requests) => {
                requests.iter().map(|(rule, _)| rule.to_string()).collect()
            }
            RequestedCapabilities::Unlisted => Vec::new(),
        }
    }

    #[test]
    fn requests_of_nested_components_count_but_not_their_names() {
        let nested = GREETER
            .trim()
            .replacen("(component", "(component $inner", 1);
        let component = component(&format!("(component {nested})"));
        assert_eq!(component.name(), None);
        assert_eq!(texts(&component).len(), 1);
    }

    #[test]
    fn standard_metadata_takes_precedence() {
        let stamped =
            GREETER.replacen("(component", r#"(component (@custom "version" "2.0.0")"#, 1);
        let component = component(&stamped);
        assert_eq!(component.version(), Some(&Version::new(2, 0, 0)));
        assert_eq!(component.name().map(ComponentName::as_str), Some("greeter"));
    }

    #[test]
    fn errors_describe_the_bytes() {
        let module = wat::parse_str("(module)").expect("valid text");
        let component = wat::parse_str(GREETER).expect("valid text");
        let cases: [(&[u8], &str); 7] = [
            (b"", "no bytes"),
            (b"\x7fELF\x02\x01", "native executable"),
            (b"(component)", "wasm-tools parse"),
            (b"hello", "begins with the text \"hello\""),
            (b"\0asm", "truncated"),
            (&module, "wasm-tools component new"),
            (&component[..component.len() - 9], "truncated"),
        ];
        for (bytes, expected) in cases {
            let message = Component::from_bytes(bytes)
                .expect_err(expected)
                .to_string();
            assert!(message.contains(expected), "{expected}: {message}");
        }
    }

    /// Two sections within the bound that exceed it together.
    #[test]
    fn sections_are_bounded_together() {
        let lines = |n: usize| format!("file-read /{n}/{}\n", "a".repeat(4_000));
        let section = |from: usize, count: usize| {
            let lines: String = (from..from + count).map(lines).collect();
            format!(
                r#"(@custom "airssys:capabilities" "airssys:capabilities 1\n{}")"#,
                lines.replace('\n', "\\n")
            )
        };
        let read = |sections: &str| {
            Component::from_bytes(
                wat::parse_str(format!("(component {sections})")).expect("valid text"),
            )
        };
        assert!(read(&section(0, 200)).is_ok() && read(&section(200, 200)).is_ok());
        let error = read(&(section(0, 200) + &section(200, 200))).expect_err("too large");
        assert!(
            error
                .to_string()
                .contains("all sections of that name together"),
            "{error}"
        );
    }

    #[test]
    fn texts_of_other_tools_beyond_their_bounds_are_ignored() {
        let read = |description: usize, version: usize| {
            let text = format!(
                r#"(component (@custom "description" "{}") (@custom "version" "1.0.0-{}"))"#,
                "d".repeat(description),
                "v".repeat(version)
            );
            let component = component(&text);
            (
                component.description().is_some(),
                component.version().is_some(),
            )
        };
        assert_eq!(read(16 * 1024, 250), (true, true));
        assert_eq!(read(16 * 1024 + 1, 251), (false, false));
    }

    #[test]
    fn a_component_beyond_the_bound_is_refused() {
        assert_eq!(check_size(COMPONENT_BYTES_MAX), Ok(()));
        let bytes = COMPONENT_BYTES_MAX + 1;
        assert_eq!(check_size(bytes), Err(ComponentError::TooLarge { bytes }));
    }

    /// A few kilobytes whose types would take gigabytes if expanded.
    #[test]
    fn types_that_multiply_are_refused() {
        let cases: String = (0..2_000).map(|n| format!("\"case-{n}\" ")).collect();
        let uses = "$e ".repeat(2_000);
        let text = format!(
            r#"(component (import "demo:big/types" (instance
                (type $enum (enum {cases}))
                (export "e" (type $e (eq $enum)))
                (type $all (tuple {uses}))
                (export "f" (func (param "all" $all))))))"#
        );
        let bytes = wat::parse_str(text).expect("valid text");
        assert!(bytes.len() < 50_000);
        let error = Component::from_bytes(bytes)
            .expect_err("4 million cases")
            .to_string();
        assert!(error.contains("make them smaller"), "{error}");
    }

    #[test]
    fn a_malformed_section_refuses_the_component() {
        for (from, to) in [
            ("file-read /data", "file-raed /data"),
            ("version 1.2.3", "version one"),
        ] {
            let bytes = wat::parse_str(GREETER.replace(from, to)).expect("valid text");
            assert!(Component::from_bytes(bytes).is_err(), "{to}");
        }
    }
}
