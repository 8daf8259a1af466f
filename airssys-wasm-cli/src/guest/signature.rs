//! Keys and signatures in minisign's formats: the signature of `greeter.wasm` is
//! `greeter.wasm.minisig`, and minisign and this command read each other's files.
//!
//! Tests: in this file.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use minisign::{KeyPair, PublicKey, PublicKeyBox, SecretKeyBox, SignatureBox};

use crate::api::{Problem, kinds};

/// A key pair, as the contents of the key files.
pub(crate) struct KeyFiles {
    pub(crate) secret: String,
    pub(crate) public: String,
}

impl KeyFiles {
    /// Generates a key pair. The secret key has no password: its file's permissions protect it.
    pub(crate) fn generate() -> Result<Self, Problem> {
        let pair =
            KeyPair::generate_unencrypted_keypair().map_err(|error| signing_failed(&error))?;
        let secret = pair
            .sk
            .to_box(None)
            .map_err(|error| signing_failed(&error))?
            .into_string();
        let public = pair
            .pk
            .to_box()
            .map_err(|error| signing_failed(&error))?
            .into_string();
        Ok(Self { secret, public })
    }
}

/// Returns the path of a file's signature.
pub(crate) fn signature_path(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".minisig");
    file.with_file_name(name)
}

/// Signs bytes and a trusted comment, `said`. Prompts for the password if the key has one.
pub(crate) fn sign(bytes: &[u8], secret: &str, said: &str) -> Result<String, Problem> {
    let is_none = |error: &dyn std::fmt::Display| {
        Problem::new(
            kinds::USAGE,
            "not a minisign secret key, or the password is wrong",
        )
        .with_cause(error)
    };
    let read = || SecretKeyBox::from_string(secret);
    let key = match read().and_then(SecretKeyBox::into_unencrypted_secret_key) {
        Ok(key) => key,
        Err(_) => read()
            .and_then(|key| key.into_secret_key(None))
            .map_err(|error| is_none(&error))?,
    };
    let signed = minisign::sign(
        None,
        &key,
        Cursor::new(bytes),
        Some(said),
        Some("signature of a component"),
    );
    Ok(signed
        .map_err(|error| signing_failed(&error))?
        .into_string())
}

/// Verifies a signature. Returns its trusted comment.
pub(crate) fn verify(bytes: &[u8], signature: &str, public: &str) -> Result<String, Problem> {
    let key = parse_public_key(public)?;
    let wrong = |error: &dyn std::fmt::Display| {
        Problem::new(
            kinds::NOT_SIGNED,
            "the signature does not match these bytes and this key",
        )
        .with_cause(error)
    };
    let signature = SignatureBox::from_string(signature).map_err(|error| wrong(&error))?;
    minisign::verify(&key, &signature, Cursor::new(bytes), true, false, false)
        .map_err(|error| wrong(&error))?;
    signature.trusted_comment().map_err(|error| wrong(&error))
}

/// Parses a public key: the contents of its file, or only the base64 text of its last line.
fn parse_public_key(text: &str) -> Result<PublicKey, Problem> {
    let read = PublicKeyBox::from_string(text).and_then(PublicKeyBox::into_public_key);
    read.or_else(|_| PublicKey::from_base64(text.trim()))
        .map_err(|error| Problem::new(kinds::USAGE, "not a minisign public key").with_cause(error))
}

fn signing_failed(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(kinds::INTERNAL, "signing failed").with_cause(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_bytes_and_key_verify() {
        let (mine, other) = (
            KeyFiles::generate().expect("keys"),
            KeyFiles::generate().expect("keys"),
        );
        let signature = sign(b"bytes", &mine.secret, "greeter 1.0.0").expect("signed");
        assert_eq!(
            verify(b"bytes", &signature, &mine.public).expect("verified"),
            "greeter 1.0.0"
        );
        let last = mine.public.lines().last().expect("a key");
        verify(b"bytes", &signature, last).expect("a key without its comment");
        let forged = signature.replace("greeter 1.0.0", "greeter 2.0.0");
        for (bytes, signature, key) in [
            (b"bytez", &signature, &mine.public),
            (b"bytes", &signature, &other.public),
            (b"bytes", &forged, &mine.public),
        ] {
            let problem = verify(bytes, signature, key).expect_err("the signature does not match");
            assert_eq!(problem.kind, kinds::NOT_SIGNED);
        }
        assert_eq!(
            verify(b"", "no", "no").expect_err("not a key").kind,
            kinds::USAGE
        );
    }
}
