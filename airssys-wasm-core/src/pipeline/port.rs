//! The text of a port: `stage.output`, `stage.function.param`.
//!
//! Only splits the text; `build` finds the function and the port that it names.
//! Tests: in this file.

/// The parts of a port as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PortText<'a> {
    pub(super) stage: &'a str,
    pub(super) function: Option<&'a str>,
    pub(super) port: &'a str,
}

impl<'a> PortText<'a> {
    /// The stage ends at the first dot and the port starts after the last one. The function is in
    /// between, and its version may contain dots.
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        let advice = "write `stage.output`, `stage.input`, or `stage.function.port`";
        let Some((stage, rest)) = text.split_once('.') else {
            return Err(format!("`{text}` does not name a port; {advice}"));
        };
        let (function, port) = match rest.rsplit_once('.') {
            Some((function, port)) => (Some(function), port),
            None => (None, rest),
        };
        if port.contains(['#', '/', ':', '@']) {
            return Err(format!(
                "`{text}` names a function but no port; add `.output` or a parameter"
            ));
        }
        if stage.is_empty() || port.is_empty() || function == Some("") {
            return Err(format!("`{text}` is incomplete; {advice}"));
        }
        Ok(Self {
            stage,
            function,
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_can_contain_dots() {
        let port = |stage, function, port| {
            Ok(PortText {
                stage,
                function,
                port,
            })
        };
        assert_eq!(PortText::parse("a.output"), port("a", None, "output"));
        assert_eq!(PortText::parse("a.f.x"), port("a", Some("f"), "x"));
        assert_eq!(
            PortText::parse("a.b:c/d@1.2.0#f.x"),
            port("a", Some("b:c/d@1.2.0#f"), "x")
        );
        for (text, expected) in [
            ("a", "does not name a port"),
            ("", "does not name a port"),
            (".output", "is incomplete"),
            ("a.", "is incomplete"),
            ("a..x", "is incomplete"),
            ("a.b:c/d@1.2.0#f", "names a function but no port"),
        ] {
            let error = PortText::parse(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
