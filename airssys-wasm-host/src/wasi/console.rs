//! What connects a program to whoever runs it: arguments, stdin, and where its output goes.
//!
//! Given by an embedder, never by a grant. Bounds what is read ahead; whether anything of it is
//! safe to show is the embedder's. Tests: the workspace's `tests/suite/ends` and
//! `airssys-wasm-cli/tests/cli/run.rs`.

use std::sync::{Arc, OnceLock};
use std::{fmt, io};

use parking_lot::Mutex;
use tokio::io::AsyncRead;
use wasmtime_wasi::cli::{AsyncStdinStream, IsTerminal, StdinStream};
use wasmtime_wasi::p2::InputStream;

use crate::observe::GuestStream;

type Write = dyn Fn(GuestStream, &[u8]) -> io::Result<()> + Send + Sync;

/// Arguments, stdin and output of a program, for [`Deploy::console`](crate::Deploy::console).
///
/// Without one a component has no arguments, an empty stdin, and its output goes to the guest log.
/// Each part is given by itself; what is not given stays so.
///
/// ```
/// use airssys_wasm_host::{Console, GuestStream};
/// use std::io::Write as _;
///
/// let console = Console::new()
///     .arguments(["count", "--words"])
///     .stdin(&b"one two three"[..])
///     .output(|stream, bytes| match stream {
///         GuestStream::Stdout => std::io::stdout().write_all(bytes),
///         GuestStream::Stderr => std::io::stderr().write_all(bytes),
///     });
/// # drop(console);
/// ```
#[derive(Clone, Default)]
pub struct Console {
    pub(crate) arguments: Vec<String>,
    stdin: Option<Stdin>,
    output: Option<Arc<Write>>,
}

impl Console {
    /// A console that gives nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the program these arguments. By custom the first is the program's own name.
    #[must_use]
    pub fn arguments<T: Into<String>>(self, arguments: impl IntoIterator<Item = T>) -> Self {
        Self {
            arguments: arguments.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// Gives the program this stdin. It is read when an instance asks for its stdin for the first
    /// time, and at most one piece ahead; all instances of the deployment read the same.
    #[must_use]
    pub fn stdin(self, stdin: impl AsyncRead + Send + Sync + 'static) -> Self {
        Self {
            stdin: Some(Stdin::new(stdin)),
            ..self
        }
    }

    /// Has `write` called with what the program writes to stdout and stderr, byte for byte, instead
    /// of the guest log. The program waits for it, and is told when it fails: its stream is closed.
    #[must_use]
    pub fn output(
        self,
        write: impl Fn(GuestStream, &[u8]) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self {
            output: Some(Arc::new(write)),
            ..self
        }
    }

    pub(super) fn stdin_stream(&self) -> Option<impl StdinStream + use<>> {
        self.stdin.clone()
    }

    /// Writes to where the output goes; none if that is the guest log.
    pub(super) fn write(&self, stream: GuestStream, bytes: &[u8]) -> Option<io::Result<()>> {
        self.output.as_ref().map(|write| write(stream, bytes))
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("arguments", &self.arguments)
            .field("stdin", &self.stdin.is_some())
            .field("output", &self.output.is_some())
            .finish()
    }
}

/// A stdin that nobody reads before a guest asks for it.
#[derive(Clone)]
struct Stdin(Arc<Reader>);

struct Reader {
    unread: Mutex<Option<Box<dyn AsyncRead + Send + Sync + Unpin>>>,
    stream: OnceLock<AsyncStdinStream>,
}

impl Stdin {
    fn new(stdin: impl AsyncRead + Send + Sync + 'static) -> Self {
        let unread: Box<dyn AsyncRead + Send + Sync + Unpin> = Box::new(Box::pin(stdin));
        Self(Arc::new(Reader {
            unread: Mutex::new(Some(unread)),
            stream: OnceLock::new(),
        }))
    }

    fn stream(&self) -> &AsyncStdinStream {
        let Reader { unread, stream } = &*self.0;
        stream.get_or_init(|| match unread.lock().take() {
            Some(stdin) => AsyncStdinStream::new(stdin),
            None => AsyncStdinStream::new(&b""[..]),
        })
    }
}

impl IsTerminal for Stdin {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Stdin {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        self.stream().async_stream()
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        self.stream().p2_stream()
    }
}
