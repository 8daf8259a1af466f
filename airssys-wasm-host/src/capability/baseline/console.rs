//! The console of a program: its arguments, its stdin, and the destination of its output.
//!
//! Set by an embedder, never by a grant. Bounds how much of stdin is read ahead; making output safe
//! to display is left to the embedder.
//! Tests: `tests/suite/ends/console.rs`, `airssys-wasm-cli/tests/cli/run.rs`.

use std::sync::{Arc, OnceLock};
use std::{fmt, io};

use parking_lot::Mutex;
use tokio::io::AsyncRead;
use wasmtime_wasi::cli::{AsyncStdinStream, IsTerminal, StdinStream};
use wasmtime_wasi::p2::InputStream;

use crate::observe::GuestStream;

type ConsoleWriter = dyn Fn(GuestStream, &[u8]) -> io::Result<()> + Send + Sync;

/// The arguments, stdin and output of a program, for [`Deploy::console`](crate::Deploy::console).
///
/// Without a console, a component has no arguments and an empty stdin, and its output goes to the
/// guest log. Each part is set independently; parts that are not set keep these defaults.
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
    output: Option<Arc<ConsoleWriter>>,
}

impl Console {
    /// Creates a console with nothing set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the program's arguments. By convention, the first is the name of the program itself.
    #[must_use]
    pub fn arguments<T: Into<String>>(self, arguments: impl IntoIterator<Item = T>) -> Self {
        Self {
            arguments: arguments.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// Sets the program's stdin. Reading begins when an instance first requests its stdin, and runs
    /// at most one chunk ahead. All instances of the deployment share the stream.
    #[must_use]
    pub fn stdin(self, stdin: impl AsyncRead + Send + Sync + 'static) -> Self {
        Self {
            stdin: Some(Stdin::new(stdin)),
            ..self
        }
    }

    /// Calls `write` with everything that the program writes to stdout and stderr, byte for byte,
    /// instead of printing it to the guest log. The program waits for `write`, and an error closes
    /// its stream.
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

    /// Writes to the console's output. Returns `None` if the output goes to the guest log.
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

/// A stdin that is not read until a guest requests it.
#[derive(Clone)]
struct Stdin(Arc<StdinReader>);

struct StdinReader {
    unread: Mutex<Option<Box<dyn AsyncRead + Send + Sync + Unpin>>>,
    stream: OnceLock<AsyncStdinStream>,
}

impl Stdin {
    fn new(stdin: impl AsyncRead + Send + Sync + 'static) -> Self {
        let unread: Box<dyn AsyncRead + Send + Sync + Unpin> = Box::new(Box::pin(stdin));
        Self(Arc::new(StdinReader {
            unread: Mutex::new(Some(unread)),
            stream: OnceLock::new(),
        }))
    }

    fn stream(&self) -> &AsyncStdinStream {
        let StdinReader { unread, stream } = &*self.0;
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
