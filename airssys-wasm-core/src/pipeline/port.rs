//! The text of a port: `stage.output`, `stage.function.param`.
//!
//! Cuts only; which function and which port it means is found in `build`.
//! Tests: below.

/// A port as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PortText<'a> {
    pub(super) stage: &'a str,
    pub(super) function: Option<&'a str>,
    pub(super) port: &'a str,
}

impl<'a> PortText<'a> {
    /// The stage goes up to the first dot and the port begins after the last; between
    /// them stands the function, whose version may have dots of its own.
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        let advice = "write `stage.output`, `stage.input`, or `stage.function.port`";
        let Some((stage, rest)) = text.split_once('.') else {
            return Err(format!("`{text}` names no port; {advice}"));
        };
        let (function, port) = match rest.rsplit_once('.') {
            Some((function, port)) => (Some(function), port),
            None => (None, rest),
        };
        if port.contains(['#', '/', ':', '@']) {
            return Err(format!(
                "`{text}` names a function and no port; add `.output` or a parameter"
            ));
        }
        if stage.is_empty() || port.is_empty() || function == Some("") {
            return Err(format!("`{text}` lacks a part; {advice}"));
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
    fn versions_have_dots_of_their_own() {
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
            ("a", "names no port"),
            ("", "names no port"),
            (".output", "lacks a part"),
            ("a.", "lacks a part"),
            ("a..x", "lacks a part"),
            ("a.b:c/d@1.2.0#f", "names a function and no port"),
        ] {
            let error = PortText::parse(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
