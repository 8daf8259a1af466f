//! Encodes `multipart/form-data` bodies.
//!
//! Tests: in this file.

use bytes::Bytes;

/// The prefix of the boundary between parts. The boundary must occur in no part, and components are
/// binary, so it is extended until that holds.
const BOUNDARY: &str = "airssys-wasm-part";

/// A `multipart/form-data` body under construction.
#[derive(Default)]
pub(crate) struct MultipartForm {
    parts: Vec<(String, &'static str, Vec<u8>)>,
}

impl MultipartForm {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with_part(
        mut self,
        name: &str,
        content_type: &'static str,
        bytes: &[u8],
    ) -> Self {
        self.parts
            .push((name.to_owned(), content_type, bytes.to_vec()));
        self
    }

    /// Returns the content type and the encoded body.
    pub(crate) fn encode(self) -> (String, Bytes) {
        let boundary = self.boundary();
        let mut bytes = Vec::new();
        for (name, content_type, part) in &self.parts {
            let head = format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\ncontent-type: {content_type}\r\n\r\n"
            );
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(part);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (
            format!("multipart/form-data; boundary={boundary}"),
            bytes.into(),
        )
    }

    fn boundary(&self) -> String {
        let is_in = |boundary: &str, part: &[u8]| {
            part.windows(boundary.len())
                .any(|window| window == boundary.as_bytes())
        };
        let mut boundary = BOUNDARY.to_owned();
        while self.parts.iter().any(|(_, _, part)| is_in(&boundary, part)) {
            boundary.push('x');
        }
        boundary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_occurs_in_no_part() {
        let form = MultipartForm::new()
            .with_part("a", "text/plain", b"--airssys-wasm-part\r\n")
            .with_part("b", "text/plain", b"airssys-wasm-partx");
        let (content_type, bytes) = form.encode();
        assert_eq!(
            content_type,
            "multipart/form-data; boundary=airssys-wasm-partxx"
        );
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        assert_eq!(text.matches("--airssys-wasm-partxx").count(), 3);
    }
}
