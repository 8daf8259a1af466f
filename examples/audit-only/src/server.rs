//! A web server on loopback with a short path and an endless one.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A server that runs until the program ends.
pub(crate) struct Server {
    pub(crate) authority: String,
    streaming: Arc<Notify>,
}

impl Server {
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let authority = listener.local_addr()?.to_string();
        let streaming = Arc::new(Notify::new());
        let notify = Arc::clone(&streaming);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&notify)));
            }
        });
        Ok(Self {
            authority,
            streaming,
        })
    }

    /// Waits until a client receives the endless body.
    pub(crate) async fn wait_until_streaming(&self) {
        self.streaming.notified().await;
    }
}

async fn answer(mut stream: TcpStream, streaming: Arc<Notify>) -> io::Result<()> {
    let mut request = [0; 2048];
    let length = stream.read(&mut request).await?;
    if !request[..length].starts_with(b"GET /endless") {
        return stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nHello, Ada!")
            .await;
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        .await?;
    loop {
        stream.write_all(b"5\r\ntick\n\r\n").await?;
        streaming.notify_waiters();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
