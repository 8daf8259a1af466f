//! The world of a component as a text in WIT.
//!
//! Tests: below.

use wit_component::{DecodedWasm, WitPrinter};

use super::{Component, ComponentError};

impl Component {
    /// Its world, and the packages that it is made of, as WIT: what `wasm-tools component wit`
    /// prints.
    ///
    /// ```
    /// use airssys_wasm_core::Component;
    ///
    /// let bytes = wat::parse_str(r#"(component (import "acme:store/kv@1.0.0" (instance)))"#)?;
    /// let wit = Component::from_bytes(bytes)?.wit()?;
    /// assert!(wit.contains("import acme:store/kv@1.0.0;"), "{wit}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ComponentError::World`] if it has something that WIT has no words for.
    pub fn wit(&self) -> Result<String, ComponentError> {
        let failed = |error: &dyn std::fmt::Display| ComponentError::World {
            problem: format!("{error:#}"),
        };
        let decoded = wit_component::decode(self.bytes()).map_err(|error| failed(&error))?;
        let package = decoded.package();
        let (DecodedWasm::Component(resolve, _) | DecodedWasm::WitPackage(resolve, _)) = &decoded;
        let others: Vec<_> = resolve
            .packages
            .iter()
            .map(|(id, _)| id)
            .filter(|id| *id != package)
            .collect();
        let mut printer = WitPrinter::default();
        printer
            .print(resolve, package, &others)
            .map_err(|error| failed(&error))?;
        Ok(printer.output.to_string())
    }
}
