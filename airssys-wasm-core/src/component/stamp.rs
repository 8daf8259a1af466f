//! Adds missing metadata to a component.
//!
//! Tests: in this file.

use semver::Version;
use wasm_encoder::{ComponentNameSection, ComponentSection, CustomSection};

use super::{Component, ComponentError};
use crate::ComponentName;

impl Component {
    /// Returns the component with a name, a version and a description embedded in its bytes, each
    /// only if it is missing. They are written to the standard sections that registries and tools
    /// read. The digest changes if anything was added.
    ///
    /// ```
    /// use airssys_wasm_core::Component;
    /// use semver::Version;
    ///
    /// let plain = Component::from_bytes(wat::parse_str("(component)")?)?;
    /// let version = Version::new(1, 0, 0);
    /// let stamped = plain.with_missing_metadata(Some(&"greeter".parse()?), Some(&version), None)?;
    /// assert_eq!(stamped.name().map(|name| name.as_str()), Some("greeter"));
    /// assert_eq!(Component::from_bytes(stamped.bytes().to_vec())?.version(), stamped.version());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with [`ComponentError`] if the result is not a valid component, which is a bug.
    pub fn with_missing_metadata(
        self,
        name: Option<&ComponentName>,
        version: Option<&Version>,
        description: Option<&str>,
    ) -> Result<Self, ComponentError> {
        let mut bytes = self.bytes().to_vec();
        if let (Some(name), None) = (name, self.name()) {
            let mut section = ComponentNameSection::new();
            section.component(name.as_str());
            section.append_to_component(&mut bytes);
        }
        let texts = [
            (
                "version",
                version
                    .filter(|_| self.version().is_none())
                    .map(ToString::to_string),
            ),
            (
                "description",
                description
                    .filter(|_| self.description().is_none())
                    .map(str::to_owned),
            ),
        ];
        for (name, text) in texts {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                let section = CustomSection {
                    name: name.into(),
                    data: text.as_bytes().into(),
                };
                section.append_to_component(&mut bytes);
            }
        }
        if bytes.len() == self.bytes().len() {
            Ok(self)
        } else {
            Self::from_bytes(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn existing_metadata_is_kept() {
        let bytes = wat::parse_str(r#"(component (@custom "version" "2.0.0"))"#).expect("text");
        let component = Component::from_bytes(bytes).expect("a component");
        let name = "demo:greeter".parse().expect("a name");
        let stamped = component.with_missing_metadata(
            Some(&name),
            Some(&Version::new(1, 0, 0)),
            Some("It greets."),
        );
        let stamped = stamped.expect("a component");
        assert_eq!(stamped.version(), Some(&Version::new(2, 0, 0)));
        assert_eq!(
            (stamped.name(), stamped.description()),
            (Some(&name), Some("It greets."))
        );
        let again = stamped
            .clone()
            .with_missing_metadata(Some(&name), None, Some("Other"))
            .expect("a component");
        assert_eq!(again.digest(), stamped.digest());
    }
}
