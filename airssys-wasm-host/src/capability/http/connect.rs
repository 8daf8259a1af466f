//! Connections to addresses that were checked. Resolves no names.
//!
//! Tests: `tests/suite/capabilities/http.rs`.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use airssys_wasm_core::policy::{HttpHost, HttpTarget};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wasmtime_wasi_http::Error;

use super::connection::{AgreedProtocol, ClientConnection};
use crate::budget::BudgetLease;

/// The ALPN protocol name of HTTP/2.
const HTTP2: &[u8] = b"h2";

/// The connector of a host, with the root certificates that it trusts.
pub(crate) struct Connector(TlsConnector);

impl Connector {
    /// Creates a connector that trusts Mozilla's root certificates and `roots`.
    pub(crate) fn with_roots(roots: &[CertificateDer<'static>]) -> Result<Self, rustls::Error> {
        let mut store = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.into(),
        };
        for root in roots {
            store.add(root.clone())?;
        }
        // Set here, because the process-wide default is the embedder's choice.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Connects to the first of the addresses that accepts a connection.
    pub(super) async fn connect(
        &self,
        target: &HttpTarget,
        addresses: &[IpAddr],
        lease: BudgetLease,
    ) -> Result<ClientConnection, Error> {
        let (stream, address) = connect_to_any(addresses, target.port)
            .await
            .map_err(Error::Connect)?;
        stream.set_nodelay(true).map_err(Error::Connect)?;
        if !target.is_tls {
            let protocol = AgreedProtocol::Http1;
            return ClientConnection::open(Box::new(stream), address, protocol, lease).await;
        }
        let stream = self.start_tls(target, stream).await?;
        let protocol = match stream.get_ref().1.alpn_protocol() {
            Some(HTTP2) => AgreedProtocol::Http2,
            _ => AgreedProtocol::Http1,
        };
        ClientConnection::open(Box::new(stream), address, protocol, lease).await
    }

    async fn start_tls(
        &self,
        target: &HttpTarget,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Error> {
        let name = match &target.host {
            HttpHost::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|_| Error::HttpRequestUriInvalid)?
            }
            HttpHost::Address(address) => ServerName::from(*address),
        };
        self.0.connect(name, stream).await.map_err(Error::Tls)
    }
}

async fn connect_to_any(addresses: &[IpAddr], port: u16) -> io::Result<(TcpStream, IpAddr)> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect(SocketAddr::new(*address, port)).await {
            Ok(stream) => return Ok((stream, *address)),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}
