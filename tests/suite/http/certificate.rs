//! A self-signed certificate in two files.

use std::path::PathBuf;

use airssys_wasm_host::http::Tls;
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

pub(super) struct Certificate {
    place: TempDir,
    pub(super) root: CertificateDer<'static>,
}

impl Certificate {
    /// Creates a certificate for a host.
    pub(super) fn self_signed(host: &str) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let mut certificate = Self {
            place,
            root: Vec::new().into(),
        };
        certificate.replace(host);
        certificate
    }

    /// Replaces the certificate in the same files.
    pub(super) fn replace(&mut self, host: &str) {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).expect("a certificate");
        std::fs::write(self.file("cert.pem"), made.cert.pem()).expect("written");
        std::fs::write(self.file("key.pem"), made.signing_key.serialize_pem()).expect("written");
        self.root = made.cert.der().clone();
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(super) fn tls(&self) -> Tls {
        Tls::from_files(self.file("cert.pem"), self.file("key.pem")).expect("usable")
    }
}
