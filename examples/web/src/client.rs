//! Clients that send requests over persistent connections until stopped.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

pub(crate) struct Client(SendRequest<Empty<Bytes>>);

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Requests a path and returns the body of the answer, or an error if the status is not a
    /// success.
    pub(crate) async fn get(&mut self, path: &str) -> Result<String> {
        let request = Request::get(path)
            .header("host", "localhost")
            .body(Empty::new())?;
        self.0.ready().await?;
        let answer = self.0.send_request(request).await?;
        if !answer.status().is_success() {
            return Err(format!("{path} was answered with {}", answer.status()).into());
        }
        let text = answer.into_body().collect().await?.to_bytes();
        Ok(String::from_utf8(text.to_vec())?)
    }
}

pub(crate) struct Clients {
    is_over: Arc<AtomicBool>,
    all: Vec<JoinHandle<Result<()>>>,
}

impl Clients {
    pub(crate) fn start(address: SocketAddr, path: &'static str, count: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let ask = |_| {
            let is_over = Arc::clone(&is_over);
            tokio::spawn(async move {
                let mut client = Client::connect(address).await?;
                while !is_over.load(Ordering::Relaxed) {
                    client.get(path).await?;
                }
                Ok(())
            })
        };
        let all = (0..count).map(ask).collect();
        Self { is_over, all }
    }

    /// Stops the clients and returns their number, or an error if a request failed.
    pub(crate) async fn stop(self) -> Result<usize> {
        self.is_over.store(true, Ordering::Relaxed);
        let count = self.all.len();
        for client in self.all {
            client.await??;
        }
        Ok(count)
    }
}
