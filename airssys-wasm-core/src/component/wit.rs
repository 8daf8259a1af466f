//! The world of a component as WIT text.

use wit_component::{DecodedWasm, WitPrinter};

use super::{Component, ComponentError};

impl Component {
    /// Returns the world of the component and the packages that it uses as WIT, like `wasm-tools
    /// component wit`.
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
    /// Fails with [`ComponentError::World`] if the world cannot be expressed in WIT.
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
