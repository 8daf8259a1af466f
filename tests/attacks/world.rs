//! The environment of attempts: a new directory for each, servers that count connections, names
//! that resolve as a row requires, and a record of every decision.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use airssys_wasm_host::{AuditLog, AuditRecord, Host, Resolver, SecretStore};
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// The environment that all attempts share.
pub(crate) struct World {
    pub(crate) host: Host,
    pub(crate) audit: Arc<AuditRecords>,
    pub(crate) reached: Arc<AtomicUsize>,
    pub(crate) lookups: Arc<AtomicUsize>,
    ports: HashMap<&'static str, u16>,
}

/// All decisions since the records were last taken.
#[derive(Default)]
pub(crate) struct AuditRecords(Mutex<Vec<AuditRecord>>);

impl AuditRecords {
    pub(crate) fn take(&self) -> Vec<AuditRecord> {
        std::mem::take(&mut self.0.lock())
    }
}

impl AuditLog for ForwardingAuditLog {
    fn record(&self, record: &AuditRecord) {
        self.0.0.lock().push(record.clone());
    }
}

struct ForwardingAuditLog(Arc<AuditRecords>);

struct TestResolver(Arc<AtomicUsize>);

impl Resolver for TestResolver {
    fn resolve(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let times = self.0.fetch_add(1, Ordering::SeqCst);
        let addresses: &[&str] = match name {
            "good.test" | "sub.good.test" | "localhost" => &["127.0.0.1"],
            // Harmless on the first lookup, different afterwards.
            "rebind.test" if times == 0 => &["127.0.0.1"],
            "rebind.test" => &["127.0.0.2"],
            "mixed.test" => &["127.0.0.1", "10.0.0.1"],
            "private.test" => &["10.0.0.1"],
            "metadata.test" => &["169.254.169.254"],
            "mapped.test" => &["::ffff:127.0.0.1"],
            "nat64.test" => &["64:ff9b::7f00:1"],
            "many.test" => &["127.0.0.1", "127.0.0.3"],
            _ => &[],
        };
        let addresses = addresses
            .iter()
            .filter_map(|address| address.parse().ok())
            .collect();
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

struct TestSecrets;

impl SecretStore for TestSecrets {
    fn secret(
        &self,
        name: &str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Option<String>>> + Send>> {
        let secret = (name == "db-password").then(|| "hunter2".to_owned());
        Box::pin(std::future::ready(Ok(secret)))
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let (audit, lookups) = (
            Arc::new(AuditRecords::default()),
            Arc::<AtomicUsize>::default(),
        );
        let host = Host::builder()
            .audit_log(ForwardingAuditLog(Arc::clone(&audit)))
            .resolver(TestResolver(Arc::clone(&lookups)))
            .secrets(TestSecrets)
            .pooled_instances_max(20)
            .build()
            .expect("a host");
        let reached = Arc::<AtomicUsize>::default();
        let http = listen("127.0.0.1:0").await;
        let port = http.local_addr().expect("an address").port();
        // The same port on another loopback address, where rebinding would lead.
        let elsewhere = listen(&format!("127.0.0.2:{port}")).await;
        let tcp = listen("127.0.0.1:0").await;
        let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let ports = HashMap::from([
            ("{http}", port),
            ("{tcp}", tcp.local_addr().expect("an address").port()),
            ("{udp}", udp.local_addr().expect("an address").port()),
            ("{free}", free_port().await),
        ]);
        for listener in [http, elsewhere] {
            tokio::spawn(serve(listener, Arc::clone(&reached), port, answer_http));
        }
        tokio::spawn(serve(tcp, Arc::clone(&reached), port, echo));
        tokio::spawn(count_datagrams(udp, Arc::clone(&reached)));
        Self {
            host,
            audit,
            reached,
            lookups,
            ports,
        }
    }

    /// Replaces the placeholders in a row's text.
    pub(crate) fn expand(&self, text: &str, directory: &Path) -> String {
        let text = text.replace("{dir}", &directory.display().to_string());
        let text = text
            .replace("{nul}", "\0")
            .replace("{crlf}", "\r\n")
            .replace("{long}", &"x".repeat(70_000));
        self.ports.iter().fold(text, |text, (name, port)| {
            text.replace(name, &port.to_string())
        })
    }
}

async fn listen(address: &str) -> TcpListener {
    TcpListener::bind(address).await.expect("a listener")
}

async fn free_port() -> u16 {
    listen("127.0.0.1:0")
        .await
        .local_addr()
        .expect("an address")
        .port()
}

type AnswerFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

async fn serve(
    listener: TcpListener,
    reached: Arc<AtomicUsize>,
    port: u16,
    answer: fn(TcpStream, u16) -> AnswerFuture,
) {
    while let Ok((stream, _)) = listener.accept().await {
        reached.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(answer(stream, port));
    }
}

fn answer_http(mut stream: TcpStream, port: u16) -> AnswerFuture {
    Box::pin(async move {
        let mut request = Vec::new();
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut part = [0; 1024];
            let read = stream.read(&mut part).await?;
            if read == 0 {
                return Ok(());
            }
            request.extend_from_slice(&part[..read]);
        }
        let request = String::from_utf8_lossy(&request).into_owned();
        let path = request.split(' ').nth(1).unwrap_or_default();
        let host = request
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .unwrap_or_default();
        if path == "/redirect" {
            let to = format!(
                "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.2:{port}/\r\ncontent-length: 0\r\n\r\n"
            );
            return stream.write_all(to.as_bytes()).await;
        }
        let text = format!("{path} at {host}");
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        stream.write_all(head.as_bytes()).await
    })
}

fn echo(mut stream: TcpStream, _: u16) -> AnswerFuture {
    Box::pin(async move {
        let mut part = [0; 64];
        loop {
            match stream.read(&mut part).await? {
                0 => return Ok(()),
                read => stream.write_all(&part[..read]).await?,
            }
        }
    })
}

async fn count_datagrams(socket: UdpSocket, reached: Arc<AtomicUsize>) {
    while socket.recv_from(&mut [0; 64]).await.is_ok() {
        reached.fetch_add(1, Ordering::SeqCst);
    }
}

/// Creates the directory of an attempt.
pub(crate) fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    for name in [
        "data/sub",
        "data/private",
        "data2",
        "database",
        "outside",
        "cache",
        "log",
        "out",
        "special/other",
    ] {
        std::fs::create_dir_all(at(name)).expect("a directory");
    }
    for (name, text) in [
        ("data/a.txt", "a"),
        ("data/b.csv", "b"),
        ("data/race.txt", "harmless"),
        ("data/sub/c.txt", "c"),
        ("data/sub/d.csv", "d"),
        ("data/private/secret.txt", "inner secret"),
        ("data2/x.txt", "x"),
        ("database/x.txt", "x"),
        ("outside/secret.txt", "outer secret"),
        ("log/app.log", "first\n"),
        ("cache/full", "0123456789"),
    ] {
        std::fs::write(at(name), text).expect("a file");
    }
    let outside = at("outside");
    for (target, name) in [
        (Path::new("../outside"), "data/link-relative"),
        (&*outside, "data/link-absolute"),
        (Path::new("../outside/secret.txt"), "data/link-file"),
        (Path::new("loop"), "data/loop"),
        (Path::new("chain2"), "data/chain1"),
        (Path::new("link-relative"), "data/chain2"),
        (Path::new("sub"), "data/link-inside"),
        (Path::new("private"), "data/link-private"),
        (Path::new("private/secret.txt"), "data/b-link.csv"),
        (Path::new("fifo"), "special/link"),
    ] {
        symlink(target, at(name)).expect("a link");
    }
    let made = std::process::Command::new("mkfifo")
        .arg(at("special/fifo"))
        .status()
        .expect("mkfifo runs");
    assert!(made.success(), "a FIFO");
    drop(std::os::unix::net::UnixListener::bind(at("special/socket")).expect("a socket"));
    directory
}

/// Returns everything in a directory: names, kinds, contents, times.
pub(crate) fn contents(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect(directory, &mut found);
    found
}

fn collect(directory: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        let metadata = entry.metadata().expect("metadata");
        let what = if metadata.is_dir() {
            collect(&path, found);
            "directory".into()
        } else if metadata.is_symlink() {
            format!("link to {:?}", std::fs::read_link(&path).expect("a link"))
        } else if !metadata.is_file() {
            format!("{:?}", metadata.file_type())
        } else {
            format!(
                "{:?} {:?}",
                std::fs::read(&path).expect("a file"),
                metadata.modified().expect("a time")
            )
        };
        found.insert(path.display().to_string(), what);
    }
}
