//! TLS certificates, which can be reloaded.
//!
//! Tests: `tests/suite/http/server.rs`, `tests/suite/http/slow_clients.rs`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::{Error, ErrorKind, Result};

/// A certificate with its key, from PEM files that can be reloaded.
///
/// Cloning is cheap, and every clone uses what was loaded last.
#[derive(Clone)]
pub struct Tls(Arc<TlsFiles>);

struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
    config: ArcSwap<ServerConfig>,
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its key. Blocks while the files are
    /// read.
    ///
    /// # Errors
    ///
    /// [`Io`](ErrorKind::Io) if a file cannot be read, is not PEM, or the key does not belong to
    /// the certificate.
    pub fn from_files(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self> {
        let (certificate, key) = (certificate.into(), key.into());
        let config = ArcSwap::new(read_config(&certificate, &key)?);
        Ok(Self(Arc::new(TlsFiles {
            certificate,
            key,
            config,
        })))
    }

    /// Reads the files again, for new connections. Blocks while they are read.
    ///
    /// # Errors
    ///
    /// Those of [`Tls::from_files`]; the previous certificate then stays in use.
    pub fn reload(&self) -> Result<()> {
        self.0
            .config
            .store(read_config(&self.0.certificate, &self.0.key)?);
        Ok(())
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.0.config.load_full())
            .accept(stream)
            .await
    }
}

fn read_config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>> {
    let unusable = |path: &Path, error: &dyn fmt::Display| {
        Error::new(
            ErrorKind::Io,
            format!("`{}` cannot be used for TLS: {error}", path.display()),
        )
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(|all| all.collect::<std::result::Result<Vec<_>, _>>())
        .map_err(|error| unusable(certificate, &error))?;
    if chain.is_empty() {
        return Err(unusable(certificate, &"it contains no certificate"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        pem::Error::NoItemsFound => unusable(key, &"it contains no private key"),
        error => unusable(key, &error),
    })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(certificate, &error))?
        .with_no_client_auth();
    let mut config = config.with_single_cert(chain, secret).map_err(|error| {
        unusable(
            certificate,
            &format!("with the key in `{}`: {error}", key.display()),
        )
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("certificate", &self.0.certificate)
            .finish_non_exhaustive()
    }
}
