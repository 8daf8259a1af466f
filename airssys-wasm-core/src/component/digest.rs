//! The digest of a component's bytes.
//!
//! Tests: in this file.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// The SHA-256 digest of bytes; displays as `sha256:` and 64 hex digits.
///
/// ```
/// use airssys_wasm_core::Digest;
///
/// let digest = Digest::compute(b"");
/// assert!(digest.to_string().starts_with("sha256:e3b0c442"));
/// assert_eq!(digest.to_string().parse(), Ok(digest));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Computes the digest of `bytes`.
    #[must_use]
    pub fn compute(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Returns the 64 hex digits alone, suitable for a file name.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error for a text that is not a digest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not a digest; write `sha256:` and 64 hex digits in lower case")]
pub struct DigestError {
    text: String,
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        text.strip_prefix("sha256:")
            .filter(|digits| !digits.contains(|c: char| c.is_ascii_uppercase()))
            .and_then(|digits| hex::decode_to_slice(digits, &mut bytes).ok())
            .map(|()| Self(bytes))
            .ok_or_else(|| DigestError {
                text: text
                    .chars()
                    .take(100)
                    .collect::<String>()
                    .escape_debug()
                    .to_string(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn parses_its_own_text_and_nothing_else() {
        let text = Digest::compute(b"a").to_string();
        assert_eq!(text.parse(), Ok(Digest::compute(b"a")));
        for wrong in [
            "",
            "sha256:",
            &text[7..],
            &text[..70],
            &text.to_uppercase(),
            "sha512:00",
            "sha256:\u{e9}",
        ] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_bit_makes_another_digest() {
        assert_eq!(Digest::compute(b"a"), Digest::compute(b"a"));
        assert_ne!(Digest::compute(b"a"), Digest::compute(b"b"));
    }
}
